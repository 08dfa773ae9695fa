package io.tangentflow.kernel.dual;

/** What the closed forms have in common: no table per variable, and errors of rounding alone. */
abstract class ClosedFormDual implements DualActivation {

  /** Rounding errors of a formula of a dozen operations, with a margin. */
  static final double ROUNDING = 16 * Math.ulp(1.0);

  @Override
  public Method method(Marginal u) {
    return Method.CLOSED_FORM;
  }

  @Override
  public boolean smooth() {
    return true;
  }

  @Override
  public boolean homogeneous() {
    return false;
  }

  @Override
  public Marginal marginal(double variance) {
    return Normal.of(variance);
  }

  /** Relative to √(E[φ(u)²] E[φ(v)²]), not to the value, which may be small by cancellation. */
  @Override
  public double valueError(Marginal u, Marginal v) {
    return ROUNDING * Math.sqrt(value(u, u, u.variance())) * Math.sqrt(value(v, v, v.variance()));
  }

  @Override
  public double derivativeError(Marginal u, Marginal v) {
    return ROUNDING
        * Math.sqrt(derivative(u, u, u.variance()))
        * Math.sqrt(derivative(v, v, v.variance()));
  }
}
