package io.tangentflow.backend;

import java.util.Objects;

/**
 * The two-time equations of limiting kernels for a batch of pairs of inputs (x, x̄), collocated at
 * M times: with S the covariance of the Gaussian processes u (of x) and ū (of x̄), E and Ė the
 * duals E[φ(u_i)φ(ū_j)] and E[φ'(u_i)φ'(ū_j)] at covariance S_ij, and index e for the end,
 *
 * <pre>
 *   S = c + κ A E Aᵀ,        S_e = c + κ wᵀ E w,
 *   Θ = θ + κ B (Ė∘Θ) Bᵀ,    θ = σv² Ė(S_e),
 *   NNGP = σv² E(S_e),       NTK = NNGP + κ wᵀ(E∘Θ)w + c (θ + κ wᵀ(Ė∘Θ)w).
 * </pre>
 *
 * In the continuum A, B and w integrate over [0, t_i], [t_i, 1] and [0, 1] in units of T, and κ =
 * (σw T)². At finite depth L the times are the steps i &lt; L, A_ij = 1 for j &lt; i, B_ij = 1 for
 * j &gt; i, w = 1, κ = (σw T/L)², and Θ_ij stands for Θ^(i+1,j+1). Iterations stop where iterates
 * are equal up to rounding, or after {@code iterations}.
 *
 * <p>All matrices are contiguous and of one precision; none is modified.
 *
 * @param dual how E and Ė are evaluated
 * @param fromStart A, M×M
 * @param toEnd B, M×M
 * @param weights w, M×1
 * @param kappa κ
 * @param sigmaVSquared σv²
 * @param iterations at most so many of each fixed point
 * @param values Hermite coefficients of φ: column p·(M+1) + i holds α_k of z ↦ φ(τz) with τ the
 *     deviation of input p at time i, i = M being the end; K×(M+1)P. Ignored for {@link
 *     Dual#ARC_COSINE}.
 * @param derivatives the same for φ'
 * @param deviations √S_ii of input p, (M+1)×P
 * @param first the input x of each pair
 * @param second the input x̄ of each pair
 * @param starts c = σu² x·x̄/d of each pair, 1×pairs
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record TwoTimeEquations(
    Dual dual,
    Matrix fromStart,
    Matrix toEnd,
    Matrix weights,
    double kappa,
    double sigmaVSquared,
    int iterations,
    Matrix values,
    Matrix derivatives,
    Matrix deviations,
    int[] first,
    int[] second,
    Matrix starts) {

  /** How the expectations under a Gaussian pair of correlation ρ are evaluated. */
  public enum Dual {
    /** Σ_k α_k ᾱ_k ρ^k (Mehler). */
    HERMITE,
    /** ReLU's closed forms (Cho and Saul, NIPS 2009). */
    ARC_COSINE
  }

  /** M. */
  public int times() {
    return weights.rows();
  }

  /** The number of pairs. */
  public int pairs() {
    return first.length;
  }

  /**
   * Refuses matrices that do not fit together, or a result that is not 3×pairs.
   *
   * @throws IllegalArgumentException that names both shapes
   */
  public void requireFits(Matrix result) {
    int m = times();
    int inputs = deviations.columns();
    int pairs = pairs();
    requireFits("result", result, 3, pairs);
    requireFits("w", weights, m, 1);
    requireFits("A", fromStart, m, m);
    requireFits("B", toEnd, m, m);
    requireFits("deviations", deviations, m + 1, inputs);
    requireFits("starts", starts, 1, pairs);
    Shapes.requirePrecision(weights, result);
    if (dual == Dual.HERMITE) {
      int terms = values.rows();
      requireFits("values", values, terms, (m + 1) * inputs);
      requireFits("derivatives", derivatives, terms, (m + 1) * inputs);
    }
    if (second.length != pairs) {
      throw new IllegalArgumentException(
          pairs + " first inputs do not go with " + second.length + " second ones");
    }
    for (int pair = 0; pair < pairs; pair++) {
      Objects.checkIndex(first[pair], inputs);
      Objects.checkIndex(second[pair], inputs);
    }
    if (iterations < 1) {
      throw new IllegalArgumentException(iterations + " iterations are none");
    }
  }

  private void requireFits(String what, Matrix matrix, int rows, int columns) {
    Matrix w = weights;
    if (matrix.rows() != rows
        || matrix.columns() != columns
        || matrix.precision() != w.precision()
        || !matrix.contiguous()) {
      throw new IllegalArgumentException(
          String.format(
              "two-time equations with w %s and %d pairs need %s of %dx%d %s without gaps, not %s",
              w.shape(), pairs(), what, rows, columns, w.precision(), matrix.shape()));
    }
  }
}
