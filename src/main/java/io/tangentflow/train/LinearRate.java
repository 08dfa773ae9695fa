package io.tangentflow.train;

/**
 * How fast gradient descent θ ← θ − η∇½‖f(X) − y‖² goes while the tangent kernel stays what it is:
 * the error along an eigenvector of K is multiplied by 1 − ηλ in a step.
 *
 * @param learningRate η
 * @param factor max(|1 − ηλ_min|, |1 − ηλ_max|), of the slowest mode; from 1 on the loss does not
 *     fall
 */
public record LinearRate(double learningRate, double factor) {

  /** The rate that η gives for a kernel of those extreme eigenvalues. */
  public static LinearRate of(double learningRate, double least, double greatest) {
    return new LinearRate(
        learningRate,
        Math.max(Math.abs(1 - learningRate * least), Math.abs(1 - learningRate * greatest)));
  }

  /** The rate of η = 2/(λ_min + λ_max), the least factor of all: (κ − 1)/(κ + 1). */
  public static LinearRate optimal(double least, double greatest) {
    return new LinearRate(2 / (least + greatest), (greatest - least) / (greatest + least));
  }

  /** Steps in which the error of the slowest mode halves; infinite where it does not fall. */
  public double stepsToHalve() {
    return stepsTo(Math.log(2));
  }

  /** Steps in which the slowest mode's part of the loss falls to a tenth, as the error's square. */
  public double stepsToTenthOfLoss() {
    return stepsTo(0.5 * Math.log(10));
  }

  private double stepsTo(double fall) {
    return factor < 1 ? fall / -Math.log(factor) : Double.POSITIVE_INFINITY;
  }
}
