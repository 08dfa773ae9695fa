package io.tangentflow.kernel.dual;

import java.util.function.DoubleUnaryOperator;

/**
 * The Hermite coefficients α_k of a function g with respect to the standard normal density, with
 * bounds on what they leave out:
 *
 * <pre>
 *   g = Σ_k α_k he_k,   tail(k)² = Σ_(j>k) α_j² = E[g²] − Σ_(j≤k) α_j².
 * </pre>
 */
final class HermiteSeries {

  /** Parseval's defect E[g²] − Σα_k², relative to E[g²], at which a series is complete. */
  private static final double COMPLETE = 2e-15;

  /** Where the line ends, from what does for most g to where n(z) leaves fp64. */
  private static final double[] RANGES = {14, 20, 28, 40, 56};

  /**
   * What is left out beyond the range, relative to E[g²], that moves no α_k by 1e-15 of E[g²]^½.
   */
  private static final double NEGLIGIBLE = 1e-30;

  private final double[] alpha;
  private final double[] alphaError;

  /** √Σ_(j>k) α_j² over the coefficients that are here. */
  private final double[] rest;

  /** E[g²] less the squares of all coefficients here, rounded up. */
  private final double beyond;

  private final double norm;
  private final double meanSquareError;
  private final boolean complete;
  private final boolean known;

  private HermiteSeries(double[] alpha, double[] alphaError, MeanSquare square, boolean known) {
    double meanSquare = square.value();
    meanSquareError = square.error();
    this.known = known;
    this.alpha = alpha;
    this.alphaError = alphaError;
    rest = new double[alpha.length];
    double squares = 0;
    for (int k = alpha.length - 1; k >= 0; k--) {
      rest[k] = Math.sqrt(squares);
      squares += alpha[k] * alpha[k];
    }
    double defect = Math.max(0, meanSquare - squares);
    // A difference, not known better than its terms.
    beyond = defect + meanSquareError;
    norm = Math.sqrt(meanSquare);
    complete = defect <= COMPLETE * meanSquare;
  }

  /**
   * The first terms of the series of z ↦ g(τz).
   *
   * @param line {@link HalfLine#BESIDE_ZERO} where g has a kink or a jump at 0
   */
  static HermiteSeries of(DoubleUnaryOperator g, double tau, int terms, HalfLine line) {
    HermiteSeries series = null;
    for (double range : RANGES) {
      series = of(g, tau, terms, line, range);
      if (series.known) {
        break;
      }
    }
    return series;
  }

  private static HermiteSeries of(
      DoubleUnaryOperator g, double tau, int terms, HalfLine line, double range) {
    HermiteBasis basis = HermiteBasis.of(terms, range, line);
    int n = basis.nodes.length;
    double[] even = new double[n];
    double[] odd = new double[n];
    double[] square = new double[n];
    for (int j = 0; j < n; j++) {
      double plus = g.applyAsDouble(tau * basis.nodes[j]);
      double minus = g.applyAsDouble(-tau * basis.nodes[j]);
      even[j] = plus + minus;
      odd[j] = plus - minus;
      square[j] = plus * plus + minus * minus;
    }
    double[] alpha = basis.coefficients(even, odd);
    double[] coarse = basis.coarseCoefficients(even, odd);
    MeanSquare meanSquare =
        MeanSquare.of(
            g, tau, line, range, basis.step, basis.mean(square), basis.coarseMean(square));
    double beyondRange = tail(square[n - 1], basis.nodes[n - 1]);
    boolean known =
        Double.isFinite(meanSquare.value()) && beyondRange <= NEGLIGIBLE * meanSquare.value();
    double[] error = new double[alpha.length];
    for (int k = 0; k < alpha.length; k++) {
      error[k] = Math.abs(alpha[k] - coarse[k]) + Math.sqrt(beyondRange);
    }
    return new HermiteSeries(alpha, error, meanSquare, known);
  }

  /** g² n at the end of the range: its integral beyond, where g² n falls at least like e^−z. */
  private static double tail(double square, double z) {
    return square == 0 ? 0 : Math.exp(Math.log(square) - 0.5 * z * z) / Math.sqrt(2 * Math.PI);
  }

  /** Whether all but rounding of E[g²] is in the coefficients. */
  boolean complete() {
    return complete;
  }

  /**
   * Whether there is such a series in fp64. Not where E[g²] is beyond it, or has a part where n(z)
   * is: then every error is infinite.
   */
  boolean known() {
    return known;
  }

  /** √E[g²]. */
  double norm() {
    return norm;
  }

  /** A bound on the error of E[g²] by the quadrature, and rounding. */
  double meanSquareError() {
    return meanSquareError;
  }

  double[] coefficients() {
    return alpha;
  }

  /** Bounds on the errors of the coefficients by the quadrature, itself by every second node. */
  double[] coefficientErrors() {
    return alphaError;
  }

  /** A bound on √Σ α_k² of all coefficients that are not here. */
  double remainder() {
    return Math.sqrt(beyond);
  }

  /** Σ_k α_k β_k ρ^k, ended where the terms that are left are below rounding. */
  double dot(HermiteSeries other, double rho) {
    double enough = 0.125 * Math.ulp(1.0) * norm * other.norm;
    int terms = Math.min(alpha.length, other.alpha.length);
    double sum = 0;
    double power = 1;
    for (int k = 0; k < terms; k++) {
      sum += alpha[k] * other.alpha[k] * power;
      power *= rho;
      if (Math.abs(power) * rest[k] * other.rest[k] <= enough) {
        break;
      }
    }
    return sum;
  }

  /** The first {@code terms} terms of Σ_k α_k β_k ρ^k. */
  double partialDot(HermiteSeries other, double rho, int terms) {
    double sum = 0;
    for (int k = terms - 1; k >= 0; k--) {
      sum = sum * rho + alpha[k] * other.alpha[k];
    }
    return sum;
  }

  /** By Cauchy–Schwarz, a bound on what {@link #partialDot} leaves out: tail·tail·|ρ|^terms. */
  double tailBound(HermiteSeries other, double rho, int terms) {
    return tail(terms) * other.tail(terms) * Math.pow(Math.abs(rho), terms);
  }

  private double tail(int terms) {
    return Math.sqrt(rest[terms - 1] * rest[terms - 1] + beyond);
  }

  /** A bound on the error of {@link #dot} for |ρ| ≤ 1: truncation, coefficients, rounding. */
  double error(HermiteSeries other) {
    if (!known || !other.known) {
      return Double.POSITIVE_INFINITY;
    }
    int terms = Math.min(alpha.length, other.alpha.length);
    double error = tailBound(other, 1, terms) + 8 * Math.ulp(1.0) * norm * other.norm;
    for (int k = 0; k < terms; k++) {
      error += alphaError[k] * Math.abs(other.alpha[k]) + other.alphaError[k] * Math.abs(alpha[k]);
    }
    return error;
  }
}
