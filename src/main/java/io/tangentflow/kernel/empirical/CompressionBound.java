package io.tangentflow.kernel.empirical;

import io.tangentflow.backend.Precision;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.TimeCompression.Compressed;

/**
 * A bound on what {@link TimeCompression} leaves out of gradients, rounding and all.
 *
 * <p>A fold takes columns X_A = [Â', A_q/√μ_q] and X_Φ = [Φ̂', √μ_q Φ_q], the coefficients before
 * it and the slots of its segment, to K coefficients Â = X_A V + δ_A, Φ̂ = X_Φ V + δ_Φ; full
 * features are one fold with no coefficients before. With E = VᵀV − I and R = X − X̂Vᵀ of the
 * coefficients as stored,
 *
 * <pre>
 *   X_A X_Φᵀ − Â Φ̂ᵀ = R_A R_Φᵀ − Â E Φ̂ᵀ − Â δ_Φᵀ − δ_A Φ̂ᵀ.
 * </pre>
 *
 * The first term is the truncation. The others are first order in rounding: ‖δ_X‖ ≤ g‖X‖, g = γ_c
 * ‖V‖_F, for c roundings of a sum in any order (Higham, Accuracy and Stability of Numerical
 * Algorithms, 2002, §3.1, underflow aside). From ‖X‖² = ‖X̂Vᵀ‖² + ‖R‖² − 2⟨X̂, δ_X + X̂E⟩ norms
 * before a fold follow from those after it, (1 − g)‖X‖² ≤ (1 + 3‖E‖ + g)‖X̂‖² + ‖R‖², and so from
 * the last coefficients and all rests. R itself is known to γ_c' (‖X‖ + ‖V‖_F ‖X̂‖).
 */
final class CompressionBound {

  /** Roundings of a map, weights, their roots and scalings beside those of a sum. */
  private static final int BESIDE = 8;

  private final Precision precision;
  private double growth = 1;
  private double share;
  private double ofRests;
  private long sums;

  CompressionBound(Precision precision) {
    this.precision = precision;
  }

  /**
   * Counts a fold.
   *
   * @param terms columns that a coefficient is a sum of, those of coefficients before included
   * @param count K
   * @param defect a bound on ‖E‖
   */
  void fold(int terms, int count, double defect) {
    double norm = Math.sqrt(count * (1 + defect));
    double g = gamma(terms + BESIDE) * norm;
    growth *= g < 1 ? (1 + 3 * defect + g) / (1 - g) : Double.POSITIVE_INFINITY;
    share += defect + 2 * g;
    ofRests = Math.hypot(ofRests, gamma(count + BESIDE) * (1 + norm));
    sums += terms + 1;
  }

  /**
   * Features with their bound. Squares of norms are as computed, of all columns of A and of the
   * sample whose Φ has the most.
   *
   * @param columns of A in a slot
   */
  Compressed of(TangentFeatures features, Squares ofA, Squares ofPhi, int columns) {
    double x = 4 * (sums + features.model().width() + columns) * Precision.FP64.unitRoundoff();
    double a = norm(ofA, 1 + x);
    double phi = norm(ofPhi, 1 + x);
    double truncation = Math.sqrt(ofA.rest() * ofPhi.rest());
    double restOfA = (1 + x) * Math.sqrt(ofA.rest()) + ofRests * a;
    double restOfPhi = (1 + x) * Math.sqrt(ofPhi.rest()) + ofRests * phi;
    return new Compressed(features, truncation, restOfA * restOfPhi - truncation + share * a * phi);
  }

  /**
   * Squares of norms.
   *
   * @param rest of what is left
   * @param kept of the coefficients
   */
  record Squares(double rest, double kept) {}

  /** A bound on the norm before any fold. */
  private double norm(Squares squares, double summing) {
    double left = 1 - Math.sqrt(growth) * ofRests;
    return left > 0
        ? summing * Math.sqrt(growth * (squares.rest() + squares.kept())) / left
        : Double.POSITIVE_INFINITY;
  }

  /** γ_c = cu/(1 − cu); products in TF32 round both factors before. */
  private double gamma(double roundings) {
    double u = (precision.single() ? Precision.FP32 : Precision.FP64).unitRoundoff();
    double factors = precision == Precision.TF32 ? 2 * Precision.TF32.unitRoundoff() : 0;
    double x = roundings * u + factors;
    return x < 1 ? x / (1 - x) : Double.POSITIVE_INFINITY;
  }
}
