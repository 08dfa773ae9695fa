package io.tangentflow.ode;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import java.util.List;

/**
 * F(h, t; W) and the transpose of its Jacobian, for N samples at a time. The derivative with
 * respect to W is a product of columns, ∂⟨μ, F⟩/∂W = c(t) M Φᵀ: the state gives Φ, a pullback gives
 * M.
 */
public interface VectorField {

  /**
   * k ← F(Y, t) at Y = h + Σ w_r K_r, and what a pullback from there takes.
   *
   * @param h n×N
   * @param increments K_r, n×N
   * @param k n×N. Modified.
   * @param pair Φ, n×N. Modified.
   * @param slope n×N, of the field's own meaning, for {@link #pullback}. Modified.
   */
  void evaluate(double t, Matrix h, List<Term> increments, Matrix k, Matrix pair, Matrix slope);

  /**
   * The same without F, where that spares work.
   *
   * @param scratch n×N. Modified.
   */
  default void linearise(
      double t, Matrix h, List<Term> increments, Matrix scratch, Matrix pair, Matrix slope) {
    evaluate(t, h, increments, scratch, pair, slope);
  }

  /**
   * nu ← (∂F/∂h)ᵀ μ.
   *
   * @param slope as evaluated at the same time and state
   * @param mu μ on entry, M on exit, n×C. Modified.
   * @param nu n×C. Modified.
   */
  void pullback(double t, Matrix slope, Matrix mu, Matrix nu);

  /** c(t), the factor of M Φᵀ. */
  double scale(double t);
}
