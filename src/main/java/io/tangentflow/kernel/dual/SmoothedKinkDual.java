package io.tangentflow.kernel.dual;

/**
 * The dual of a smoothed {@link Kink}, φ = E[φ_s] over a {@link SmoothingLaw} of s²:
 *
 * <pre>
 *   E[φ(u)φ(v)] = Σ_i Σ_j w_i w_j E[φ_(s_i)(u) φ_(s_j)(v)].
 * </pre>
 *
 * A point s² makes it the closed form of erf and GELU; the logistic law makes it a sum of 16 to 196
 * closed forms that has the digits of one, at any variances: that of Softplus, SiLU, tanh and the
 * logistic function.
 */
final class SmoothedKinkDual extends ClosedFormDual {

  private final Kink kink;
  private final SmoothingLaw law;

  SmoothedKinkDual(Kink kink, SmoothingLaw law) {
    this.kink = kink;
    this.law = law;
  }

  @Override
  public Method method(Marginal u) {
    return law.isPoint() ? Method.CLOSED_FORM : Method.MIXTURE;
  }

  @Override
  public double value(Marginal u, Marginal v, double covariance) {
    return sum(u, v, covariance, false);
  }

  @Override
  public double derivative(Marginal u, Marginal v, double covariance) {
    return sum(u, v, covariance, true);
  }

  private double sum(Marginal u, Marginal v, double covariance, boolean derivative) {
    double c = Covariance.clamped(u, v, covariance);
    double a = u.variance();
    double b = v.variance();
    double determinant = Covariance.determinant(u, v, c);
    SmoothingLaw.Rule rule =
        law.rule(
            determinant / Math.max(a, b), // all nodes for 0/0
            Math.min(a, b),
            derivative && kink != Kink.RAMP);
    double sum = 0;
    for (int i = 0; i < rule.nodes().length; i++) {
      double s = rule.nodes()[i];
      double inner = 0;
      for (int j = 0; j < rule.nodes().length; j++) {
        double t = rule.nodes()[j];
        double d = s * t + s * b + t * a + determinant; // AB − c², without cancellation
        inner +=
            rule.weights()[j]
                * (derivative ? kink.derivative(a, b, c, s, t, d) : kink.value(a, b, c, s, t, d));
      }
      sum += rule.weights()[i] * inner;
    }
    return sum;
  }
}
