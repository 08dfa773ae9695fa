package io.tangentflow.kernel.empirical;

import io.tangentflow.backend.Precision;

/**
 * How far the rounding of products can have moved a tangent kernel from the exact Gram matrix of
 * the features, or gradients, as they were computed. That one is positive semi-definite whatever
 * its features are, so an eigenvalue below minus this bound is none that rounding made negative.
 *
 * <p>An inner product of n numbers is off by at most γ_n ‖a‖‖b‖, γ_n = nu/(1 − nu), in any order of
 * summation (Higham, Accuracy and Stability of Numerical Algorithms, 2002, §3.1), and an error
 * matrix |E_ij| ≤ c a_i a_j has the norm c Σ a_i². It supposes the worst of all roundings: what is
 * seen is far less.
 */
final class ProductRounding {

  private final Precision precision;

  ProductRounding(Precision precision) {
    this.precision = precision;
  }

  /**
   * A bound on ‖δK‖₂ of a structured Gram. With a_i = Σ_q |A_iq||Φ_iq|, a_i² ≤ Q Σ_q
   * |A_iq|²|Φ_iq|², the terms of a slot with itself on the diagonal.
   *
   * @param inner n, or d where it is more
   * @param pairs Q
   * @param trace tr K
   * @param ofSlots the part of the trace that terms of a slot with itself make
   */
  double ofStructured(int inner, int pairs, double trace, double ofSlots) {
    double product = product(inner);
    double sums = gamma((double) pairs * pairs + 3, Precision.FP64);
    double each = (1 + product) * (1 + product) * (1 + sums) - 1;
    return whole(each, pairs * ofSlots + trace);
  }

  /**
   * A bound on ‖δK‖₂ of an explicit Gram.
   *
   * @param inner the numbers of a gradient in one panel
   * @param panels of a gradient
   * @param trace tr K
   */
  double ofExplicit(int inner, int panels, double trace) {
    double each = (1 + product(inner)) * (1 + gamma(panels + 3, Precision.FP64)) - 1;
    // Twice, as the terms of U and V are products of two inner products.
    return whole((1 + each) * (1 + each) - 1, trace);
  }

  /** Of a sum of squares that is itself known down to so much. */
  private static double whole(double each, double squares) {
    return each < 0.5 ? each / (1 - 2 * each) * squares : Double.POSITIVE_INFINITY;
  }

  /** Of an inner product, relative to the norms of its factors. */
  private double product(int inner) {
    double sum = gamma(inner, precision.single() ? Precision.FP32 : Precision.FP64);
    double factor = precision == Precision.TF32 ? 1 + Precision.TF32.unitRoundoff() : 1;
    return factor * factor * (1 + sum) - 1;
  }

  private static double gamma(double terms, Precision precision) {
    double nu = terms * precision.unitRoundoff();
    return nu < 1 ? nu / (1 - nu) : Double.POSITIVE_INFINITY;
  }
}
