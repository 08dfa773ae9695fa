package io.tangentflow.kernel.dual;

/**
 * The dual of max(x, 0), half the arc-cosine kernels of degree 1 and 0 (Cho and Saul, NIPS 2009):
 * with θ = arccos(c/√(ab)),
 *
 * <pre>
 *   E[φ(u)φ(v)] = √(ab) (sin θ + (π − θ) cos θ) / 2π,     E[φ'(u)φ'(v)] = (π − θ) / 2π.
 * </pre>
 *
 * Near θ = 0 and π the derivative dual varies like √(1 ∓ ρ), so a rounding error ε of c moves it by
 * up to √(2ε)/2π ≈ 3e-9.
 */
final class ReluDual extends ClosedFormDual {

  @Override
  public boolean smooth() {
    return false;
  }

  @Override
  public boolean homogeneous() {
    return true;
  }

  @Override
  public double value(Marginal u, Marginal v, double c) {
    double rho = Covariance.correlation(u, v, c);
    double sine = sine(rho);
    return u.deviation()
        * v.deviation()
        * (sine + (Math.PI - Math.atan2(sine, rho)) * rho)
        / (2 * Math.PI);
  }

  @Override
  public double derivative(Marginal u, Marginal v, double c) {
    double rho = Covariance.correlation(u, v, c);
    if (u.variance() == 0 || v.variance() == 0) {
      return 0; // φ'(0) is the left derivative.
    }
    return (Math.PI - Math.atan2(sine(rho), rho)) / (2 * Math.PI);
  }

  private static double sine(double rho) {
    return Math.sqrt((1 - rho) * (1 + rho));
  }
}
