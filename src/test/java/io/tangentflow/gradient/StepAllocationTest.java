package io.tangentflow.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.Networks;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a step of a solve, and one of its adjoint, leaves to the collector. */
@Tag("allocation")
class StepAllocationTest {

  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Of a solve. */
  private static final int STEPS = 20;

  private static final int SOLVES = 10;

  /** Bytes that the smallest object has: with less for each step, a step makes none. */
  private static final double SMALLEST_OBJECT = 16;

  /**
   * Until the compiler is through, vectors are objects. What a step allocates by what it is written
   * to do, it allocates in each round.
   */
  private static final int ROUNDS = 200;

  /**
   * Small, where one thread computes; even and odd sizes, with parts of a product that end with
   * their matrix and others; more samples than the width, where factors are copied.
   */
  @ParameterizedTest
  @CsvSource({
    "euler, FP32, 32, 5",
    "euler, FP32, 256, 100",
    "rk4, FP32, 256, 100",
    "rk4, FP64, 256, 100",
    "euler, FP32, 203, 201",
    "euler, FP64, 203, 201",
    "euler, FP32, 128, 500",
    "euler, FP32, 2048, 100"
  })
  void stepsThereAndBackAllocateNothing(
      String method, Precision precision, int width, int samples) {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(precision, 2));
        Workspace memory = backend.workspace("a test", 1L << 30)) {
      NeuralOde model = new NeuralOde(3, width, StandardActivation.SOFTPLUS);
      TimeGrid grid = new TimeGrid(Tableau.named(method), STEPS);
      Weights weights = Weights.place(model, new Parameters.Seeded(1), memory);
      Matrix x = weights.upload(Networks.inputs(model, samples), memory);
      Matrix cotangents = memory.upload(Parameters.gaussian(1, samples, 5, 1));
      FixedStepSolver.Solve solve = new FixedStepSolver(grid).prepare(weights, x, memory);
      DiscreteAdjoint.Pullback pullback =
          new DiscreteAdjoint(grid).pullback(weights, solve, memory);
      Runnable there = solve::run;
      Runnable back = () -> pullback.run(cotangents);
      requireNone("a step", there);
      requireNone("a step of the adjoint", back);
    }
  }

  @Test
  void anObjectOfAStepIsSeen() {
    Object[] kept = new Object[1];
    double least =
        leastBytesPerStep(
            () -> {
              for (int step = 0; step < STEPS; step++) {
                kept[0] = new Object();
              }
            });
    assertEquals(SMALLEST_OBJECT, least, 8);
  }

  private static void requireNone(String what, Runnable solve) {
    double least = leastBytesPerStep(solve);
    assertTrue(least < SMALLEST_OBJECT, what + " allocates " + least + " bytes");
  }

  private static double leastBytesPerStep(Runnable solve) {
    solve.run(); // From now on the helpers are there.
    long[] threads = threads();
    double least = Double.POSITIVE_INFINITY;
    for (int round = 0; round < ROUNDS && least >= SMALLEST_OBJECT; round++) {
      long[] before = THREADS.getThreadAllocatedBytes(threads);
      for (int i = 0; i < SOLVES; i++) {
        solve.run();
      }
      long[] after = THREADS.getThreadAllocatedBytes(threads);
      // A thread that has ended, of an earlier test, has -1.
      long bytes = 0;
      for (int i = 0; i < threads.length; i++) {
        bytes += after[i] < 0 ? 0 : after[i] - before[i];
      }
      least = Math.min(least, (double) bytes / (SOLVES * STEPS));
    }
    return least;
  }

  /** This one and the helpers of all backends. */
  private static long[] threads() {
    return Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
        .filter(Objects::nonNull)
        .filter(
            thread ->
                thread.getThreadId() == Thread.currentThread().getId()
                    || thread.getThreadName().equals("tangentflow-helper"))
        .mapToLong(ThreadInfo::getThreadId)
        .toArray();
  }
}
