package io.tangentflow.backend.cpu;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;

/**
 * Splits ranges of independent work over the calling thread and one fork-join pool. Passes are as
 * short as it takes to wake a thread, so the caller never waits for one to wake: all claim parts in
 * turn, and who comes late finds none left. For the same reason a thread that has helped looks out
 * for the next job for a while before it sleeps.
 */
final class Parallel implements AutoCloseable {

  /** Work on [from, to). */
  @FunctionalInterface
  interface Range {
    void run(int from, int to);
  }

  /** About as long as it takes to put a thread to sleep and to wake it again. */
  private static final long LOOK_OUT_NANOS = 100_000;

  private final int threads;
  private final ForkJoinPool pool;
  private final AtomicInteger helping = new AtomicInteger();
  private volatile Job offered;

  Parallel(int threads) {
    this.threads = threads;
    this.pool = threads == 1 ? null : new ForkJoinPool(threads - 1);
  }

  int threads() {
    return threads;
  }

  /** Runs the work on parts of [0, size), none smaller than {@code grain} but the last. */
  void run(int size, int grain, Range work) {
    if (pool == null || size <= 2L * grain) {
      work.run(0, size);
      return;
    }
    // A few parts per thread even out interruptions; more would only cost.
    split(size, Math.max(grain, (size - 1) / (4 * threads) + 1), work);
  }

  /**
   * Runs the work for each worker 0 … count − 1, count being at most the threads, so that a worker
   * can own memory. Workers share out what there is to do among themselves: whoever starts late
   * must find that nothing is left.
   */
  void workers(int count, IntConsumer work) {
    Range each =
        (from, to) -> {
          for (int worker = from; worker < to; worker++) {
            work.accept(worker);
          }
        };
    if (pool == null || count <= 1) {
      each.run(0, count);
    } else {
      split(count, 1, each);
    }
  }

  private void split(int size, int part, Range work) {
    Job job = new Job(size, part, work);
    offered = job;
    for (int helper = helping.get() + 1; helper < Math.min(threads, job.parts); helper++) {
      helping.incrementAndGet();
      pool.execute(this::help);
    }
    try {
      job.claim();
      job.await();
    } finally {
      offered = null;
    }
  }

  private void help() {
    boolean needed;
    do {
      lookOut();
      helping.decrementAndGet();
      // Who offered a job since the last look may have counted on this helper.
      Job job = offered;
      needed = job != null && job.hasParts();
      if (needed) {
        helping.incrementAndGet();
      }
    } while (needed);
  }

  private void lookOut() {
    long last = System.nanoTime();
    while (System.nanoTime() - last < LOOK_OUT_NANOS) {
      Job job = offered;
      if (job != null && job.claim()) {
        last = System.nanoTime();
      } else {
        Thread.onSpinWait();
      }
    }
  }

  @Override
  public void close() {
    if (pool != null) {
      pool.shutdown();
    }
  }

  private static final class Job {
    private final int size;
    private final int part;
    private final int parts;
    private final Range work;
    private final AtomicInteger claimed = new AtomicInteger();
    private final AtomicInteger finished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    Job(int size, int part, Range work) {
      this.size = size;
      this.part = part;
      this.parts = (size - 1) / part + 1;
      this.work = work;
    }

    boolean hasParts() {
      return claimed.get() < parts;
    }

    /** Does parts while there are any; whether there was one. */
    boolean claim() {
      boolean any = false;
      while (hasParts()) { // A look is no write, which would slow those who still work.
        int i = claimed.getAndIncrement();
        if (i >= parts) {
          return any;
        }
        try {
          work.run(i * part, (int) Math.min(size, (i + 1L) * part));
        } catch (RuntimeException | Error e) {
          failure.compareAndSet(null, e);
        } finally {
          finished.incrementAndGet();
        }
        any = true;
      }
      return any;
    }

    /**
     * Waits for the parts that others have claimed and not finished, each a part's time at most.
     */
    void await() {
      while (finished.get() < parts) {
        Thread.onSpinWait();
      }
      Throwable thrown = failure.get();
      if (thrown instanceof Error error) {
        throw error;
      }
      if (thrown instanceof RuntimeException exception) {
        throw exception;
      }
    }
  }
}
