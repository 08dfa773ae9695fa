package io.tangentflow.backend;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What has been acquired and must be given back, last first. Whatever one release throws, the
 * others are run; the first failure is thrown, and carries the others.
 */
public final class Releases implements AutoCloseable {

  private final Deque<Runnable> pending = new ArrayDeque<>();

  /** What is to be run on closing. */
  public void add(Runnable release) {
    pending.push(release);
  }

  @Override
  public void close() {
    Throwable first = null;
    while (!pending.isEmpty()) {
      try {
        pending.pop().run();
      } catch (RuntimeException | Error e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first instanceof Error error) {
      throw error;
    }
    if (first != null) {
      throw (RuntimeException) first;
    }
  }
}
