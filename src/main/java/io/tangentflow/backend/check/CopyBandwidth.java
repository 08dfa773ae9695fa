package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The bandwidth of memory as a copy of one large array to another has it, what is read and what is
 * written both counted. On a host each thread copies its part by {@link System#arraycopy}; a device
 * copies by itself.
 */
public final class CopyBandwidth {

  /** Far beyond the caches of a processor. */
  private static final long GREATEST_BYTES = 256L << 20;

  /** Of the budget, for one of the two arrays. */
  private static final int SHARE = 4;

  private final Backend backend;
  private final int threads;
  private final long budgetBytes;
  private final int floats;

  /**
   * @param threads of a host
   * @param budgetBytes of which half is taken at most
   */
  public CopyBandwidth(Backend backend, int threads, long budgetBytes) {
    this.backend = backend;
    this.threads = threads;
    this.budgetBytes = budgetBytes;
    floats = (int) Math.max(threads, Math.min(GREATEST_BYTES, budgetBytes / SHARE) / Float.BYTES);
  }

  /** Of one of the two arrays. */
  public long bytes() {
    return (long) Float.BYTES * floats;
  }

  /** Measures, in GB/s: the best of several times. */
  public double gigabytesPerSecond() {
    double seconds = backend.sharesHostMemory() ? secondsOfHost() : secondsOfDevice();
    return 2.0 * bytes() / seconds * 1e-9;
  }

  private double secondsOfDevice() {
    try (Workspace workspace = backend.workspace("a copy", budgetBytes);
        Stopwatch watch = new Stopwatch(backend)) {
      int rows = floats * Float.BYTES / backend.precision().bytes();
      Matrix from = workspace.allocate(rows, 1);
      Matrix to = workspace.allocate(rows, 1);
      return watch.secondsOfCall(() -> backend.copy(from, to));
    }
  }

  private double secondsOfHost() {
    float[] from = new float[floats];
    float[] to = new float[floats];
    List<Callable<Void>> parts = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int first = (int) ((long) floats * t / threads);
      int count = (int) ((long) floats * (t + 1) / threads) - first;
      parts.add(
          () -> {
            System.arraycopy(from, first, to, first, count);
            return null;
          });
    }
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try (Stopwatch watch = new Stopwatch(backend)) {
      return watch.secondsOfCall(() -> all(parts, pool));
    } finally {
      pool.shutdown();
    }
  }

  private static void all(List<Callable<Void>> parts, ExecutorService pool) {
    try {
      for (Future<Void> part : pool.invokeAll(parts)) {
        part.get();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
