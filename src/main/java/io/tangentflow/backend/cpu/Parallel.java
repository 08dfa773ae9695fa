package io.tangentflow.backend.cpu;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Splits ranges of independent work over the calling thread and helpers of its own, one job at a
 * time. Passes are as short as it takes to wake a thread, so the caller never waits for one to
 * wake: all claim parts in turn, and who comes late finds none left. For the same reason a thread
 * that has helped looks out for the next job for a while before it sleeps.
 *
 * <p>A job allocates nothing: its state is that of this object, and work is handed over as it is.
 */
final class Parallel implements AutoCloseable {

  /** Work on [from, to). */
  @FunctionalInterface
  interface Range {
    void run(int from, int to);
  }

  /** About as long as it takes to put a thread to sleep and to wake it again. */
  private static final long LOOK_OUT_NANOS = 100_000;

  /** After as long without work a helper's thread ends; the next job begins another. */
  private static final long IDLE_NANOS = 60_000_000_000L;

  private final int threads;
  private final ThreadFactory factory;
  private final Helper[] helpers;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  // The job: written while no part is unclaimed, and published with the number of those that are.
  private Range work;
  private int size;
  private int part;
  private int parts;
  private final AtomicInteger unclaimed = new AtomicInteger();
  private final AtomicInteger unfinished = new AtomicInteger();
  private volatile boolean closed;

  Parallel(int threads) {
    this(threads, helper -> new Thread(helper, "tangentflow-helper"));
  }

  /** With threads made otherwise. */
  Parallel(int threads, ThreadFactory factory) {
    this.threads = threads;
    this.factory = factory;
    helpers = new Helper[threads - 1];
    for (int i = 0; i < helpers.length; i++) {
      helpers[i] = new Helper();
    }
  }

  int threads() {
    return threads;
  }

  /**
   * Runs the work on parts of [0, size), none smaller than {@code grain} but the last. What a part
   * throws, the first one if there are several, is thrown here when no other is being run.
   *
   * @throws IllegalStateException if a job of this object is being run: of another thread, or the
   *     one that calls this
   */
  void run(int size, int grain, Range work) {
    if (threads == 1 || size <= 2L * grain) {
      work.run(0, size);
      return;
    }
    // A few parts per thread even out interruptions; more would only cost.
    split(size, Math.max(grain, (size - 1) / (4 * threads) + 1), work);
  }

  /**
   * Runs the work on each worker 0 … count − 1 by itself or with others, count being at most the
   * threads, so that a worker can own memory. Workers share out what there is to do among
   * themselves: whoever starts late must find that nothing is left. It throws what {@link #run}
   * does.
   */
  void workers(int count, Range work) {
    if (threads == 1 || count <= 1) {
      work.run(0, count);
    } else {
      split(count, 1, work);
    }
  }

  private void split(int newSize, int newPart, Range newWork) {
    if (work != null) {
      throw new IllegalStateException("a backend is used by one thread at a time");
    }
    size = newSize;
    part = newPart;
    parts = (newSize - 1) / newPart + 1;
    work = newWork;
    unfinished.set(parts);
    unclaimed.set(parts);
    try {
      for (int i = 0; i < Math.min(threads, parts) - 1; i++) {
        helpers[i].wake();
      }
    } catch (OutOfMemoryError e) {
      // There is no room for a thread; those that have begun may hold parts, so it is said later.
      failure.compareAndSet(null, e);
    }
    claim();
    // Others have claimed what is not finished: each a part's time at most.
    while (unfinished.get() > 0) {
      Thread.onSpinWait();
    }
    work = null;
    Throwable thrown = failure.get();
    if (thrown != null) {
      failure.set(null);
      rethrow(thrown);
    }
  }

  private static void rethrow(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) thrown;
  }

  /** Does parts while there are any; whether there was one. */
  private boolean claim() {
    boolean any = false;
    int left = unclaimed.get(); // A look is no write, which would slow those who still work.
    while (left > 0) {
      // Whichever job this part is of, it goes on until the part is finished.
      if (unclaimed.compareAndSet(left, left - 1)) {
        int i = parts - left;
        try {
          work.run(i * part, (int) Math.min(size, (i + 1L) * part));
        } catch (RuntimeException | Error e) {
          failure.compareAndSet(null, e);
        } finally {
          unfinished.decrementAndGet();
        }
        any = true;
      }
      left = unclaimed.get();
    }
    return any;
  }

  @Override
  public void close() {
    closed = true;
    for (Helper helper : helpers) {
      helper.end();
    }
  }

  /** A thread while there is work, and for some time after. */
  private final class Helper implements Runnable {

    /** Whether it has to be woken: it is asleep, about to be, or has no thread. */
    private volatile boolean idle = true;

    @GuardedBy("this")
    private Thread thread;

    void wake() {
      if (idle) {
        wakeOrBegin();
      }
    }

    private synchronized void wakeOrBegin() {
      if (thread == null) {
        Thread begun = factory.newThread(this);
        begun.setDaemon(true);
        begun.start();
        thread = begun;
      } else {
        LockSupport.unpark(thread);
      }
    }

    synchronized void end() {
      if (thread != null) {
        LockSupport.unpark(thread);
      }
    }

    @Override
    public void run() {
      do {
        idle = false;
        lookOut();
        idle = true;
      } while (sleep() || !ended());
    }

    private void lookOut() {
      long last = System.nanoTime();
      while (System.nanoTime() - last < LOOK_OUT_NANOS) {
        if (claim()) {
          last = System.nanoTime();
        } else {
          Thread.onSpinWait();
        }
      }
    }

    /**
     * Until there is work; false if this is closed or it has been long. Who publishes a job looks
     * at {@link #idle} after that, and this looks for one after it has set it: one of the two sees
     * the other.
     */
    private boolean sleep() {
      long begin = System.nanoTime();
      long asleep = 0;
      while (unclaimed.get() == 0 && !closed && asleep < IDLE_NANOS) {
        LockSupport.parkNanos(Parallel.this, IDLE_NANOS - asleep);
        asleep = System.nanoTime() - begin;
      }
      return unclaimed.get() > 0;
    }

    /** Gives the thread up, unless there is work. */
    private synchronized boolean ended() {
      if (unclaimed.get() > 0) {
        return false;
      }
      thread = null;
      return true;
    }
  }
}
