package io.tangentflow.backend;

/** The refusals of operands that do not fit; each names both shapes. */
public final class Shapes {

  private Shapes() {}

  /** Refuses a matrix of another shape. */
  public static void require(Matrix matrix, int rows, int columns) {
    if (matrix.rows() != rows || matrix.columns() != columns) {
      throw new IllegalArgumentException(
          "expected a matrix of " + rows + "x" + columns + ", not " + matrix.shape());
    }
  }

  /** Refuses matrices of two shapes. */
  public static void requireSame(Matrix a, Matrix b) {
    require(b, a.rows(), a.columns());
  }

  /** Refuses matrices of two shapes or precisions. */
  public static void requireLike(Matrix a, Matrix b) {
    requireSame(a, b);
    requirePrecision(a, b);
  }

  /** Refuses matrices of two precisions. */
  public static void requirePrecision(Matrix a, Matrix b) {
    if (a.precision() != b.precision()) {
      throw new IllegalArgumentException("precisions differ: " + a.shape() + " and " + b.shape());
    }
  }

  /** Refuses a view with gaps between its columns. */
  public static void requireContiguous(Matrix matrix) {
    if (!matrix.contiguous()) {
      throw new IllegalArgumentException(matrix.shape() + " is a view with gaps");
    }
  }

  /** Refuses a number of a stream that begins no four of them. */
  public static void requireWholeFours(long first) {
    if (first < 0 || first % 4 != 0) {
      throw new IllegalArgumentException(first + " is not a multiple of four");
    }
  }

  /**
   * The number of outputs that an adjoint has for each column of the state.
   *
   * @throws IllegalArgumentException if it is no whole number
   */
  public static int outputs(Matrix state, Matrix adjoint) {
    if (adjoint.rows() != state.rows()
        || state.columns() == 0
        || adjoint.columns() % state.columns() != 0) {
      throw new IllegalArgumentException(
          "an adjoint of shape " + adjoint.shape() + " does not go with " + state.shape());
    }
    requirePrecision(state, adjoint);
    return adjoint.columns() / state.columns();
  }

  /** Refuses factors and a result that do not make a product op(A) op(B). */
  public static void requireProduct(
      Transpose transposeA, Transpose transposeB, Matrix a, Matrix b, Matrix c) {
    int m = transposeA == Transpose.NO ? a.rows() : a.columns();
    int k = transposeA == Transpose.NO ? a.columns() : a.rows();
    int n = transposeB == Transpose.NO ? b.columns() : b.rows();
    require(b, transposeB == Transpose.NO ? k : n, transposeB == Transpose.NO ? n : k);
    require(c, m, n);
    requirePrecision(a, c);
    requirePrecision(b, c);
  }

  /**
   * The shape of a contraction.
   *
   * @param rows M, samples of the rows
   * @param outputs m
   * @param samples N, samples of the columns
   * @param blocks B
   */
  public record Contraction(int rows, int outputs, int samples, int blocks) {

    /** That of P, Mm×Nm·B, with R, M×N·B, into K, Mm×Nm. */
    public static Contraction of(Matrix p, Matrix r, Matrix k) {
      requireContiguous(p);
      requireContiguous(r);
      requireContiguous(k);
      int rows = r.rows();
      if (rows == 0
          || p.rows() == 0
          || p.rows() % rows != 0
          || p.rows() != k.rows()
          || p.precision() != r.precision()
          || k.precision() != Precision.FP64) {
        throw new IllegalArgumentException(
            "cannot contract " + p.shape() + " with " + r.shape() + " into " + k.shape());
      }
      int outputs = p.rows() / rows;
      int samples = k.columns() / outputs;
      int blocks = samples == 0 ? 0 : r.columns() / samples;
      require(k, p.rows(), samples * outputs);
      require(r, rows, samples * blocks);
      require(p, p.rows(), samples * outputs * blocks);
      return new Contraction(rows, outputs, samples, blocks);
    }
  }
}
