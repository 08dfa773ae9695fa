package io.tangentflow.kernel.limit;

import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;

/**
 * How far the rounding of inner products can move an entry of a limiting NTK Gram.
 *
 * <p>The kernel is K = Σ_k A_k(q, q̄) ρ^k with q = ‖x‖²/d, every A_k positive semi-definite in (q,
 * q̄): each step of its equations multiplies, adds or integrates such series. Hence, by
 * Cauchy–Schwarz over k and because ρ^k moves most at ρ = 1,
 *
 * <pre>
 *   |K(q, q̄, ρ) − K(q, q̄, ρ')| ≤ max_q K(q, q, 1) − K(q, q, 1 − ε)              for |ρ − ρ'| ≤ ε,
 *                             ≤ ε/h max_q (K(q, q, 1) − K(q, q, 1 − h))      for |ρ|, |ρ'| ≤ 1 − h,
 *   |K(q', q̄, ρ) − K(q, q̄, ρ)| ≤ D(q', q) max_q √K(q, q, 1),   D(q', q)² = K(q', q', 1) − 2K(q', q, 1) + K(q, q, 1),
 * </pre>
 *
 * the second line by convexity in |ρ|. For a φ with a kink the first line is of order √ε, so that
 * pairs that nearly coincide cost most. An inner product of d terms is off by d·u‖x‖‖x̄‖ at most.
 *
 * @param correlationError ε
 * @param correlationEffect of ε on an entry
 * @param normError the largest relative error of q, with norms that {@link LimitingKernel#gram}
 *     takes as equal
 * @param normEffect of that on an entry, to first order
 */
public record InputRounding(
    double correlationError, double correlationEffect, double normError, double normEffect) {

  /** {@link LimitingKernel#gram} takes ‖x‖² closer than this, relatively, as equal. */
  private static final double EQUAL_NORMS = 2 * DotProductKernel.EQUAL_NORMS;

  /** The step, relative to q, from which D is scaled down. */
  private static final double RADIAL_STEP = 0x1p-10;

  /** The effect of both on an entry. */
  public double ntkError() {
    return correlationEffect + normEffect;
  }

  /** NTK as a function of q = ‖x‖²/d, q̄ and ρ. */
  @FunctionalInterface
  interface Ntk {
    double at(double q, double otherQ, double rho);
  }

  /** Of the kernel that the tiles are computed from, or of single pairs where they are too. */
  public static InputRounding of(
      LimitingKernel kernel,
      LimitTiles tiles,
      DenseMatrix inputs,
      double greatestCorrelation,
      double entryError,
      ForkJoinPool pool) {
    Ntk ntk =
        tiles
            .kernel()
            .filter(InputRounding::allowsSteps)
            .<Ntk>map(
                series -> (q, otherQ, rho) -> series.at(Math.sqrt(q), Math.sqrt(otherQ), rho).ntk())
            .orElse(ofPairs(kernel));
    return of(ntk, inputs, greatestCorrelation, entryError, pool);
  }

  static Ntk ofPairs(LimitingKernel kernel) {
    return (q, otherQ, rho) -> kernel.pair(q, otherQ, rho * Math.sqrt(q) * Math.sqrt(otherQ)).ntk();
  }

  /** Whether one of q(1 ± τ) is within its range for any q that is. */
  private static boolean allowsSteps(DotProductKernel series) {
    return series.scaling() == DotProductKernel.Scaling.HOMOGENEOUS
        || series.greatest() > series.least() * (1 + 2 * RADIAL_STEP);
  }

  /**
   * Needs four values for each distinct norm.
   *
   * @param ntk at norms of the inputs and between them, or a step beyond where all are equal
   * @param inputs d×N, one sample per column. Not modified.
   * @param greatestCorrelation the largest |ρ| of two samples
   * @param entryError of the kernel's values
   * @param pool the threads that compute
   */
  static InputRounding of(
      Ntk ntk,
      DenseMatrix inputs,
      double greatestCorrelation,
      double entryError,
      ForkJoinPool pool) {
    double u = Precision.FP64.unitRoundoff();
    int d = inputs.rows();
    // d + 1 for the inner product, as much for the norms, the rest for quotients, roots and the
    // 8u within which dual activations take a correlation as ±1.
    double epsilon = (2 * d + 32) * u;
    double[] norms = norms(inputs);
    double[] distinct = distinct(norms);
    double normError = (d + 2) * u + spread(norms);
    double apart = 1 - greatestCorrelation - epsilon;
    double h = Math.max(epsilon, apart);
    double[][] moves =
        pool.submit(
                () ->
                    Arrays.stream(distinct)
                        .parallel()
                        .mapToObj(q -> moves(ntk, q, step(q, distinct), h, entryError))
                        .toArray(double[][]::new))
            .join();
    double angular = Arrays.stream(moves).mapToDouble(move -> move[0]).max().orElse(0);
    double radial = Arrays.stream(moves).mapToDouble(move -> move[1]).max().orElse(0);
    double root = Arrays.stream(moves).mapToDouble(move -> move[2]).max().orElse(0);
    return new InputRounding(
        epsilon, epsilon / h * angular, normError, 2 * normError * radial * root);
  }

  /** Upwards, but from the greatest of several norms downwards, so that no norm is exceeded. */
  private static double step(double q, double[] distinct) {
    double greatest = distinct[distinct.length - 1];
    boolean fits = distinct.length == 1 || q * (1 + RADIAL_STEP) <= greatest;
    return fits ? RADIAL_STEP : -RADIAL_STEP;
  }

  /** K(q, q, 1) − K(q, q, 1 − h); D(q(1 + τ), q)/τ; √K(q, q, 1): upper bounds all. */
  private static double[] moves(Ntk ntk, double q, double step, double h, double entryError) {
    double further = q * (1 + step);
    double here = ntk.at(q, q, 1);
    double turned = ntk.at(q, q, 1 - h);
    double there = ntk.at(further, further, 1);
    double across = ntk.at(further, q, 1);
    return new double[] {
      here - turned + 2 * entryError,
      Math.sqrt(Math.max(0, there - 2 * across + here) + 4 * entryError) / RADIAL_STEP,
      Math.sqrt(here + entryError)
    };
  }

  private static double[] norms(DenseMatrix inputs) {
    int d = inputs.rows();
    double[] norms = new double[inputs.columns()];
    for (int i = 0; i < norms.length; i++) {
      for (int k = 0; k < d; k++) {
        norms[i] += inputs.get(k, i) * inputs.get(k, i) / d;
      }
    }
    Arrays.sort(norms);
    return norms;
  }

  /** The least of each group of equal norms. */
  private static double[] distinct(double[] rising) {
    double[] distinct = new double[rising.length];
    int count = 0;
    for (double norm : rising) {
      if (count == 0 || norm > distinct[count - 1] * (1 + EQUAL_NORMS)) {
        distinct[count++] = norm;
      }
    }
    return Arrays.copyOf(distinct, count);
  }

  /** How far, relatively, the norms of a group differ. */
  private static double spread(double[] rising) {
    double spread = 0;
    double least = rising[0];
    for (double norm : rising) {
      if (norm > least * (1 + EQUAL_NORMS)) {
        least = norm;
      } else if (least > 0) {
        spread = Math.max(spread, norm / least - 1);
      }
    }
    return spread;
  }
}
