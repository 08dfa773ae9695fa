package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.InvalidConfiguration;

/**
 * The numbers of one step of Adam (Kingma and Ba, <i>Adam: A Method for Stochastic
 * Optimization</i>, ICLR 2015, algorithm 1).
 *
 * @param learningRate η, finite
 * @param beta1 β₁, the decay of the first moment, 0 ≤ β₁ &lt; 1
 * @param beta2 β₂, the decay of the second moment, 0 ≤ β₂ &lt; 1
 * @param epsilon ε &gt; 0, beside the root of the corrected second moment
 * @param step k ≥ 1, the number of the step, by which the moments' start at zero is corrected
 */
public record AdamStep(double learningRate, double beta1, double beta2, double epsilon, long step) {

  public AdamStep {
    if (!Double.isFinite(learningRate)) {
      throw new InvalidConfiguration("--learning-rate", "must be finite, not " + learningRate);
    }
    requireCoefficients(beta1, beta2, epsilon);
    if (step < 1) {
      throw new IllegalArgumentException("steps are counted from 1, not " + step);
    }
  }

  /**
   * Makes sure, before a first step, that they are in the ranges that the algorithm is defined for.
   *
   * @throws InvalidConfiguration that names the first that is not
   */
  public static void requireCoefficients(double beta1, double beta2, double epsilon) {
    requireDecay("--beta1", beta1);
    requireDecay("--beta2", beta2);
    if (!(epsilon > 0) || !Double.isFinite(epsilon)) {
      throw new InvalidConfiguration("--epsilon", "must be a positive number, not " + epsilon);
    }
  }

  private static void requireDecay(String field, double beta) {
    if (!(beta >= 0 && beta < 1)) {
      throw new InvalidConfiguration(field, "must be at least 0 and below 1, not " + beta);
    }
  }

  /** η/(1 − β₁ᵏ). */
  public double rate() {
    return learningRate / (1 - Math.pow(beta1, (double) step));
  }

  /** 1/√(1 − β₂ᵏ), by which √v becomes the root of the corrected moment. */
  public double rootScale() {
    return 1 / Math.sqrt(1 - Math.pow(beta2, (double) step));
  }

  /**
   * Refuses matrices that are not alike and contiguous, and an ε or η that their precision does not
   * hold: of an ε of zero an entry whose gradient was always zero would be 0/0.
   *
   * @throws IllegalArgumentException that names both shapes
   * @throws InvalidConfiguration that names ε or η
   */
  public void requireFits(
      Matrix gradient, Matrix firstMoment, Matrix secondMoment, Matrix parameter) {
    for (Matrix other : new Matrix[] {firstMoment, secondMoment, parameter}) {
      Shapes.requireLike(gradient, other);
      Shapes.requireContiguous(other);
    }
    Shapes.requireContiguous(gradient);
    if (gradient.precision().single()) {
      if ((float) epsilon == 0 || Float.isInfinite((float) epsilon)) {
        throw outOfRange("--epsilon", epsilon, gradient);
      }
      if (Float.isInfinite((float) rate())) {
        throw outOfRange("--learning-rate", rate(), gradient);
      }
    }
  }

  private static InvalidConfiguration outOfRange(String field, double value, Matrix matrix) {
    return new InvalidConfiguration(
        field, value + " is beyond the range of " + matrix.precision() + "; use fp64");
  }
}
