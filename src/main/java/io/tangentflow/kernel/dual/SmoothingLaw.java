package io.tangentflow.kernel.dual;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.apache.commons.math3.linear.EigenDecomposition;

/**
 * The law of the squared scale s² in x ↦ E[f(x + sZ)], Z standard normal: a point, or the one by
 * which sZ is a logistic variable. That is s = 2K with Kolmogorov's law of K, whose density is
 *
 * <pre>
 *   8x Σ_(j≥1) (−1)^(j−1) j² e^(−2j²x²)  =  √(2π)/x² Σ_(j odd) (2e_j − 1) e^(−e_j),   e_j = j²π²/8x²
 * </pre>
 *
 * (Andrews and Mallows, J. Royal Stat. Soc. B 36, 1974; Stefanski, Stat. Prob. Letters 11, 1991).
 * So logistic functions are mixtures of normal ones: 1/(1 + e^(−x)) = E[Φ(x/2K)].
 *
 * <p>Expectations over s² are Gauss rules of this law. Its density falls doubly exponentially in
 * log s on either side; in log s functions √(s² + …) and arctan of such, which duals are made of,
 * are analytic up to imaginary parts of π/2, and 14 nodes give all digits of fp64. Functions that
 * change little over s² need fewer nodes in s² itself.
 */
final class SmoothingLaw {

  /** Nodes of s² with their probabilities. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Rule(double[] nodes, double[] weights) {

    private Rule scaled(double factor) {
      return new Rule(Arrays.stream(nodes).map(s -> factor * s).toArray(), weights);
    }
  }

  /** Conditional variances, over the scale, from which the rules of 6 and of 4 nodes are exact. */
  private static final double SMOOTH = 150;

  private static final double SMOOTHEST = 1000;

  /** Variances, over the scale, from which that of 10 nodes is, but for densities. */
  private static final double LARGE = 100;

  private static final SmoothingLaw LOGISTIC =
      new SmoothingLaw(1, gaussInLogs(14), gaussInLogs(10), gaussInSquares(6), gaussInSquares(4));

  private final double scale;
  private final Rule all;
  private final Rule many;
  private final Rule few;
  private final Rule fewest;

  private SmoothingLaw(double scale, Rule all, Rule many, Rule few, Rule fewest) {
    this.scale = scale;
    this.all = all;
    this.many = many;
    this.few = few;
    this.fewest = fewest;
  }

  /** Always this s². */
  static SmoothingLaw point(double squaredScale) {
    Rule one = new Rule(new double[] {squaredScale}, new double[] {1});
    return new SmoothingLaw(squaredScale, one, one, one, one);
  }

  /** √factor · sZ is a logistic variable of density e^x/(1 + e^x)² for a factor of 1. */
  static SmoothingLaw logistic(double factor) {
    return new SmoothingLaw(
        factor,
        LOGISTIC.all.scaled(factor),
        LOGISTIC.many.scaled(factor),
        LOGISTIC.few.scaled(factor),
        LOGISTIC.fewest.scaled(factor));
  }

  boolean isPoint() {
    return all.nodes.length == 1;
  }

  /**
   * A rule that is exact up to rounding for a dual of two variables.
   *
   * @param conditionalVariance the variance that either has at least when the other one is known,
   *     (ab − c²)/max(a, b)
   * @param leastVariance min(a, b)
   * @param density whether the dual is a probability density, or has one in it
   */
  Rule rule(double conditionalVariance, double leastVariance, boolean density) {
    if (conditionalVariance >= SMOOTHEST * scale) {
      return fewest;
    }
    if (conditionalVariance >= SMOOTH * scale) {
      return few;
    }
    return leastVariance >= LARGE * scale && !density ? many : all;
  }

  private static Rule gaussInLogs(int count) {
    return gauss(Math::log, Math::exp, count);
  }

  private static Rule gaussInSquares(int count) {
    return gauss(s -> s, s -> s, count);
  }

  /**
   * Gauss's rule of the law of 4K² for polynomials of a variable ξ(s²), from the recurrence of
   * their orthonormal polynomials by Stieltjes' procedure (Gautschi, Orthogonal Polynomials, 2004,
   * 2.2) over a trapezoidal rule in log K, itself exact to rounding.
   */
  private static Rule gauss(DoubleUnaryOperator xi, DoubleUnaryOperator square, int count) {
    double step = 1.0 / 32;
    int first = -72;
    double[] x = new double[129];
    double[] w = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double k = Math.exp((first + i) * step);
      x[i] = xi.applyAsDouble(4 * k * k);
      w[i] = step * k * kolmogorovDensity(k);
    }
    double[] alpha = new double[count];
    double[] beta = new double[count]; // β_k = ‖·‖ of the k-th polynomial before it is normalised
    double[] before = new double[x.length];
    double[] now = new double[x.length];
    Arrays.fill(now, 1);
    for (int k = 0; k < count; k++) {
      beta[k] = Math.sqrt(product(w, now, now));
      for (int i = 0; i < x.length; i++) {
        now[i] /= beta[k];
      }
      double[] shifted = now.clone();
      for (int i = 0; i < x.length; i++) {
        shifted[i] *= x[i];
      }
      alpha[k] = product(w, shifted, now);
      for (int i = 0; i < x.length; i++) {
        double next = shifted[i] - alpha[k] * now[i] - (k > 0 ? beta[k] * before[i] : 0);
        before[i] = now[i];
        now[i] = next;
      }
    }
    double[] nodes =
        new EigenDecomposition(alpha, Arrays.copyOfRange(beta, 1, count)).getRealEigenvalues();
    double[] squares = new double[count];
    double[] weights = new double[count];
    double total = 0;
    for (int j = 0; j < count; j++) {
      weights[j] = christoffel(nodes[j], alpha, beta);
      squares[j] = square.applyAsDouble(nodes[j]);
      total += weights[j];
    }
    for (int j = 0; j < count; j++) {
      weights[j] /= total; // a law: 1 but for rounding
    }
    return new Rule(squares, weights);
  }

  /** 1/Σ_k p_k(x)². */
  private static double christoffel(double x, double[] alpha, double[] beta) {
    double before = 0;
    double now = 1 / beta[0];
    double squares = 0;
    for (int k = 0; k < alpha.length; k++) {
      squares += now * now;
      if (k + 1 < alpha.length) {
        double next = ((x - alpha[k]) * now - (k > 0 ? beta[k] * before : 0)) / beta[k + 1];
        before = now;
        now = next;
      }
    }
    return 1 / squares;
  }

  private static double product(double[] w, double[] f, double[] g) {
    double sum = 0;
    for (int i = 0; i < w.length; i++) {
      sum += w[i] * f[i] * g[i];
    }
    return sum;
  }

  /** Each of the two series where it falls fast; eight terms are many. */
  static double kolmogorovDensity(double x) {
    double sum = 0;
    if (x < 1) {
      for (int j = 15; j > 0; j -= 2) {
        double e = j * j * Math.PI * Math.PI / (8 * x * x);
        sum += (2 * e - 1) * Math.exp(-e);
      }
      return Math.sqrt(2 * Math.PI) / (x * x) * sum;
    }
    for (int j = 8; j > 0; j--) {
      sum += (j % 2 == 0 ? -1 : 1) * j * j * Math.exp(-2 * j * j * x * x);
    }
    return 8 * x * sum;
  }
}
