package io.tangentflow.backend.cpu;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.TwoTimeEquations;
import io.tangentflow.backend.Workspace;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The limiting kernels of a batch of pairs on the CPU: each thread takes whole pairs, one after
 * another. Arithmetic is FP64; the precision of the equations says how far they are iterated.
 *
 * <p>Matrices over pairs of times are column-major, the times of x in a column, so that the series
 * of a dual is summed over contiguous numbers.
 */
final class CpuTwoTimeKernels {

  private final TwoTimeEquations equations;
  private final Workspace memory;
  private final int times;
  private final double[] fromStart;
  private final double[] toEnd;
  private final double[] weights;
  private final double[] deviations;
  private final Dual values;
  private final Dual derivatives;

  /** A change of an iterate, relative to its largest value, that is rounding. */
  private final double equal;

  /** A change that is rounding if it no longer falls. */
  private final double stalled;

  /** How far from ±1 the rounding of deviations may carry a correlation. */
  private final double snap;

  private CpuTwoTimeKernels(TwoTimeEquations equations, Workspace memory) {
    this.equations = equations;
    this.memory = memory;
    times = equations.times();
    fromStart = numbers(equations.fromStart());
    toEnd = numbers(equations.toEnd());
    weights = numbers(equations.weights());
    deviations = numbers(equations.deviations());
    switch (equations.dual()) {
      case HERMITE -> {
        values = new Series(equations.values());
        derivatives = new Series(equations.derivatives());
      }
      case ARC_COSINE -> {
        values = new ArcCosine();
        derivatives = new ArcCosineDerivative();
      }
      default -> throw new IllegalArgumentException("no dual " + equations.dual());
    }
    Precision precision = equations.weights().precision();
    double ulp = 2 * precision.unitRoundoff();
    equal = 2 * ulp;
    stalled = precision == Precision.FP64 ? 1e-12 : 1e-5;
    snap = 4 * ulp;
  }

  /**
   * Solves equations whose shapes fit.
   *
   * @param result 3×pairs, contiguous. Modified.
   */
  static void solve(
      TwoTimeEquations equations, CpuMatrix result, Parallel parallel, Workspace scratch) {
    try (Workspace memory = scratch.scope()) {
      CpuTwoTimeKernels kernels = new CpuTwoTimeKernels(equations, memory);
      Pair[] workers = new Pair[Math.min(parallel.threads(), equations.pairs())];
      for (int i = 0; i < workers.length; i++) {
        workers[i] = kernels.new Pair();
      }
      AtomicInteger next = new AtomicInteger();
      parallel.workers(
          workers.length,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              for (int pair = next.getAndIncrement();
                  pair < equations.pairs();
                  pair = next.getAndIncrement()) {
                workers[i].solve(pair, result);
              }
            }
          });
    }
  }

  private double[] numbers(Matrix matrix) {
    CpuMatrix m = (CpuMatrix) matrix;
    double[] numbers = array(m.rows(), m.columns());
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = m.get(i);
    }
    return numbers;
  }

  private double[] array(int rows, int columns) {
    return ((CpuMatrix) memory.allocate(rows, columns, Precision.FP64)).doubles();
  }

  /** An iteration: next ← its map of iterate. */
  @FunctionalInterface
  private interface Picard {
    void map(double[] iterate, double[] next);
  }

  /** One thread's pair of inputs p, q and its matrices over pairs of times. */
  private final class Pair {

    private final double[] covariance = array(times, times);
    private final double[] e = array(times, times);
    private final double[] slopes = array(times, times);
    private final double[] theta = array(times, times);
    private final double[] next = array(times, times);
    private final double[] product = array(times, times);
    private final double[] half = array(times, times);
    private final double[] correlation = array(times, 1);
    private int p;
    private int q;

    void solve(int pair, CpuMatrix result) {
      p = equations.first()[pair];
      q = equations.second()[pair];
      double c = ((CpuMatrix) equations.starts()).get(pair);
      double kappa = equations.kappa();

      Arrays.fill(covariance, c);
      double change =
          fixedPoint(
              covariance,
              (s, mapped) -> {
                expectations(values, s, e);
                integrals(fromStart, e, c, mapped);
              });
      expectations(values, covariance, e);
      expectations(derivatives, covariance, slopes);
      double atEnd = correlation(times, times, c + kappa * total(e));
      double nngp = equations.sigmaVSquared() * values.of(p, times, q, times, atEnd);
      double thetaAtEnd = equations.sigmaVSquared() * derivatives.of(p, times, q, times, atEnd);

      Arrays.fill(theta, thetaAtEnd);
      double thetaChange =
          fixedPoint(
              theta,
              (t, mapped) -> {
                multiply(slopes, t, product);
                integrals(toEnd, product, thetaAtEnd, mapped);
              });
      multiply(slopes, theta, product);
      double thetaAtStart = thetaAtEnd + kappa * total(product);
      multiply(e, theta, product);
      double ntk = nngp + kappa * total(product) + c * thetaAtStart;

      result.set(3 * pair, nngp);
      result.set(3 * pair + 1, ntk);
      result.set(3 * pair + 2, Math.max(change, thetaChange)); // NaN if either is.
    }

    /** Iterates in place; the last relative change, NaN if the iteration diverged. */
    private double fixedPoint(double[] iterate, Picard iteration) {
      double before = Double.POSITIVE_INFINITY;
      for (int i = 0; i < equations.iterations(); i++) {
        iteration.map(iterate, next);
        double change = 0;
        double scale = Double.MIN_NORMAL;
        for (int t = 0; t < iterate.length; t++) {
          change = Math.max(change, Math.abs(next[t] - iterate[t]));
          scale = Math.max(scale, Math.abs(next[t]));
          iterate[t] = next[t];
        }
        change /= scale;
        if (!Double.isFinite(change)) {
          return Double.NaN;
        }
        if (change <= equal || (change <= stalled && change >= before)) {
          return change;
        }
        before = change;
      }
      return before;
    }

    /** The expectations at covariances s, all pairs of times. */
    private void expectations(Dual dual, double[] s, double[] result) {
      for (int j = 0; j < times; j++) {
        for (int i = 0; i < times; i++) {
          correlation[i] = correlation(i, j, s[i + j * times]);
        }
        dual.column(p, q, j, correlation, result);
      }
    }

    /** An unfinished iterate may lie beyond Cauchy–Schwarz's bound; the solution does not. */
    private double correlation(int i, int j, double covariance) {
      double bound = deviations[p * (times + 1) + i] * deviations[q * (times + 1) + j];
      if (bound == 0) {
        return 0;
      }
      double rho = covariance / bound;
      // Also true of what lies beyond ±1; a NaN stays one, so that divergence is seen.
      return 1 - Math.abs(rho) <= snap ? Math.signum(rho) : rho;
    }

    /** result ← constant + κ A F Aᵀ. */
    private void integrals(double[] a, double[] f, double constant, double[] result) {
      Arrays.fill(half, 0);
      for (int j = 0; j < times; j++) {
        for (int l = 0; l < times; l++) {
          addColumn(f[l + j * times], a, l, half, j);
        }
      }
      Arrays.fill(result, constant);
      for (int j = 0; j < times; j++) {
        for (int l = 0; l < times; l++) {
          addColumn(equations.kappa() * a[j + l * times], half, l, result, j);
        }
      }
    }

    /** Column {@code to} of y ← itself + weight · column {@code from} of x. */
    private void addColumn(double weight, double[] x, int from, double[] y, int to) {
      if (weight == 0) { // Half of A and B at finite depth.
        return;
      }
      for (int i = 0; i < times; i++) {
        y[to * times + i] += weight * x[from * times + i];
      }
    }

    /** wᵀ F w. */
    private double total(double[] f) {
      double total = 0;
      for (int j = 0; j < times; j++) {
        double column = 0;
        for (int i = 0; i < times; i++) {
          column += weights[i] * f[i + j * times];
        }
        total += weights[j] * column;
      }
      return total;
    }

    private void multiply(double[] f, double[] g, double[] result) {
      for (int t = 0; t < result.length; t++) {
        result[t] = f[t] * g[t];
      }
    }
  }

  /** An expectation under a Gaussian pair, input p at one time and q at another. */
  private abstract class Dual {

    /** At time i of input p and time j of input q, of that correlation. */
    abstract double of(int p, int i, int q, int j, double rho);

    /** Column j of the result, for each time of p. */
    void column(int p, int q, int j, double[] rho, double[] result) {
      for (int i = 0; i < times; i++) {
        result[i + j * times] = of(p, i, q, j, rho[i]);
      }
    }
  }

  /** Mehler's series Σ_k α_k β_k ρ^k, by Horner's rule. */
  private final class Series extends Dual {

    private final int terms;

    /** The coefficients of an input, term by term, with its M + 1 times next to each other. */
    private final double[] byTerm;

    Series(Matrix coefficients) {
      CpuMatrix alpha = (CpuMatrix) coefficients;
      terms = alpha.rows();
      byTerm = array(alpha.rows(), alpha.columns());
      for (int k = 0; k < terms; k++) {
        for (int column = 0; column < alpha.columns(); column++) {
          int input = column / (times + 1);
          byTerm[at(input, k) + column % (times + 1)] = alpha.get(k + column * terms);
        }
      }
    }

    private int at(int input, int term) {
      return (input * terms + term) * (times + 1);
    }

    @Override
    double of(int p, int i, int q, int j, double rho) {
      double sum = 0;
      for (int k = terms - 1; k >= 0; k--) {
        sum = sum * rho + byTerm[at(p, k) + i] * byTerm[at(q, k) + j];
      }
      return sum;
    }

    @Override
    void column(int p, int q, int j, double[] rho, double[] result) {
      int to = j * times;
      Arrays.fill(result, to, to + times, 0);
      for (int k = terms - 1; k >= 0; k--) {
        double beta = byTerm[at(q, k) + j];
        int from = at(p, k);
        for (int i = 0; i < times; i++) {
          result[to + i] = result[to + i] * rho[i] + beta * byTerm[from + i];
        }
      }
    }
  }

  /** E[φ(u)φ(v)] = √(ab) (sin θ + (π − θ) cos θ)/2π of ReLU, cos θ = ρ. */
  private final class ArcCosine extends Dual {
    @Override
    double of(int p, int i, int q, int j, double rho) {
      double sine = sine(rho);
      return deviations[p * (times + 1) + i]
          * deviations[q * (times + 1) + j]
          * (sine + (Math.PI - Math.atan2(sine, rho)) * rho)
          / (2 * Math.PI);
    }
  }

  /** E[φ'(u)φ'(v)] = (π − θ)/2π of ReLU, and 0 where u or v is, φ'(0) being 0. */
  private final class ArcCosineDerivative extends Dual {
    @Override
    double of(int p, int i, int q, int j, double rho) {
      if (deviations[p * (times + 1) + i] == 0 || deviations[q * (times + 1) + j] == 0) {
        return 0;
      }
      return (Math.PI - Math.atan2(sine(rho), rho)) / (2 * Math.PI);
    }
  }

  private static double sine(double rho) {
    return Math.sqrt((1 - rho) * (1 + rho));
  }
}
