package io.tangentflow.kernel.dual;

/**
 * The dual of sin x,
 *
 * <pre>
 *   E[φ(u)φ(v)] = e^(−(a+b)/2) sinh c,     E[φ'(u)φ'(v)] = e^(−(a+b)/2) cosh c.
 * </pre>
 */
final class SineDual extends ClosedFormDual {

  @Override
  public double value(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    double m = 0.5 * (u.variance() + v.variance());
    return Math.abs(c) < 1
        ? Math.exp(-m) * Math.sinh(c)
        : 0.5 * (Math.exp(c - m) - Math.exp(-c - m)); // |c| ≤ m: no overflow
  }

  @Override
  public double derivative(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    double m = 0.5 * (u.variance() + v.variance());
    return 0.5 * (Math.exp(c - m) + Math.exp(-c - m));
  }
}
