package io.tangentflow.kernel.dual;

/**
 * The dual of erf x (Williams, NIPS 1996): with D = (1+2a)(1+2b) − 4c²,
 *
 * <pre>
 *   E[φ(u)φ(v)] = (2/π) arctan(2c/√D),     E[φ'(u)φ'(v)] = (4/π)/√D.
 * </pre>
 */
final class ErfDual extends ClosedFormDual {

  @Override
  public double value(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    return 2 / Math.PI * Math.atan2(2 * c, Math.sqrt(determinant(u, v, c)));
  }

  @Override
  public double derivative(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    return 4 / Math.PI / Math.sqrt(determinant(u, v, c));
  }

  private static double determinant(Marginal u, Marginal v, double c) {
    return 1 + 2 * (u.variance() + v.variance()) + 4 * Covariance.determinant(u, v, c);
  }
}
