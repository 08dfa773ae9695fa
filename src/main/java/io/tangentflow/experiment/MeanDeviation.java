package io.tangentflow.experiment;

import io.tangentflow.model.DenseMatrix;
import java.util.List;

/**
 * How far the expectation of a random matrix is from zero, by R ≥ 3 independent samples D_r of it.
 * Their mean is farther than its expectation b = E D, by Monte-Carlo noise:
 *
 * <pre>
 *   E‖mean‖² = ‖b‖² + Var/R,    Var = E‖D − b‖².
 * </pre>
 *
 * With the estimate of Var/R taken off, what is left is the mean of ⟨D_r, D_s⟩ over all pairs r ≠
 * s, an unbiased estimate of ‖b‖² that may be negative. Its standard error is the jackknife's,
 * which in expectation is not too small (Efron and Stein, Ann. Statist. 9, 1981): leaving out one
 * sample after another.
 *
 * @param samples R
 * @param normOfMean ‖mean‖, noise included
 * @param squaredNorm the estimate of ‖b‖²
 * @param standardError of {@code squaredNorm}
 */
public record MeanDeviation(
    int samples, double normOfMean, double squaredNorm, double standardError) {

  /** The fewest samples that leave a pair when one is left out and a spread beside it. */
  static final int LEAST_SAMPLES = 3;

  /** So many of its standard errors a norm is at least, to be told from zero. */
  static final double RESOLVED = 3;

  /**
   * The estimate from samples of one shape.
   *
   * @param deviations D_1 … D_R. Not modified.
   */
  static MeanDeviation of(List<DenseMatrix> deviations) {
    int count = deviations.size();
    if (count < LEAST_SAMPLES) {
      throw new IllegalArgumentException(count + " samples have no standard error");
    }
    DenseMatrix total = sum(deviations);
    double squaredTotal = inner(total, total);
    double squares = deviations.stream().mapToDouble(d -> inner(d, d)).sum();
    double estimate = pairMean(squaredTotal, squares, count);
    double[] without = new double[count];
    double mean = 0;
    for (int r = 0; r < count; r++) {
      DenseMatrix d = deviations.get(r);
      double square = inner(d, d);
      without[r] =
          pairMean(squaredTotal - 2 * inner(total, d) + square, squares - square, count - 1);
      mean += without[r] / count;
    }
    double spread = 0;
    for (double each : without) {
      spread += (each - mean) * (each - mean);
    }
    return new MeanDeviation(
        count, Math.sqrt(squaredTotal) / count, estimate, Math.sqrt(spread * (count - 1) / count));
  }

  /** The mean of ⟨D_r, D_s⟩ over r ≠ s, from ‖ΣD‖² and Σ‖D‖². */
  private static double pairMean(double squaredTotal, double squares, int count) {
    return (squaredTotal - squares) / (count * (count - 1.0));
  }

  /**
   * Whether ‖b‖ is told from zero. With b = 0 this holds by chance in one case of a thousand if the
   * samples vary along one matrix (their mean must be 3.3 standard errors from zero), and in up to
   * 17 of a thousand if they vary along many alike (the estimate must be 3/√2 of its own from
   * zero).
   */
  boolean resolved() {
    return squaredNorm > 0 && norm() > RESOLVED * normError();
  }

  /** The estimate of ‖b‖, of a resolved one. */
  double norm() {
    return Math.sqrt(squaredNorm);
  }

  /** The standard error of {@link #norm}, by the derivative of the root. */
  double normError() {
    return standardError / (2 * norm());
  }

  /**
   * What ‖b‖ is less than, by the triangle inequality and three times the root mean square of the
   * noise of the mean, √(Var/R).
   */
  double bound() {
    double squaredNoise = normOfMean * normOfMean - squaredNorm;
    return normOfMean + 3 * Math.sqrt(Math.max(0, squaredNoise)); // Below 0 by rounding only.
  }

  private static DenseMatrix sum(List<DenseMatrix> all) {
    DenseMatrix sum = DenseMatrix.zeros(all.get(0).rows(), all.get(0).columns());
    for (DenseMatrix each : all) {
      for (int i = 0; i < sum.values().length; i++) {
        sum.values()[i] += each.values()[i];
      }
    }
    return sum;
  }

  private static double inner(DenseMatrix a, DenseMatrix b) {
    double sum = 0;
    for (int i = 0; i < a.values().length; i++) {
      sum += a.values()[i] * b.values()[i];
    }
    return sum;
  }
}
