package io.tangentflow.train;

/**
 * How fast gradient descent θ ← θ − η∇½‖f(X) − y‖² goes while the tangent kernel stays what it is:
 * the error along an eigenvector of K is multiplied by 1 − ηλ in a step. The slowest mode's factor
 * is max(|1 − ηλ_min|, |1 − ηλ_max|) = 1 − min(ηλ_min, 2 − ηλ_max), 0 ≤ λ_min ≤ λ_max.
 *
 * @param learningRate η
 * @param decrease min(ηλ_min, 2 − ηλ_max), of the slowest mode in a step; at or below 0 the loss
 *     does not fall. Kept instead of the factor, which is 1 to many digits.
 */
public record LinearRate(double learningRate, double decrease) {

  /** The rate that η gives for a kernel of those extreme eigenvalues. */
  public static LinearRate of(double learningRate, double least, double greatest) {
    return new LinearRate(
        learningRate, Math.min(learningRate * least, 2 - learningRate * greatest));
  }

  /** The rate of η = 2/(λ_min + λ_max), the least factor of all: (κ − 1)/(κ + 1). */
  public static LinearRate optimal(double least, double greatest) {
    return new LinearRate(2 / (least + greatest), 2 * least / (least + greatest));
  }

  /** By which a step multiplies the error of the slowest mode. */
  public double factor() {
    return 1 - decrease;
  }

  /** Steps in which the error of the slowest mode halves; infinite where it does not fall. */
  public double stepsToHalve() {
    return stepsTo(Math.log(2));
  }

  /** Steps in which the slowest mode's part of the loss falls to a tenth, as the error's square. */
  public double stepsToTenthOfLoss() {
    return stepsTo(0.5 * Math.log(10));
  }

  /** One at least: there is no part of a step. */
  private double stepsTo(double fall) {
    return decrease > 0 ? Math.max(1, fall / -Math.log1p(-decrease)) : Double.POSITIVE_INFINITY;
  }
}
