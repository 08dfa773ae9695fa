package io.tangentflow.ode;

import java.util.Arrays;

/**
 * The times of a solution's nodes, rising.
 *
 * @param times t_0 = 0 … t_L = T
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record NodeTimes(double[] times) {

  /** Nodes of an interpolation. */
  private static final int MOST = 3;

  /** L + 1. */
  int count() {
    return times.length;
  }

  /** T. */
  double end() {
    return times[times.length - 1];
  }

  /** The step that holds t; rounding may carry a time beyond the ends. */
  int step(double t) {
    int found = Arrays.binarySearch(times, t);
    int index = found >= 0 ? found : -found - 2;
    return Math.max(0, Math.min(index, times.length - 2));
  }

  /** The first of the nodes about t. */
  int first(double t) {
    return Math.max(0, Math.min(step(t), times.length - MOST));
  }

  /** The last of them. */
  int last(double t) {
    return Math.min(first(t) + MOST, times.length) - 1;
  }
}
