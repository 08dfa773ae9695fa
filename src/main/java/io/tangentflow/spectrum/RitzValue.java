package io.tangentflow.spectrum;

/**
 * An approximation of an eigenvalue, the Rayleigh quotient θ = vᵀKv of a unit vector.
 *
 * <p>Some eigenvalue of K is within the bound. Which one, a residual does not tell: the least of
 * the θ is never below λ_min and the greatest never above λ_max, but for the error of a product; as
 * values of λ_min and λ_max they are bounds from one side alone.
 *
 * @param value θ
 * @param residual ‖Kv − θv‖₂, as it was computed
 * @param bound of |λ − θ| for some eigenvalue λ: the residual and what rounding may hide of it
 * @param converged whether the residual is within the tolerance that was asked for
 */
public record RitzValue(double value, double residual, double bound, boolean converged) {

  /**
   * What it says of a symmetric matrix that is as near as the error in the spectral norm (Weyl).
   */
  RitzValue within(double error) {
    return new RitzValue(value, residual, bound + error, converged);
  }
}
