package io.tangentflow.kernel.empirical;

import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.TimeGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.numbers.core.Sum;

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
    this(grid, 0, most);
  }

  /** Of the evaluations from {@code first} on alone; q is counted from there. */
  TimePolynomials(TimeGrid grid, int first, int most) {
    int stages = grid.tableau().stages();
    int q = grid.evaluations() - first;
    double[] b = grid.tableau().b();
    boolean positive = Arrays.stream(b).allMatch(weight -> weight > 0);
    weights = new double[q];
    double[] times = new double[q];
    for (int i = 0; i < q; i++) {
      int stage = (first + i) % stages;
      int step = (first + i) / stages;
      weights[i] = (positive ? b[stage] : 1.0 / stages) / grid.depth();
      times[i] = (step + grid.tableau().c()[stage]) / grid.depth();
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

  /**
   * Summed with compensation: the p_k are to be orthonormal to a few roundings, not to Q of them,
   * in each of the many segments of a long grid anew.
   */
  private double product(double[] f, double[] g) {
    Sum sum = Sum.create();
    for (int i = 0; i < weights.length; i++) {
      sum.addProduct(weights[i] * f[i], g[i]);
    }
    return sum.getAsDouble();
  }

  int count() {
    return values.size();
  }

  /** μ_q. */
  double weight(int evaluation) {
    return weights[evaluation];
  }

  /**
   * Σ_q μ_q p'_j(t_q) p_k(t_q) over the evaluations of p', the last of these: M, p = Σ_j M_jk p'_j.
   */
  DenseMatrix onTheLast(TimePolynomials last) {
    int skipped = weights.length - last.weights.length;
    DenseMatrix m = DenseMatrix.zeros(last.count(), count());
    for (int k = 0; k < count(); k++) {
      double[] p = values.get(k);
      for (int j = 0; j < last.count(); j++) {
        m.set(j, k, last.product(last.values.get(j), Arrays.copyOfRange(p, skipped, p.length)));
      }
    }
    return m;
  }

  /**
   * A bound on ‖VᵀV − I‖₂ of the maps as they are used: on the greatest sum of magnitudes in a row
   * of MᵀM + Σ_q p_j μ_q p_k − δ_jk.
   *
   * @param ofOld M; without rows if there are no coefficients before
   * @param values p_k(t_q)
   * @param weighted μ_q p_k(t_q)
   */
  static double defect(DenseMatrix ofOld, DenseMatrix values, DenseMatrix weighted) {
    int count = values.columns();
    double greatest = 0;
    for (int j = 0; j < count; j++) {
      double row = 0;
      for (int k = 0; k < count; k++) {
        Sum sum = Sum.of(j == k ? -1 : 0);
        addProducts(ofOld, j, ofOld, k, sum);
        addProducts(values, j, weighted, k, sum);
        row += Math.abs(sum.getAsDouble());
      }
      greatest = Math.max(greatest, row);
    }
    // μ p_k is rounded once more, and the sums are summed.
    return greatest + 4 * count * Precision.FP64.unitRoundoff();
  }

  private static void addProducts(DenseMatrix a, int j, DenseMatrix b, int k, Sum sum) {
    for (int i = 0; i < a.rows(); i++) {
      sum.addProduct(a.get(i, j), b.get(i, k));
    }
  }

  /** p_k(t_q) of the first {@code evaluations}, of all polynomials. */
  DenseMatrix valuesOfFirst(int evaluations) {
    DenseMatrix p = DenseMatrix.zeros(evaluations, count());
    for (int k = 0; k < count(); k++) {
      System.arraycopy(values.get(k), 0, p.values(), k * evaluations, evaluations);
    }
    return p;
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
    return timesWeights(values(first, count));
  }

  /** μ_q m_qk of the first evaluations. */
  DenseMatrix timesWeights(DenseMatrix m) {
    for (int i = 0; i < m.values().length; i++) {
      m.values()[i] *= weights[i % m.rows()];
    }
    return m;
  }
}
