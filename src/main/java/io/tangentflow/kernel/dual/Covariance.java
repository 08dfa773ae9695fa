package io.tangentflow.kernel.dual;

/** Admissible covariances: |c| ≤ √(ab), up to the rounding of whoever computed c. */
final class Covariance {

  /** How far, relative to √(ab), a covariance may lie beyond √(ab). */
  static final double TOLERANCE = 1e-10;

  /** Correlations this close to ±1 are ±1: √(ab) itself is not known better. */
  private static final double SNAP = 4 * Math.ulp(1.0);

  private Covariance() {}

  /** c moved into [−√(ab), √(ab)]. */
  static double clamped(Marginal u, Marginal v, double c) {
    double bound = bound(u, v, c);
    return Math.max(-bound, Math.min(bound, c));
  }

  /** ab − c² for a c that is {@link #clamped}: not negative, and 0 at c = ±√(ab). */
  static double determinant(Marginal u, Marginal v, double c) {
    double bound = u.deviation() * v.deviation();
    return (bound - c) * (bound + c);
  }

  /** ρ = c/√(ab), moved into [−1, 1]; 0 where a or b is 0. */
  static double correlation(Marginal u, Marginal v, double c) {
    double bound = bound(u, v, c);
    if (bound == 0) {
      return 0;
    }
    double rho = c / bound;
    return 1 - Math.abs(rho) <= SNAP ? Math.signum(rho) : rho;
  }

  private static double bound(Marginal u, Marginal v, double c) {
    double bound = u.deviation() * v.deviation();
    double slack = TOLERANCE * (bound > 0 ? bound : Math.max(u.variance(), v.variance()));
    if (!(Math.abs(c) <= bound + slack)) {
      throw new IllegalArgumentException(
          "no Gaussian pair has variances "
              + u.variance()
              + ", "
              + v.variance()
              + " and covariance "
              + c);
    }
    return bound;
  }
}
