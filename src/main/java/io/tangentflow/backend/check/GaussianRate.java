package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;

/** How many standard normal numbers a backend makes in a second. */
public final class GaussianRate {

  private static final int MOST_NUMBERS = 1 << 22;

  private GaussianRate() {}

  /** Measures: the best of several fills of one matrix. */
  public static double perSecond(Backend backend, long budgetBytes) {
    int numbers =
        (int) Math.max(1, Math.min(MOST_NUMBERS, budgetBytes / backend.precision().bytes()));
    try (Workspace workspace = backend.workspace("normal numbers", budgetBytes);
        Stopwatch watch = new Stopwatch(backend)) {
      Matrix matrix = workspace.allocate(numbers, 1);
      return numbers / watch.secondsOfCall(() -> backend.gaussian(matrix, 1, 1));
    }
  }
}
