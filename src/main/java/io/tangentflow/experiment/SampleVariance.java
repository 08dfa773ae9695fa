package io.tangentflow.experiment;

import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * The variance of a distribution of which there are independent samples.
 *
 * @param mean of the samples
 * @param value s² = Σ(x − x̄)²/(n − 1)
 * @param squaredError the unbiased estimate of Var(s²), which may be negative; NaN where there is
 *     none, of fewer than four samples or of samples that are all equal
 */
public record SampleVariance(double mean, double value, double squaredError) {

  /**
   * That of at least two samples. With κ₄ and κ₂ the cumulants, Var(s²) = κ₄/n + 2κ₂²/(n − 1); in
   * its unbiased estimate (2n k₂² + (n − 1) k₄)/(n(n + 1)) the k-statistics come together as
   *
   * <pre>
   *   s⁴ (Σz⁴ − n + 3/n) / ((n − 2)(n − 3)),     z = (x − x̄)/s.
   * </pre>
   */
  public static SampleVariance of(double... samples) {
    double n = samples.length;
    double mean = Arrays.stream(samples).average().orElseThrow();
    double value = Arrays.stream(samples).map(x -> Math.pow(x - mean, 2)).sum() / (n - 1);
    if (n < 4 || value == 0) {
      return new SampleVariance(mean, value, Double.NaN);
    }
    double deviation = Math.sqrt(value);
    double fourth = Arrays.stream(samples).map(x -> Math.pow((x - mean) / deviation, 4)).sum();
    double relative = (fourth - n + 3 / n) / ((n - 2) * (n - 3));
    return new SampleVariance(mean, value, value * value * relative);
  }

  /** The standard error of s²; empty where the estimate of its square is not positive. */
  public OptionalDouble error() {
    return squaredError > 0 ? OptionalDouble.of(Math.sqrt(squaredError)) : OptionalDouble.empty();
  }
}
