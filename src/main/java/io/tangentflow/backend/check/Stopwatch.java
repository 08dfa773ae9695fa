package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;

/** Times work on a backend, whose operations may return before they are done. */
public final class Stopwatch implements AutoCloseable {

  /** Of a short operation; the compiler may still be at work during the first. */
  private static final int MEASUREMENTS_WITHOUT_GAIN = 4;

  /** Code that runs seldom is interpreted, and as fast again and again before it is compiled. */
  private static final double SHORTEST_MEASUREMENTS = 0.3;

  private static final double LONGEST_MEASUREMENTS = 2;

  /** A measurement lasts at least so long, far above the resolution of the clock and a launch. */
  private static final double SHORTEST_SECONDS = 0.02;

  /** Work is warm when so many runs after one another are no faster than those before. */
  private static final int RUNS_WITHOUT_GAIN = 2;

  /** Of the best run so far; what is faster by less is not faster. */
  private static final double GAIN = 0.05;

  private static final int MOST_WARM_UPS = 12;

  /** Work that has run so long is as warm as it gets. */
  private static final double LONGEST_WARM_UP = 10;

  private final Backend backend;
  private final Workspace workspace;
  private final Matrix entry;
  private final LongSupplier clock;

  /** It holds one number on the backend. */
  public Stopwatch(Backend backend) {
    this(backend, System::nanoTime);
  }

  /** By a clock of nanoseconds. */
  Stopwatch(Backend backend, LongSupplier clock) {
    this.backend = backend;
    this.clock = clock;
    workspace = backend.workspace("a stopwatch", Double.BYTES);
    entry = workspace.allocate(1, 1);
  }

  /** Seconds of one run, from an idle device to an idle device. */
  public double seconds(Runnable work) {
    return seconds(work, 1);
  }

  /** Runs work until it is warm, then so many times again. */
  public Runs runs(Runnable work, int runs) {
    return runs(work, runs, () -> {}, done -> {});
  }

  /**
   * The same.
   *
   * @param warm is called between the two
   * @param progress hears of the timed runs
   */
  public Runs runs(Runnable work, int runs, Runnable warm, IntConsumer progress) {
    warmUp(work);
    warm.run();
    List<Double> seconds = new ArrayList<>();
    for (int run = 0; run < runs; run++) {
      seconds.add(seconds(work));
      progress.accept(run + 1);
    }
    return new Runs(seconds);
  }

  private void warmUp(Runnable work) {
    double best = Double.POSITIVE_INFINITY;
    double all = 0;
    int withoutGain = 0;
    for (int run = 0;
        run < MOST_WARM_UPS && withoutGain < RUNS_WITHOUT_GAIN && all < LONGEST_WARM_UP;
        run++) {
      double seconds = seconds(work);
      withoutGain = seconds < (1 - GAIN) * best ? 0 : withoutGain + 1;
      best = Math.min(best, seconds);
      all += seconds;
    }
  }

  /** Seconds of one call of a short operation: the best of measurements until none is better. */
  public double secondsOfCall(Runnable operation) {
    operation.run();
    int calls = 1;
    double seconds = seconds(operation, calls);
    while (seconds < SHORTEST_SECONDS) {
      calls *= 4;
      seconds = seconds(operation, calls);
    }
    double least = seconds;
    double all = seconds;
    int withoutGain = 0;
    while (all < SHORTEST_MEASUREMENTS
        || (withoutGain < MEASUREMENTS_WITHOUT_GAIN && all < LONGEST_MEASUREMENTS)) {
      seconds = seconds(operation, calls);
      withoutGain = seconds < (1 - GAIN) * least ? 0 : withoutGain + 1;
      least = Math.min(least, seconds);
      all += seconds;
    }
    return least / calls;
  }

  private double seconds(Runnable operation, int calls) {
    await();
    long start = clock.getAsLong();
    for (int i = 0; i < calls; i++) {
      operation.run();
    }
    await();
    return (clock.getAsLong() - start) * 1e-9;
  }

  /** An answer comes when all that was enqueued before has run. */
  private void await() {
    backend.dot(entry, entry);
  }

  @Override
  public void close() {
    workspace.close();
  }
}
