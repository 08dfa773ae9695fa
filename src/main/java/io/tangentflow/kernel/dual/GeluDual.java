package io.tangentflow.kernel.dual;

/**
 * The dual of φ(x) = xΦ(x), Φ the normal distribution function. With D = (1+a)(1+b) − c²,
 *
 * <pre>
 *   F = E[Φ(u)Φ(v)] = 1/4 + arctan(c/√D)/2π,        N = E[Φ'(u)Φ'(v)] = 1/(2π√D),
 *   E[φ(u)φ(v)]   = cF + N (ab + c² (1/(1+a) + 1/(1+b) − 1)),
 *   E[φ'(u)φ'(v)] = F + cN (1/(1+a) + 1/(1+b) + 1/D).
 * </pre>
 *
 * F is the probability of a quadrant; the rest follows by Gaussian integration by parts, E[u
 * g(u,v)] = a E[∂g/∂u] + c E[∂g/∂v].
 */
final class GeluDual extends ClosedFormDual {

  @Override
  public double value(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    double a = u.variance();
    double b = v.variance();
    double root = Math.sqrt(determinant(u, v, c));
    double n = 1 / (2 * Math.PI * root);
    return c * quadrant(c, root) + n * (a * b + c * c * (1 / (1 + a) + 1 / (1 + b) - 1));
  }

  @Override
  public double derivative(Marginal u, Marginal v, double covariance) {
    double c = Covariance.clamped(u, v, covariance);
    double a = u.variance();
    double b = v.variance();
    double d = determinant(u, v, c);
    double root = Math.sqrt(d);
    double n = 1 / (2 * Math.PI * root);
    return quadrant(c, root) + c * n * (1 / (1 + a) + 1 / (1 + b) + 1 / d);
  }

  private static double quadrant(double c, double root) {
    return 0.25 + Math.atan2(c, root) / (2 * Math.PI);
  }

  /** (1+a)(1+b) − c², without cancellation of 1 against ab − c² ≥ 0. */
  static double determinant(Marginal u, Marginal v, double c) {
    return 1 + u.variance() + v.variance() + Covariance.determinant(u, v, c);
  }
}
