package io.tangentflow.kernel.dual;

/**
 * The dual of eˣ, which is its own derivative:
 *
 * <pre>
 *   E[φ(u)φ(v)] = E[φ'(u)φ'(v)] = e^((a+b)/2 + c).
 * </pre>
 *
 * Infinite beyond (a+b)/2 + c ≈ 709, where fp64 ends.
 */
final class ExponentialDual extends ClosedFormDual {

  /** By (a+b)/2 + c = (√a + √b)²/2 − (√(ab) − c). */
  @Override
  public double value(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    double sum = u.deviation() + v.deviation();
    return Math.exp(0.5 * sum * sum - (u.deviation() * v.deviation() - c));
  }

  @Override
  public double derivative(Marginal u, Marginal v, double c) {
    return value(u, v, c);
  }

  /** A rounding error of the exponent x is one of x·ε of the value, which is at most e^(a+b). */
  @Override
  public double valueError(Marginal u, Marginal v) {
    double exponent = u.variance() + v.variance();
    return ROUNDING * (1 + exponent) * Math.exp(exponent);
  }

  @Override
  public double derivativeError(Marginal u, Marginal v) {
    return valueError(u, v);
  }
}
