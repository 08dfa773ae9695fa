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
    return 1 / Math.sqrt(GeluDual.determinant(u, v, c));
  }

  @Override
  public double derivative(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    double d = GeluDual.determinant(u, v, c);
    return c / (d * Math.sqrt(d));
  }
}
