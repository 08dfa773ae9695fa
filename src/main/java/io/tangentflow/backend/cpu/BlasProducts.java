package io.tangentflow.backend.cpu;

import dev.ludovic.netlib.blas.BLAS;
import dev.ludovic.netlib.blas.JavaBLAS;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;

/**
 * Products by a BLAS, in place on Java arrays.
 *
 * <p>Each thread computes a part of the result by a call of its own, on the threads that also do
 * the passes. OpenBLAS's own threads share out a product of many rows and few columns badly (with
 * 100 columns the second adds 60 % to the rate of the first, a part of the rows for each 90 %), and
 * go on looking for work when the passes need the processors.
 */
final class BlasProducts implements Products {

  /** The least rows, and the least columns, of a part. */
  private static final int LEAST_SIDE = 64;

  /** Where parts begin: a multiple of what the BLAS's innermost loops take at once. */
  private static final int BLOCK = 16;

  /** FLOPs below which a product is over before another thread has begun. */
  private static final double LEAST_FLOPS = 1e5;

  private final BLAS blas;
  private final String description;
  private final Parallel parallel;

  private BlasProducts(BLAS blas, String description, Parallel parallel) {
    this.blas = blas;
    this.description = description;
    this.parallel = parallel;
  }

  /**
   * OpenBLAS, called from each of those threads; LAPACK takes as many of its own from now on, until
   * another backend is opened.
   */
  static BlasProducts openBlas(Parallel parallel) {
    OpenBlas.useThreads(parallel.threads());
    return new BlasProducts(OpenBlas.blas(), "OpenBLAS (" + OpenBlas.version() + ")", parallel);
  }

  /** netlib's Java code. */
  static BlasProducts pureJava(Parallel parallel) {
    return new BlasProducts(JavaBLAS.getInstance(), "pure Java", parallel);
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
      CpuMatrix a,
      CpuMatrix b,
      double beta,
      CpuMatrix c) {
    callFromEachThread();
    Product whole = new Product(transposeA, transposeB, alpha, a, b, beta, c);
    if (2.0 * c.rows() * c.columns() * whole.depth() < LEAST_FLOPS) {
      run(whole);
      return;
    }
    // As many parts as there are threads, and as square: so the least of A and B is read twice.
    int most = 1;
    int ofRows = 1;
    int ofColumns = 1;
    double least = Double.POSITIVE_INFINITY;
    int mostOfRows = Math.max(1, Math.min(parallel.threads(), c.rows() / LEAST_SIDE));
    for (int p = 1; p <= mostOfRows; p++) {
      int q = Math.min(parallel.threads() / p, Math.max(1, c.columns() / LEAST_SIDE));
      double sides = (double) c.rows() / p + (double) c.columns() / q;
      if (p * q > most || (p * q == most && sides < least)) {
        most = p * q;
        ofRows = p;
        ofColumns = q;
        least = sides;
      }
    }
    int rowParts = ofRows;
    int columnParts = ofColumns;
    parallel.workers(
        most, part -> run(whole.part(part % rowParts, rowParts, part / rowParts, columnParts)));
  }

  /** C ← α op(A) op(B) + β C. */
  private record Product(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      CpuMatrix a,
      CpuMatrix b,
      double beta,
      CpuMatrix c) {

    /** Part i of so many along the rows of C, part j of so many along its columns. */
    Product part(int i, int rowParts, int j, int columnParts) {
      int row = bound(c.rows(), i, rowParts);
      int rows = bound(c.rows(), i + 1, rowParts) - row;
      int column = bound(c.columns(), j, columnParts);
      int columns = bound(c.columns(), j + 1, columnParts) - column;
      return new Product(
          transposeA,
          transposeB,
          alpha,
          transposeA == Transpose.NO ? rows(a, row, rows) : columns(a, row, rows),
          transposeB == Transpose.NO ? columns(b, column, columns) : rows(b, column, columns),
          beta,
          columns(rows(c, row, rows), column, columns));
    }

    private static int bound(int size, int part, int parts) {
      return part == parts ? size : (int) ((long) size * part / parts) / BLOCK * BLOCK;
    }

    /** The same of terms {@code first} … of the inner dimension alone. */
    Product terms(int first, int count, double newBeta) {
      return new Product(
          transposeA,
          transposeB,
          alpha,
          transposeA == Transpose.NO ? columns(a, first, count) : rows(a, first, count),
          transposeB == Transpose.NO ? rows(b, first, count) : columns(b, first, count),
          newBeta,
          c);
    }

    int depth() {
      return transposeA == Transpose.NO ? a.columns() : a.rows();
    }
  }

  /**
   * Where a factor cannot be passed on as it is, its last column is taken apart, or the factor is
   * copied, whichever moves less.
   */
  private void run(Product product) {
    double copied =
        (product.a.endsInsideItsArray() ? 0.0 : product.a.size())
            + (product.b.endsInsideItsArray() ? 0.0 : product.b.size());
    if (copied > 2.0 * product.c.size()) {
      int most = product.depth() - 1;
      Product head = product.terms(0, most, product.beta);
      if (head.a.endsInsideItsArray() && head.b.endsInsideItsArray()) {
        call(head);
        call(product.terms(most, 1, 1));
        return;
      }
    }
    call(product);
  }

  private void call(Product product) {
    CpuMatrix a = reachable(product.a);
    CpuMatrix b = reachable(product.b);
    CpuMatrix c = product.c;
    int m = c.rows();
    int n = c.columns();
    int k = product.depth();
    String opA = letter(product.transposeA);
    String opB = letter(product.transposeB);
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
          (float) product.alpha,
          a.floats(),
          a.start(),
          lda,
          b.floats(),
          b.start(),
          ldb,
          (float) product.beta,
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
          product.alpha,
          a.doubles(),
          a.start(),
          lda,
          b.doubles(),
          b.start(),
          ldb,
          product.beta,
          c.doubles(),
          c.start(),
          ldc);
    }
  }

  /** Each part is a range of columns: a product above the diagonal, a symmetric one on it. */
  @Override
  public void syrk(CpuMatrix factor, CpuMatrix result) {
    callFromEachThread();
    int n = result.columns();
    int parts = Math.max(1, Math.min(parallel.threads(), n / LEAST_SIDE));
    if ((double) n * n * factor.rows() < LEAST_FLOPS) {
      parts = 1;
    }
    int all = parts;
    parallel.workers(
        all,
        part -> {
          int first = equalTriangles(n, part, all);
          int count = equalTriangles(n, part + 1, all) - first;
          CpuMatrix a = columns(factor, first, count);
          CpuMatrix c = columns(result, first, count);
          if (first > 0) {
            run(
                new Product(
                    Transpose.YES,
                    Transpose.NO,
                    1,
                    columns(factor, 0, first),
                    a,
                    0,
                    rows(c, 0, first)));
          }
          symmetric(a, rows(c, first, count));
        });
  }

  /** Where a part begins if all have as much of the upper triangle. */
  private static int equalTriangles(int n, int part, int parts) {
    return part == parts ? n : (int) (n * Math.sqrt((double) part / parts)) / BLOCK * BLOCK;
  }

  private void symmetric(CpuMatrix factor, CpuMatrix result) {
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

  private static CpuMatrix rows(CpuMatrix matrix, int first, int count) {
    return (CpuMatrix) matrix.rowRange(first, count);
  }

  private static CpuMatrix columns(CpuMatrix matrix, int first, int count) {
    return (CpuMatrix) matrix.columnRange(first, count);
  }

  private static void callFromEachThread() {
    if (OpenBlas.failure() == null) {
      OpenBlas.callFromEachThread();
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
