package io.tangentflow.kernel.dual;

/**
 * A function f with a kink or a jump at 0 that is smoothed by normal noise, φ_s(x) = E[f(x + sZ)],
 * or by its step alone. With A = a + s², B = b + s̄², D = AB − c² and θ = arctan(c/√D),
 * E[φ_s(u)φ_s̄(v)] is the probability of a quadrant or follows from it by Gaussian integration by
 * parts, E[u g(u,v)] = a E[∂g/∂u] + c E[∂g/∂v].
 */
enum Kink {
  /** f = max(x, 0): that of Softplus. */
  RAMP {
    @Override
    double value(double a, double b, double c, double s, double t, double d) {
      double root = Math.sqrt(d);
      return (root + c * (0.5 * Math.PI + Math.atan(c / root))) / (2 * Math.PI);
    }

    @Override
    double derivative(double a, double b, double c, double s, double t, double d) {
      return quadrant(c, Math.sqrt(d));
    }
  },

  /** f = 1 for x &gt; 0, else 0: that of the logistic function. */
  STEP {
    @Override
    double value(double a, double b, double c, double s, double t, double d) {
      return quadrant(c, Math.sqrt(d));
    }

    @Override
    double derivative(double a, double b, double c, double s, double t, double d) {
      return 1 / (2 * Math.PI * Math.sqrt(d));
    }
  },

  /** f = sign x: that of erf (Williams, NIPS 1996) and tanh. */
  SIGN {
    @Override
    double value(double a, double b, double c, double s, double t, double d) {
      return 2 / Math.PI * Math.atan(c / Math.sqrt(d));
    }

    @Override
    double derivative(double a, double b, double c, double s, double t, double d) {
      return 2 / Math.PI / Math.sqrt(d);
    }
  },

  /** φ_s = x P(x + sZ &gt; 0): that of GELU and SiLU. */
  GATE {
    @Override
    double value(double a, double b, double c, double s, double t, double d) {
      double root = Math.sqrt(d);
      double rest = a * b + c * c * (s / (a + s) + t / (b + t) - 1);
      return c * quadrant(c, root) + rest / (2 * Math.PI * root);
    }

    @Override
    double derivative(double a, double b, double c, double s, double t, double d) {
      double root = Math.sqrt(d);
      double rest = c * (s / (a + s) + t / (b + t) + s * t / d);
      return quadrant(c, root) + rest / (2 * Math.PI * root);
    }
  };

  /** E[φ_s(u)φ_s̄(v)] for s² = {@code s}, s̄² = {@code t} and D = {@code d}. */
  abstract double value(double a, double b, double c, double s, double t, double d);

  /** E[φ_s'(u)φ_s̄'(v)]. */
  abstract double derivative(double a, double b, double c, double s, double t, double d);

  /** The probability that two normal variables are positive: 1/4 + θ/2π. */
  private static double quadrant(double c, double root) {
    return 0.25 + Math.atan(c / root) / (2 * Math.PI);
  }
}
