package io.tangentflow.kernel.dual;

import io.tangentflow.model.Activation;

/**
 * The dual of Softplus, SiLU, tanh or the logistic function: the Hermite series while that is
 * short, and beyond some variance, where it is not, a mixture of closed forms.
 */
final class LogisticDual implements DualActivation {

  private final HermiteDual series;
  private final SmoothedKinkDual mixture;
  private final double greatestOfSeries;

  /**
   * @param steepness λ, if φ is a function of 1/(1 + e^(−λx))
   */
  LogisticDual(Activation phi, Kink kink, double steepness) {
    double squares = steepness * steepness;
    series = new HermiteDual(phi);
    mixture = new SmoothedKinkDual(kink, SmoothingLaw.logistic(1 / squares));
    greatestOfSeries = 16 / squares; // some 500 terms
  }

  private DualActivation of(Marginal u, Marginal v) {
    return of(u.variance(), v.variance());
  }

  private DualActivation of(double a, double b) {
    return Math.max(a, b) <= greatestOfSeries ? series : mixture;
  }

  @Override
  public Method method(Marginal u) {
    return of(u, u).method(u);
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
    return variance <= greatestOfSeries ? series.marginal(variance) : Normal.of(variance);
  }

  @Override
  public double value(Marginal u, Marginal v, double c) {
    return of(u, v).value(u, v, c);
  }

  @Override
  public double derivative(Marginal u, Marginal v, double c) {
    return of(u, v).derivative(u, v, c);
  }

  @Override
  public double valueError(Marginal u, Marginal v) {
    return of(u, v).valueError(u, v);
  }

  @Override
  public double derivativeError(Marginal u, Marginal v) {
    return of(u, v).derivativeError(u, v);
  }

  @Override
  public double value(double a, double b, double c) {
    return of(a, b).value(a, b, c);
  }

  @Override
  public double derivative(double a, double b, double c) {
    return of(a, b).derivative(a, b, c);
  }
}
