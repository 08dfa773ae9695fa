package io.tangentflow.kernel.dual;

import io.tangentflow.model.Activation;

/** Whether an activation is φ(x) = φ(1)x for x ≥ 0 and −φ(−1)x for x ≤ 0, as far as values show. */
final class Homogeneity {

  /** Steps through all doublings at places that are no powers of two. */
  private static final double[] PLACES = {1, 1.1, 1.25, 1.4, 1.6, 1.8};

  /** Of the products that φ may be computed by. */
  private static final double ROUNDING = 4 * Math.ulp(1.0);

  private Homogeneity() {}

  static boolean of(Activation phi) {
    for (int exponent = -40; exponent <= 40; exponent++) {
      for (double place : PLACES) {
        double x = Math.scalb(place, exponent);
        if (!proportional(phi.value(x), phi.value(1), x)
            || !proportional(phi.value(-x), phi.value(-1), x)) {
          return false;
        }
      }
    }
    return phi.value(0) == 0;
  }

  private static boolean proportional(double value, double one, double x) {
    return Math.abs(value - x * one) <= ROUNDING * Math.abs(x * one);
  }
}
