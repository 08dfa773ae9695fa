package io.tangentflow.train;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import java.util.Locale;

/**
 * What training lowers: a function of the outputs f and targets y, m×N each, a sum over samples.
 */
public enum Loss {

  /** L = ½ Σ_io (f_io − y_io)², with ∂L/∂f = f − y. */
  SQUARED("½ Σ (f − y)²") {
    @Override
    double evaluate(Matrix outputs, Matrix targets, Matrix cotangents, Backend backend) {
      backend.copy(outputs, cotangents);
      backend.addScaled(-1, targets, cotangents);
      return 0.5 * backend.dot(cotangents, cotangents);
    }
  },

  /**
   * L = −Σ_io y_io log p_io with p = softmax(f) over the outputs of a sample, whose targets are a
   * distribution over classes; ∂L/∂f = p − y.
   */
  CROSS_ENTROPY("−Σ y log softmax(f)") {
    @Override
    double evaluate(Matrix outputs, Matrix targets, Matrix cotangents, Backend backend) {
      return backend.softmaxCrossEntropy(outputs, targets, cotangents);
    }
  };

  private final String formula;

  Loss(String formula) {
    this.formula = formula;
  }

  /**
   * L, and its cotangents.
   *
   * @param outputs f, m×N
   * @param targets y, m×N
   * @param cotangents receives ∂L/∂f, m×N. Modified.
   */
  abstract double evaluate(Matrix outputs, Matrix targets, Matrix cotangents, Backend backend);

  /** Of one batch of samples, as it is written. */
  public String formula() {
    return formula;
  }

  /**
   * A bound on the curvature of a sample's loss in f: ∂²L/∂f² ⪯ c. With it, gradient descent on a
   * model that is linear in θ does not diverge while η c λ_max ≤ 2. For the softmax c = ½ (Böhning
   * 1992).
   */
  public double curvature() {
    return this == SQUARED ? 1 : 0.5;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
