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

  /**
   * Numbers that the copies of one operand may have, in all threads, for their memory to be kept.
   */
  private static final int MOST_KEPT = 1 << 22;

  private final BLAS blas;
  private final String description;
  private final Parallel parallel;
  private final Worker[] workers;
  private final General general = new General();
  private final Symmetric symmetric = new Symmetric();

  private BlasProducts(BLAS blas, String description, Parallel parallel) {
    this.blas = blas;
    this.description = description;
    this.parallel = parallel;
    workers = new Worker[parallel.threads()];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker();
    }
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
    general.transposeA = transposeA;
    general.transposeB = transposeB;
    general.alpha = alpha;
    general.a = a;
    general.b = b;
    general.beta = beta;
    general.c = c;
    parallel.workers(general.share(), general);
  }

  /**
   * C ← α op(A) op(B) + β C, a part of C for each worker. There is one object for all products of a
   * backend, so that none leaves anything to the collector.
   */
  private final class General implements Parallel.Range {
    private Transpose transposeA;
    private Transpose transposeB;
    private double alpha;
    private CpuMatrix a;
    private CpuMatrix b;
    private double beta;
    private CpuMatrix c;
    private int rowParts;
    private int columnParts;

    /**
     * As many parts as there are threads, and as square: so the least of A and B is read twice.
     * Returns how many.
     */
    int share() {
      rowParts = 1;
      columnParts = 1;
      int depth = transposeA == Transpose.NO ? a.columns() : a.rows();
      if (2.0 * c.rows() * c.columns() * depth < LEAST_FLOPS) {
        return 1;
      }
      int most = 1;
      double least = Double.POSITIVE_INFINITY;
      int mostOfRows = Math.max(1, Math.min(parallel.threads(), c.rows() / LEAST_SIDE));
      for (int p = 1; p <= mostOfRows; p++) {
        int q = Math.min(parallel.threads() / p, Math.max(1, c.columns() / LEAST_SIDE));
        double sides = (double) c.rows() / p + (double) c.columns() / q;
        if (p * q > most || (p * q == most && sides < least)) {
          most = p * q;
          rowParts = p;
          columnParts = q;
          least = sides;
        }
      }
      return most;
    }

    @Override
    public void run(int from, int to) {
      for (int part = from; part < to; part++) {
        run(workers[part], part % rowParts, part / rowParts);
      }
    }

    /** Part i along the rows of C, part j along its columns. */
    private void run(Worker worker, int i, int j) {
      int row = bound(c.rows(), i, rowParts);
      int rows = bound(c.rows(), i + 1, rowParts) - row;
      int column = bound(c.columns(), j, columnParts);
      int columns = bound(c.columns(), j + 1, columnParts) - column;
      along(transposeA == Transpose.NO, worker.a.show(a), row, rows);
      along(transposeB == Transpose.YES, worker.b.show(b), column, columns);
      worker.c.show(c).rows(row, rows).columns(column, columns);
      worker.multiply(transposeA, transposeB, alpha, beta);
    }

    private int bound(int size, int part, int parts) {
      return part == parts ? size : (int) ((long) size * part / parts) / BLOCK * BLOCK;
    }
  }

  /** Shows so many rows, or columns, of what the window shows. */
  private static void along(boolean rows, Window window, int first, int count) {
    if (rows) {
      window.rows(first, count);
    } else {
      window.columns(first, count);
    }
  }

  @Override
  public void syrk(CpuMatrix factor, CpuMatrix result) {
    callFromEachThread();
    symmetric.factor = factor;
    symmetric.result = result;
    parallel.workers(symmetric.share(), symmetric);
  }

  /** Each part is a range of columns: a product above the diagonal, a symmetric one on it. */
  private final class Symmetric implements Parallel.Range {
    private CpuMatrix factor;
    private CpuMatrix result;
    private int parts;

    int share() {
      int n = result.columns();
      parts =
          (double) n * n * factor.rows() < LEAST_FLOPS
              ? 1
              : Math.max(1, Math.min(parallel.threads(), n / LEAST_SIDE));
      return parts;
    }

    @Override
    public void run(int from, int to) {
      for (int part = from; part < to; part++) {
        int first = equalTriangles(part);
        run(workers[part], first, equalTriangles(part + 1) - first);
      }
    }

    private void run(Worker worker, int first, int count) {
      if (first > 0) {
        worker.a.show(factor).columns(0, first);
        worker.b.show(factor).columns(first, count);
        worker.c.show(result).columns(first, count).rows(0, first);
        worker.multiply(Transpose.YES, Transpose.NO, 1, 0);
      }
      worker.a.show(factor).columns(first, count);
      worker.c.show(result).columns(first, count).rows(first, count);
      worker.square();
    }

    /** Where a part begins if all have as much of the upper triangle. */
    private int equalTriangles(int part) {
      int n = result.columns();
      return part == parts ? n : (int) (n * Math.sqrt((double) part / parts)) / BLOCK * BLOCK;
    }
  }

  /** What one part of a product works on, and the memory of its copies. */
  private final class Worker {
    final Window a = new Window();
    final Window b = new Window();
    final Window c = new Window();
    private final Window termsOfA = new Window();
    private final Window termsOfB = new Window();
    private final Copy copyOfA = new Copy();
    private final Copy copyOfB = new Copy();
    private final Copy copyOfC = new Copy();

    /**
     * C ← α op(A) op(B) + β C. Where a factor cannot be passed on as it is, its last column is
     * taken apart, or the factor is copied, whichever moves less.
     */
    void multiply(Transpose transposeA, Transpose transposeB, double alpha, double beta) {
      double copied =
          (a.endsInsideItsArray() ? 0.0 : a.size()) + (b.endsInsideItsArray() ? 0.0 : b.size());
      int last = (transposeA == Transpose.NO ? a.columns() : a.rows()) - 1;
      if (copied > 2.0 * c.size()) {
        showTerms(transposeA, transposeB, 0, last);
        if (termsOfA.endsInsideItsArray() && termsOfB.endsInsideItsArray()) {
          call(transposeA, transposeB, alpha, beta);
          showTerms(transposeA, transposeB, last, 1);
          call(transposeA, transposeB, alpha, 1);
          return;
        }
      }
      showTerms(transposeA, transposeB, 0, last + 1);
      call(transposeA, transposeB, alpha, beta);
    }

    /** So many terms of the inner dimension, from that one on. */
    private void showTerms(Transpose transposeA, Transpose transposeB, int first, int count) {
      along(transposeA == Transpose.YES, termsOfA.show(a), first, count);
      along(transposeB == Transpose.NO, termsOfB.show(b), first, count);
    }

    /** C ← α op(A) op(B) + β C of the terms that are shown. */
    private void call(Transpose transposeA, Transpose transposeB, double alpha, double beta) {
      int k = transposeA == Transpose.NO ? termsOfA.columns() : termsOfA.rows();
      Window x = copyOfA.reachable(termsOfA);
      Window y = copyOfB.reachable(termsOfB);
      if (c.matrix().precision() == Precision.FP32) {
        blas.sgemm(
            letter(transposeA),
            letter(transposeB),
            c.rows(),
            c.columns(),
            k,
            (float) alpha,
            x.matrix().floats(),
            x.start(),
            x.stride(),
            y.matrix().floats(),
            y.start(),
            y.stride(),
            (float) beta,
            c.matrix().floats(),
            c.start(),
            c.stride());
      } else {
        blas.dgemm(
            letter(transposeA),
            letter(transposeB),
            c.rows(),
            c.columns(),
            k,
            alpha,
            x.matrix().doubles(),
            x.start(),
            x.stride(),
            y.matrix().doubles(),
            y.start(),
            y.stride(),
            beta,
            c.matrix().doubles(),
            c.start(),
            c.stride());
      }
      copyOfA.forget();
      copyOfB.forget();
    }

    /** The upper triangle of C ← AᵀA. */
    void square() {
      Window x = copyOfA.reachable(a);
      Window y = copyOfC.reachable(c);
      int n = c.rows();
      int k = a.rows();
      if (c.matrix().precision() == Precision.FP32) {
        blas.ssyrk(
            "U",
            "T",
            n,
            k,
            1,
            x.matrix().floats(),
            x.start(),
            x.stride(),
            0,
            y.matrix().floats(),
            y.start(),
            y.stride());
      } else {
        blas.dsyrk(
            "U",
            "T",
            n,
            k,
            1,
            x.matrix().doubles(),
            x.start(),
            x.stride(),
            0,
            y.matrix().doubles(),
            y.start(),
            y.stride());
      }
      if (y != c) {
        c.assign(y);
      }
      copyOfA.forget();
      copyOfC.forget();
    }
  }

  /**
   * The binding refuses a factor, or the result of a symmetric product, whose last column is not
   * followed by the rest of its leading dimension, though BLAS would not touch it; such a view is
   * copied, a result there and back.
   */
  private final class Copy {
    private final Window window = new Window();
    private CpuMatrix memory;

    /** The view itself, or a contiguous copy, which lasts until {@link #forget}. */
    Window reachable(Window view) {
      if (view.endsInsideItsArray()) {
        return view;
      }
      Precision precision = view.matrix().precision();
      if (memory == null || memory.precision() != precision || memory.size() < view.size()) {
        memory = CpuMatrix.allocate(view.rows(), view.columns(), precision);
      }
      window.show(memory, view.rows(), view.columns());
      window.assign(view);
      return window;
    }

    /** Keeps the memory for the next one, unless it is large. */
    void forget() {
      if (memory != null && memory.size() > MOST_KEPT / parallel.threads()) {
        memory.free();
        memory = null;
      }
    }
  }

  private static void callFromEachThread() {
    if (OpenBlas.failure() == null) {
      OpenBlas.callFromEachThread();
    }
  }

  private static String letter(Transpose transpose) {
    return transpose == Transpose.NO ? "N" : "T";
  }
}
