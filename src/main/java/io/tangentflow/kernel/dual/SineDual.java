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
  public double value(Marginal u, Marginal v, double c) {
    return dampedSinh(u, v, c);
  }

  @Override
  public double derivative(Marginal u, Marginal v, double c) {
    return dampedCosh(u, v, c);
  }

  /** e^(−(a+b)/2) sinh c. */
  static double dampedSinh(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    return Math.abs(c) < 1
        ? Math.exp(-0.5 * (u.variance() + v.variance())) * Math.sinh(c)
        : 0.5 * (damped(u, v, c) - damped(u, v, -c));
  }

  /** e^(−(a+b)/2) cosh c. */
  static double dampedCosh(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    return 0.5 * (damped(u, v, c) + damped(u, v, -c));
  }

  /** e^(c − (a+b)/2), by c − (a+b)/2 = −(√a − √b)²/2 − (√(ab) − c): no overflow. */
  private static double damped(Marginal u, Marginal v, double c) {
    double difference = u.deviation() - v.deviation();
    return Math.exp(-0.5 * difference * difference - (u.deviation() * v.deviation() - c));
  }
}
