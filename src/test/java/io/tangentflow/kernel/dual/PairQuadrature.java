package io.tangentflow.kernel.dual;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.apache.commons.math3.analysis.integration.gauss.GaussIntegrator;
import org.apache.commons.math3.analysis.integration.gauss.GaussIntegratorFactory;

/** E[g(u)g(v)] of a centred Gaussian pair by product rules that know nothing of Hermite series. */
final class PairQuadrature {

  private PairQuadrature() {}

  /**
   * For a g that is analytic in a strip |Im x| &lt; 1.5: the trapezoidal rule on u = √a z, v = √b
   * (ρz + √(1−ρ²)z̄), whose error falls like exp(−2π·1.5/(τh)) with the larger deviation τ, times
   * powers of 2π/h for poles of a higher order: 1e-20 and 1e6 at τh = 1/5. The range holds the
   * integral of e^(2τz) n(z) but for 1e-20.
   */
  static double smooth(DoubleUnaryOperator g, double a, double b, double rho) {
    return smooth(g, a, b, rho, 10 + 2 * Math.sqrt(Math.max(a, b)));
  }

  /** The same over |z| ≤ {@code range} alone. */
  static double smooth(DoubleUnaryOperator g, double a, double b, double rho, double range) {
    double h = 0.2 / Math.max(1, Math.sqrt(Math.max(a, b)));
    int half = (int) Math.ceil(range / h);
    double[] z = new double[2 * half + 1];
    double[] w = new double[z.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = (i - half) * h;
      w[i] = h * Math.exp(-0.5 * z[i] * z[i]) / Math.sqrt(2 * Math.PI);
    }
    double rest = Math.sqrt((1 - rho) * (1 + rho));
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      double inner = 0;
      if (rest == 0) {
        inner = g.applyAsDouble(Math.sqrt(b) * rho * z[i]);
      } else {
        for (int j = 0; j < z.length; j++) {
          inner += w[j] * g.applyAsDouble(Math.sqrt(b) * (rho * z[i] + rest * z[j]));
        }
      }
      sum += w[i] * g.applyAsDouble(Math.sqrt(a) * z[i]) * inner;
    }
    return sum;
  }

  /**
   * For a g that is smooth on either side of 0: Gauss–Legendre panels in polar coordinates, u = √a
   * r cos t, v = √b r cos(t − θ), ρ = cos θ, split at the angles where u or v changes its sign.
   */
  static double kinked(DoubleUnaryOperator g, double a, double b, double rho) {
    double theta = Math.acos(rho);
    double[] angles = {
      -Math.PI / 2, theta - Math.PI / 2, Math.PI / 2, theta + Math.PI / 2, 1.5 * Math.PI
    };
    Arrays.sort(angles);
    GaussIntegrator rule = new GaussIntegratorFactory().legendre(24);
    double sum = 0;
    for (int panel = 0; panel + 1 < angles.length; panel++) {
      double middle = 0.5 * (angles[panel] + angles[panel + 1]);
      double reach = 0.5 * (angles[panel + 1] - angles[panel]);
      for (int i = 0; i < rule.getNumberOfPoints(); i++) {
        double t = middle + reach * rule.getPoint(i);
        double u = Math.sqrt(a) * Math.cos(t);
        double v = Math.sqrt(b) * Math.cos(t - theta);
        for (int ring = 0; ring < 13; ring++) {
          for (int j = 0; j < rule.getNumberOfPoints(); j++) {
            double r = ring + 0.5 * (1 + rule.getPoint(j));
            double density = r * Math.exp(-0.5 * r * r) / (2 * Math.PI);
            sum +=
                (reach * rule.getWeight(i) * 0.5 * rule.getWeight(j) * density)
                    * (g.applyAsDouble(u * r) * g.applyAsDouble(v * r));
          }
        }
      }
    }
    return sum;
  }
}
