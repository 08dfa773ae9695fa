package io.tangentflow.kernel.dual;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.Activation;
import java.util.stream.IntStream;

/**
 * What the Hermite coefficients of an activation tell: φ(τz) = Σ_k α_k he_k(z), z standard normal,
 * so that E[φ(u)φ(v)] = Σ_k α_k² ρ^k for u, v of variance τ² and correlation ρ. As many are
 * computed as stand above rounding, at most {@value #MOST_TERMS}.
 */
public final class HermiteExpansion {

  private static final int FEWEST_TERMS = 64;
  private static final int MOST_TERMS = 2048;

  /** Of a coefficient, relative to √E[φ²]: sums of some hundred terms. */
  private static final double ROUNDING = 1e-15;

  private final HermiteSeries value;
  private final HermiteSeries derivative;

  private HermiteExpansion(HermiteSeries value, HermiteSeries derivative) {
    this.value = value;
    this.derivative = derivative;
  }

  /**
   * The expansion for one variance τ².
   *
   * @throws InvalidConfiguration unless the variance is positive and E[φ²], E[φ'²] are in fp64
   */
  public static HermiteExpansion of(Activation phi, double variance) {
    if (!(variance > 0) || Double.isInfinite(variance)) {
      throw new InvalidConfiguration("--variance", "must be a positive number, not " + variance);
    }
    HermiteExpansion expansion = null;
    for (int terms = FEWEST_TERMS; terms <= MOST_TERMS; terms *= 2) {
      expansion = of(phi, variance, terms);
      if (expansion.last() < terms / 2) {
        break;
      }
    }
    return expansion;
  }

  private static HermiteExpansion of(Activation phi, double variance, int terms) {
    double tau = Math.sqrt(variance);
    HalfLine line = HalfLine.of(phi);
    HermiteExpansion expansion =
        new HermiteExpansion(
            HermiteSeries.of(phi::value, tau, terms, line),
            HermiteSeries.of(phi::derivative, tau, terms, line));
    if (!expansion.value.known() || !expansion.derivative.known()) {
      throw new InvalidConfiguration(
          "--variance",
          "at "
              + variance
              + " the integral of φ² or φ'² of "
              + phi.label()
              + " is not resolved in fp64; choose a smaller variance");
    }
    return expansion;
  }

  /** α_0, α_1, …, those that are rounding included. */
  public double[] coefficients() {
    return value.coefficients().clone();
  }

  /** A bound on the error of α_k: of the quadrature, as its coarser rule shows, and rounding. */
  public double error(int k) {
    return value.coefficientErrors()[k] + ROUNDING * value.norm();
  }

  /** Whether α_k is more than its error. */
  public boolean significant(int k) {
    return Math.abs(value.coefficients()[k]) > 2 * error(k);
  }

  /** The k of the coefficients above their errors, rising, those of one parity. */
  public int[] significant(Parity parity) {
    return IntStream.range(0, value.coefficients().length)
        .filter(k -> parity.of(k) && significant(k))
        .toArray();
  }

  /** The greatest k of a coefficient above its error, −1 if there is none. */
  public int last() {
    int k = value.coefficients().length - 1;
    while (k >= 0 && !significant(k)) {
      k--;
    }
    return k;
  }

  /** E[φ], which is α_0. */
  public double mean() {
    return value.coefficients()[0];
  }

  /** E[φ²]. */
  public double meanSquare() {
    return value.norm() * value.norm();
  }

  /** A bound on the error of {@link #meanSquare}. */
  public double meanSquareError() {
    return value.meanSquareError();
  }

  /** A bound on the error of {@link #derivativeMeanSquare}. */
  public double derivativeMeanSquareError() {
    return derivative.meanSquareError();
  }

  /** E[φ'²]. */
  public double derivativeMeanSquare() {
    return derivative.norm() * derivative.norm();
  }

  /** A bound on √Σ α_k² of the coefficients that are not here, by Parseval's equality. */
  public double remainder() {
    return value.remainder();
  }
}
