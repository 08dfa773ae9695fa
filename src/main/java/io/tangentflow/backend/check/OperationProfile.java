package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the time of a computation goes: each operation of a backend with its calls and seconds. On
 * a device that works behind the host's back each operation is waited for, so the computation takes
 * longer than without a profile.
 */
public final class OperationProfile {

  /**
   * An operation.
   *
   * @param name of the method of {@link Backend}
   * @param calls of it
   * @param seconds of all of them
   */
  public record Entry(String name, long calls, double seconds) {}

  private final Backend backend;
  private final Runnable wait;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  /**
   * @param backend what computes
   * @param wait returns when the device has done what it was asked to; does nothing on a host
   */
  public OperationProfile(Backend backend, Runnable wait) {
    this.backend = backend;
    this.wait = wait;
  }

  /** The backend, with every call noted here. Close the original, not this one. */
  public Backend profiled() {
    return ObservedBackend.of(backend, this::note);
  }

  private Object note(String operation, Object[] arguments, ObservedBackend.Call call)
      throws Throwable {
    long start = System.nanoTime();
    try {
      Object result = call.make();
      wait.run();
      return result;
    } finally {
      double seconds = (System.nanoTime() - start) * 1e-9;
      entries.merge(
          operation,
          new Entry(operation, 1, seconds),
          (a, b) -> new Entry(a.name, a.calls + b.calls, a.seconds + b.seconds));
    }
  }

  /** Forgets what was noted. */
  public void clear() {
    entries.clear();
  }

  /** The operations, the longest first. */
  public List<Entry> entries() {
    return entries.values().stream()
        .sorted(Comparator.comparingDouble(Entry::seconds).reversed())
        .toList();
  }
}
