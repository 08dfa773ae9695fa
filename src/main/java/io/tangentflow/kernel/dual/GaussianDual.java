package io.tangentflow.kernel.dual;

/**
 * The dual of exp(−x²/2): with D = (1+a)(1+b) − c²,
 *
 * <pre>
 *   E[φ(u)φ(v)] = 1/√D,     E[φ'(u)φ'(v)] = c/D^(3/2).
 * </pre>
 */
final class GaussianDual extends ClosedFormDual {

  @Override
  public double value(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    return 1 / Math.sqrt(determinant(u, v, c));
  }

  @Override
  public double derivative(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    double d = determinant(u, v, c);
    return c / (d * Math.sqrt(d));
  }

  /** (1+a)(1+b) − c², without cancellation of 1 against ab − c² ≥ 0. */
  private static double determinant(Marginal u, Marginal v, double c) {
    return 1 + u.variance() + v.variance() + Covariance.determinant(u, v, c);
  }
}
