package io.tangentflow.benchmarks;

import java.util.function.IntToDoubleFunction;

/** Compares what was computed with what another computation gives. */
public final class Values {

  /** Enough to meet every part of a matrix; comparing all entries of a large one takes longer. */
  private static final int MOST_ENTRIES = 4096;

  private Values() {}

  /**
   * Compares two numbers.
   *
   * @param what names the value
   * @throws WrongValue if they differ by more than the bound, or one is not a number
   */
  public static void require(String what, double expected, double actual, double bound) {
    // Written so that NaN is a failure.
    if (!(Math.abs(actual - expected) <= bound)) {
      throw new WrongValue(what, expected, actual, bound);
    }
  }

  /** Compares entries of an array, thousands of them evenly spread, and the last. */
  public static void require(
      String what, double[] actual, IntToDoubleFunction expected, IntToDoubleFunction bound) {
    int last = actual.length - 1;
    // Odd, so that no power of two hides a lane, a thread or a row from it.
    int stride = actual.length / MOST_ENTRIES | 1;
    for (int i = 0; i < last; i += stride) {
      require(what, i, actual, expected, bound);
    }
    require(what, last, actual, expected, bound);
  }

  private static void require(
      String what,
      int i,
      double[] actual,
      IntToDoubleFunction expected,
      IntToDoubleFunction bound) {
    require(what + ", entry " + i, expected.applyAsDouble(i), actual[i], bound.applyAsDouble(i));
  }

  /** Compares arrays: ‖actual − expected‖ ≤ relative·‖expected‖ + absolute. */
  public static void requireNear(
      String what, double[] expected, double[] actual, double relative, double absolute) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < expected.length; i++) {
      difference = Math.hypot(difference, actual[i] - expected[i]);
      size = Math.hypot(size, expected[i]);
    }
    require("the error of " + what, 0, difference, relative * size + absolute);
  }
}
