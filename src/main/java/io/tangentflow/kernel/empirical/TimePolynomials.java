package io.tangentflow.kernel.empirical;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.TimeGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The polynomials p_0, p_1, … of time that are orthonormal over the evaluations of a solver, Σ_q
 * μ_q p_j(t_q) p_k(t_q) = δ_jk, with μ_q the solver's own quadrature weights where these are
 * positive, else all equal. For Euler's method they are Gram's (discrete Chebyshev) polynomials.
 */
final class TimePolynomials {

  /** What is left of t p_k in a space that has no more dimensions, by rounding. */
  private static final double EXHAUSTED = 1e-10;

  private final double[] weights;
  private final List<double[]> values = new ArrayList<>();

  /** The first ones, at most {@code most}: there are no more than distinct times. */
  TimePolynomials(TimeGrid grid, int most) {
    int stages = grid.tableau().stages();
    int q = grid.evaluations();
    double[] b = grid.tableau().b();
    boolean positive = Arrays.stream(b).allMatch(weight -> weight > 0);
    weights = new double[q];
    double[] times = new double[q];
    for (int i = 0; i < q; i++) {
      weights[i] = (positive ? b[i % stages] : 1.0 / stages) / grid.depth();
      int step = i / stages;
      times[i] = (step + grid.tableau().c()[i % stages]) / grid.depth();
    }
    double[] next = new double[q];
    Arrays.fill(next, 1);
    while (values.size() < most) {
      double before = Math.sqrt(product(next, next));
      for (int pass = 0; pass < 2; pass++) {
        for (double[] known : values) {
          double along = product(next, known);
          for (int i = 0; i < q; i++) {
            next[i] -= along * known[i];
          }
        }
      }
      double norm = Math.sqrt(product(next, next));
      if (norm <= EXHAUSTED * before) {
        return;
      }
      double[] polynomial = new double[q];
      for (int i = 0; i < q; i++) {
        polynomial[i] = next[i] / norm;
        next[i] = times[i] * polynomial[i];
      }
      values.add(polynomial);
    }
  }

  private double product(double[] f, double[] g) {
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += weights[i] * f[i] * g[i];
    }
    return sum;
  }

  int count() {
    return values.size();
  }

  /** μ_q. */
  double weight(int evaluation) {
    return weights[evaluation];
  }

  /** p_k(t_q) of {@code count} of them from {@code first} on, Q×count. */
  DenseMatrix values(int first, int count) {
    DenseMatrix p = DenseMatrix.zeros(weights.length, count);
    for (int k = 0; k < count; k++) {
      System.arraycopy(values.get(first + k), 0, p.values(), k * weights.length, weights.length);
    }
    return p;
  }

  /** μ_q p_k(t_q), likewise. */
  DenseMatrix weighted(int first, int count) {
    DenseMatrix p = values(first, count);
    for (int i = 0; i < p.values().length; i++) {
      p.values()[i] *= weights[i % weights.length];
    }
    return p;
  }
}
