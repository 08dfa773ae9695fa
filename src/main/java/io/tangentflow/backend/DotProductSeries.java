package io.tangentflow.backend;

/**
 * Chebyshev series of a kernel in the correlation ρ of two inputs, with coefficients that depend on
 * the inputs through R functions of each alone:
 *
 * <pre>
 *   k(i, j) = Σ_k c_k T_k(ξ(ρ_ij)),     c_k = Σ_(q&lt;R) left_iq right_(kR+q, j).
 * </pre>
 *
 * All matrices are contiguous and of one precision; none is modified.
 *
 * @param argument ξ as a function of ρ
 * @param left M×R, of the inputs of the rows
 * @param right of the inputs of the columns: K·R × N, for each branch of {@code argument} one after
 *     another
 */
public record DotProductSeries(Argument argument, Matrix left, Matrix right) {

  /** What the series runs in. */
  public enum Argument {
    /** ξ = ρ. */
    CORRELATION(1),
    /**
     * ξ = 2(1 − |ρ|)^(1/4) − 1, with a series for ρ ≥ 0 and one for ρ &lt; 0: in it a kernel with
     * powers of √(1 ∓ ρ) is smooth at ρ = ±1. Of |ρ| &gt; 1, which is rounding, it is −1.
     */
    QUARTER_ROOT(2);

    private final int branches;

    Argument(int branches) {
      this.branches = branches;
    }

    /** The number of series that cover ρ from −1 to 1. */
    public int branches() {
      return branches;
    }

    /** The branch that ρ belongs to. */
    public int branch(double rho) {
      return this == QUARTER_ROOT && rho < 0 ? 1 : 0;
    }

    /** ξ, in [−1, 1] for |ρ| ≤ 1. */
    public double of(double rho) {
      return this == CORRELATION ? rho : quarterRoot(rho);
    }

    /** ξ of {@link #QUARTER_ROOT}. */
    public static double quarterRoot(double rho) {
      return 2 * Math.sqrt(Math.sqrt(Math.max(0, 1 - Math.abs(rho)))) - 1;
    }

    /** The ρ of that branch at which ξ has that value. */
    public double correlation(int branch, double xi) {
      if (this == CORRELATION) {
        return xi;
      }
      double u = 0.5 * (xi + 1);
      double rho = 1 - u * u * u * u;
      return branch == 0 ? rho : -rho;
    }
  }

  /** R. */
  public int rank() {
    return left.columns();
  }

  /** K. */
  public int terms() {
    return right.rows() / (argument.branches() * rank());
  }

  /**
   * Refuses shapes that do not fit to the correlations and the result.
   *
   * @throws IllegalArgumentException that names both shapes
   */
  public void requireFits(Matrix rho, Matrix result) {
    Shapes.requireLike(rho, result);
    Shapes.requirePrecision(rho, left);
    Shapes.requirePrecision(rho, right);
    Shapes.requireContiguous(left);
    Shapes.requireContiguous(right);
    if (left.rows() != rho.rows()
        || right.columns() != rho.columns()
        || rank() == 0
        || terms() == 0
        || right.rows() != argument.branches() * terms() * rank()) {
      throw new IllegalArgumentException(
          String.format(
              "a dot-product series at %s in %s does not have the factors %s and %s",
              rho.shape(), argument, left.shape(), right.shape()));
    }
  }
}
