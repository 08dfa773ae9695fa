package io.tangentflow.kernel.dual;

/**
 * The dual of φ(x) = αx for x ≥ 0 and βx for x ≤ 0: ReLU, leaky ReLU, |x|. As φ(x) = (α+β)/2 x +
 * (α−β)/2 |x|, it is made of the arc-cosine kernels (Cho and Saul, NIPS 2009):
 *
 * <pre>
 *   E[φ(u)φ(v)]   = ((α+β)/2)² c + ((α−β)/2)² (2/π) √(ab) (√(1−ρ²) + ρ arcsin ρ),
 *   E[φ'(u)φ'(v)] = ((α+β)/2)²   + ((α−β)/2)² (2/π) arcsin ρ,              ρ = c/√(ab).
 * </pre>
 *
 * Near ρ = ±1 the derivative dual varies like √(1 ∓ ρ), so a rounding error ε of c moves it by up
 * to (α−β)²√(2ε)/2π ≈ 3e-9 (α−β)².
 */
final class PiecewiseLinearDual extends ClosedFormDual {

  private final double right;
  private final double left;
  private final double even;
  private final double odd;

  /**
   * @param right α
   * @param left β, other than α
   */
  PiecewiseLinearDual(double right, double left) {
    if (left == right) {
      throw new IllegalArgumentException("slopes " + left + " on both sides make no kink");
    }
    this.right = right;
    this.left = left;
    even = 0.25 * (right - left) * (right - left);
    odd = 0.25 * (right + left) * (right + left);
  }

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
    double sine = Math.sqrt((1 - rho) * (1 + rho));
    return u.deviation()
        * v.deviation()
        * (odd * rho + even * (2 / Math.PI) * (sine + rho * Math.atan2(rho, sine)));
  }

  @Override
  public double derivative(Marginal u, Marginal v, double c) {
    double rho = Covariance.correlation(u, v, c);
    if (u.variance() == 0 || v.variance() == 0) {
      return meanSlope(u) * meanSlope(v); // a constant and any variable are independent
    }
    double sine = Math.sqrt((1 - rho) * (1 + rho));
    return odd + even * (2 / Math.PI) * Math.atan2(rho, sine);
  }

  /** E[φ'(u)]; φ'(0) is the left derivative. */
  private double meanSlope(Marginal u) {
    return u.variance() == 0 ? left : 0.5 * (left + right);
  }
}
