package io.tangentflow.backend.cpu;

import dev.ludovic.netlib.blas.BLAS;
import dev.ludovic.netlib.blas.JavaBLAS;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;

/** Products by a BLAS, in place on Java arrays. */
final class BlasProducts implements Products {

  private final BLAS blas;
  private final String description;
  private final Runnable beforeEachProduct;

  private BlasProducts(BLAS blas, String description, Runnable beforeEachProduct) {
    this.blas = blas;
    this.description = description;
    this.beforeEachProduct = beforeEachProduct;
  }

  /**
   * OpenBLAS on that many threads, whatever other backends of this process use; from now on also
   * for LAPACK, until another backend is opened or used.
   */
  static BlasProducts openBlas(int threads) {
    OpenBlas.useThreads(threads);
    return new BlasProducts(
        OpenBlas.blas(),
        "OpenBLAS (" + OpenBlas.version() + ")",
        () -> OpenBlas.useThreads(threads));
  }

  /** netlib's Java code, on the calling thread. */
  static BlasProducts pureJava() {
    return new BlasProducts(JavaBLAS.getInstance(), "pure Java", () -> {});
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public void gemm(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      CpuMatrix first,
      CpuMatrix second,
      double beta,
      CpuMatrix c) {
    beforeEachProduct.run();
    CpuMatrix a = reachable(first);
    CpuMatrix b = reachable(second);
    int m = c.rows();
    int n = c.columns();
    int k = transposeA == Transpose.NO ? a.columns() : a.rows();
    String opA = letter(transposeA);
    String opB = letter(transposeB);
    int lda = stride(a);
    int ldb = stride(b);
    int ldc = stride(c);
    if (c.precision() == Precision.FP32) {
      blas.sgemm(
          opA,
          opB,
          m,
          n,
          k,
          (float) alpha,
          a.floats(),
          a.start(),
          lda,
          b.floats(),
          b.start(),
          ldb,
          (float) beta,
          c.floats(),
          c.start(),
          ldc);
    } else {
      blas.dgemm(
          opA,
          opB,
          m,
          n,
          k,
          alpha,
          a.doubles(),
          a.start(),
          lda,
          b.doubles(),
          b.start(),
          ldb,
          beta,
          c.doubles(),
          c.start(),
          ldc);
    }
  }

  @Override
  public void syrk(CpuMatrix factor, CpuMatrix result) {
    beforeEachProduct.run();
    CpuMatrix a = reachable(factor);
    CpuMatrix c = reachable(result);
    int n = c.rows();
    int k = a.rows();
    if (c.precision() == Precision.FP32) {
      blas.ssyrk(
          "U", "T", n, k, 1, a.floats(), a.start(), stride(a), 0, c.floats(), c.start(), stride(c));
    } else {
      blas.dsyrk(
          "U",
          "T",
          n,
          k,
          1,
          a.doubles(),
          a.start(),
          stride(a),
          0,
          c.doubles(),
          c.start(),
          stride(c));
    }
    if (c != result) {
      result.assign(c);
    }
  }

  /**
   * The binding refuses a factor, or the result of a symmetric product, whose last column is not
   * followed by the rest of its leading dimension, though BLAS would not touch it; such a view is
   * copied, a result there and back.
   */
  private static CpuMatrix reachable(CpuMatrix view) {
    return view.endsInsideItsArray() ? view : view.compact();
  }

  private static String letter(Transpose transpose) {
    return transpose == Transpose.NO ? "N" : "T";
  }

  /** A leading dimension that BLAS accepts also for empty matrices. */
  private static int stride(CpuMatrix m) {
    return Math.max(1, m.leadingDimension());
  }
}
