package io.tangentflow.backend.cpu;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;

/** Splits ranges of independent work over one fork-join pool. */
final class Parallel implements AutoCloseable {

  /** Work on [from, to). */
  @FunctionalInterface
  interface Range {
    void run(int from, int to);
  }

  private final int threads;
  private final ForkJoinPool pool;

  Parallel(int threads) {
    this.threads = threads;
    this.pool = threads == 1 ? null : new ForkJoinPool(threads);
  }

  int threads() {
    return threads;
  }

  /** Runs the work on parts of [0, size), none smaller than {@code grain} but the last. */
  void run(int size, int grain, Range work) {
    if (pool == null || size <= grain) {
      work.run(0, size);
    } else {
      // A few parts per thread even out interruptions; more would only cost.
      int part = Math.max(grain, (size - 1) / (4 * threads) + 1);
      pool.invoke(new Split(0, size, part, work));
    }
  }

  @Override
  public void close() {
    if (pool != null) {
      pool.shutdown();
    }
  }

  private static final class Split extends RecursiveAction {
    private static final long serialVersionUID = 1L;
    private final int from;
    private final int to;
    private final int part;
    private final transient Range work;

    Split(int from, int to, int part, Range work) {
      this.from = from;
      this.to = to;
      this.part = part;
      this.work = work;
    }

    @Override
    protected void compute() {
      int parts = (to - from - 1) / part + 1;
      if (parts <= 1) {
        work.run(from, to);
      } else {
        int middle = from + parts / 2 * part;
        invokeAll(new Split(from, middle, part, work), new Split(middle, to, part, work));
      }
    }
  }
}
