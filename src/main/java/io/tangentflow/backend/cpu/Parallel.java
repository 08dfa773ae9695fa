package io.tangentflow.backend.cpu;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;

/**
 * Splits ranges of independent work over the calling thread and one fork-join pool. Passes are as
 * short as it takes to wake a thread, so the caller never waits for one to wake: all claim parts in
 * turn, and who comes late finds none left.
 */
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
    for (int helper = 1; helper < Math.min(threads, job.parts); helper++) {
      pool.execute(job::claim);
    }
    job.claim();
    job.await();
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

    void claim() {
      for (int i = claimed.getAndIncrement(); i < parts; i = claimed.getAndIncrement()) {
        try {
          work.run(i * part, (int) Math.min(size, (i + 1L) * part));
        } catch (RuntimeException | Error e) {
          failure.compareAndSet(null, e);
        } finally {
          finished.incrementAndGet();
        }
      }
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
