package io.tangentflow.backend.cuda;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What has been acquired from the driver and must be given back, last first. Whatever one release
 * throws, the others are run.
 */
final class Releases implements AutoCloseable {

  private final Deque<Runnable> pending = new ArrayDeque<>();

  void add(Runnable release) {
    pending.push(release);
  }

  @Override
  public void close() {
    RuntimeException first = null;
    while (!pending.isEmpty()) {
      try {
        pending.pop().run();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
