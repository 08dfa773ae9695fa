package io.tangentflow.backend.cpu;

import dev.ludovic.netlib.blas.BLAS;
import dev.ludovic.netlib.blas.JavaBLAS;
import io.tangentflow.model.DenseMatrix;

/**
 * Products of matrices in host memory, FP64, by OpenBLAS on the threads it was last told to use.
 * Factors are not modified; a result is new.
 */
public final class DenseProducts {

  private static final System.Logger LOG = System.getLogger(DenseProducts.class.getName());

  private DenseProducts() {}

  /** AB. */
  public static DenseMatrix product(DenseMatrix a, DenseMatrix b) {
    return gemm("N", "N", a.rows(), b.columns(), a.columns(), b.rows(), a, b);
  }

  /** AᵀB. */
  public static DenseMatrix transposedProduct(DenseMatrix a, DenseMatrix b) {
    return gemm("T", "N", a.columns(), b.columns(), a.rows(), b.rows(), a, b);
  }

  /** ABᵀ. */
  public static DenseMatrix productTransposed(DenseMatrix a, DenseMatrix b) {
    return gemm("N", "T", a.rows(), b.rows(), a.columns(), b.columns(), a, b);
  }

  /** A'B of the first columns A' of A. */
  public static DenseMatrix productOfFirst(int columns, DenseMatrix a, DenseMatrix b) {
    return gemm("N", "N", a.rows(), b.columns(), columns, b.rows(), a, b);
  }

  /** A'ᵀB of the first columns A' of A. */
  public static DenseMatrix transposedProductOfFirst(int columns, DenseMatrix a, DenseMatrix b) {
    return gemm("T", "N", columns, b.columns(), a.rows(), b.rows(), a, b);
  }

  /** C ← C − A'B of the first columns A' of A. C is modified. */
  public static void subtractProductOfFirst(
      int columns, DenseMatrix a, DenseMatrix b, DenseMatrix c) {
    requireSame(columns, b.rows(), a, b);
    requireSame(a.rows(), c.rows(), a, c);
    requireSame(b.columns(), c.columns(), b, c);
    blas()
        .dgemm(
            "N",
            "N",
            c.rows(),
            c.columns(),
            columns,
            -1,
            a.values(),
            Math.max(1, a.rows()),
            b.values(),
            Math.max(1, b.rows()),
            1,
            c.values(),
            Math.max(1, c.rows()));
  }

  /** KB of a symmetric K, of which only the lower triangle is read. */
  public static DenseMatrix symmetricProduct(DenseMatrix k, DenseMatrix b) {
    requireSame(k.rows(), k.columns(), k, b);
    requireSame(k.columns(), b.rows(), k, b);
    DenseMatrix c = DenseMatrix.zeros(k.rows(), b.columns());
    if (b.columns() == 1) {
      blas().dsymv("L", k.rows(), 1, k.values(), k.rows(), b.values(), 1, 0, c.values(), 1);
      return c;
    }
    blas()
        .dsymm(
            "L",
            "L",
            c.rows(),
            c.columns(),
            1,
            k.values(),
            Math.max(1, k.rows()),
            b.values(),
            Math.max(1, b.rows()),
            0,
            c.values(),
            Math.max(1, c.rows()));
    return c;
  }

  private static DenseMatrix gemm(
      String opA,
      String opB,
      int rows,
      int columns,
      int depth,
      int depthOfB,
      DenseMatrix a,
      DenseMatrix b) {
    requireSame(depth, depthOfB, a, b);
    DenseMatrix c = DenseMatrix.zeros(rows, columns);
    blas()
        .dgemm(
            opA,
            opB,
            rows,
            columns,
            depth,
            1,
            a.values(),
            Math.max(1, a.rows()),
            b.values(),
            Math.max(1, b.rows()),
            0,
            c.values(),
            Math.max(1, rows));
    return c;
  }

  private static void requireSame(int depth, int other, DenseMatrix a, DenseMatrix b) {
    if (depth != other) {
      throw new IllegalArgumentException(
          String.format(
              "a product of %d×%d and %d×%d has no meaning here",
              a.rows(), a.columns(), b.rows(), b.columns()));
    }
  }

  private static BLAS blas() {
    if (OpenBlas.failure() == null) {
      return OpenBlas.blas();
    }
    LOG.log(
        System.Logger.Level.WARNING,
        OpenBlas.failure() + "; products are computed in Java, many times slower");
    return JavaBLAS.getInstance();
  }
}
