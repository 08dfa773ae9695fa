package io.tangentflow.kernel.dual;

import io.tangentflow.model.Activation;

/**
 * A substitution z = z(s) by which the trapezoidal rule in s, nodes jh apart, integrates over z ≥ 0
 * with an error that falls exponentially in 1/h.
 */
enum HalfLine {
  /** z = s from 0 on, for g(z) + g(−z) of a g that is analytic across 0. */
  THROUGH_ZERO(0) {
    @Override
    double z(double s) {
      return s;
    }

    @Override
    double slope(double s) {
      return 1;
    }
  },

  /**
   * z = log(1 + e^w), w = s − e^(−s): as s falls nodes crowd doubly exponentially at 0 without
   * reaching it, so that g need be smooth on one side of it only; as s grows they are even.
   */
  BESIDE_ZERO(-3.75) {
    @Override
    double z(double s) {
      double w = s - Math.exp(-s);
      return Math.max(w, 0) + Math.log1p(Math.exp(-Math.abs(w)));
    }

    @Override
    double slope(double s) {
      return (1 + Math.exp(-s)) / (1 + Math.exp(Math.exp(-s) - s));
    }
  };

  /** Where s begins: at z = 0, or where z = 8e-21 and what is left out is below rounding. */
  final double start;

  HalfLine(double start) {
    this.start = start;
  }

  /** The one for φ and φ'. */
  static HalfLine of(Activation phi) {
    return phi.smooth() ? THROUGH_ZERO : BESIDE_ZERO;
  }

  /** z(s), rising. */
  abstract double z(double s);

  /** dz/ds, at most about 1. */
  abstract double slope(double s);
}
