package io.tangentflow.kernel.limit;

import org.apache.commons.math3.analysis.integration.gauss.GaussIntegrator;
import org.apache.commons.math3.analysis.integration.gauss.GaussIntegratorFactory;

/**
 * The Gauss–Legendre rule on [0, 1] and its interpolating polynomials ℓ_j, through
 *
 * <pre>
 *   ℓ_j(x) = w_j Σ_(k&lt;m) (2k+1) P_k(2x_j − 1) P_k(2x − 1),
 * </pre>
 *
 * which is exact since the rule integrates ℓ_j P_k exactly.
 */
final class GaussLegendre {

  final double[] nodes;
  final double[] weights;

  /** (2k+1) w_j P_k(2x_j − 1) at [j][k]. */
  private final double[][] expansion;

  GaussLegendre(int m) {
    GaussIntegrator rule = new GaussIntegratorFactory().legendre(m);
    nodes = new double[m];
    weights = new double[m];
    expansion = new double[m][];
    for (int j = 0; j < m; j++) {
      nodes[j] = 0.5 * (1 + rule.getPoint(j));
      weights[j] = 0.5 * rule.getWeight(j);
      expansion[j] = legendre(nodes[j], m);
      for (int k = 0; k < m; k++) {
        expansion[j][k] *= (2 * k + 1) * weights[j];
      }
    }
  }

  int size() {
    return nodes.length;
  }

  /** ℓ_j(x) for each j. */
  double[] cardinal(double x) {
    return times(legendre(x, size()));
  }

  /** ∫_0^x ℓ_j for each j, by ∫_0^x P_k(2s−1) ds = (P_(k+1) − P_(k−1))(2x−1) / (4k+2). */
  double[] integral(double x) {
    double[] p = legendre(x, size() + 1);
    double[] integrals = new double[size()];
    integrals[0] = x;
    for (int k = 1; k < size(); k++) {
      integrals[k] = (p[k + 1] - p[k - 1]) / (4 * k + 2);
    }
    return times(integrals);
  }

  /** {@link #cardinal} at each point. */
  double[][] cardinals(double[] points) {
    double[][] rows = new double[points.length][];
    for (int i = 0; i < points.length; i++) {
      rows[i] = cardinal(points[i]);
    }
    return rows;
  }

  private double[] times(double[] p) {
    double[] values = new double[size()];
    for (int j = 0; j < size(); j++) {
      for (int k = 0; k < size(); k++) {
        values[j] += expansion[j][k] * p[k];
      }
    }
    return values;
  }

  /** P_0 … P_(count−1) at 2x − 1. */
  private static double[] legendre(double x, int count) {
    double y = 2 * x - 1;
    double[] p = new double[count];
    p[0] = 1;
    if (count > 1) {
      p[1] = y;
    }
    for (int k = 1; k + 1 < count; k++) {
      p[k + 1] = ((2 * k + 1) * y * p[k] - k * p[k - 1]) / (k + 1);
    }
    return p;
  }
}
