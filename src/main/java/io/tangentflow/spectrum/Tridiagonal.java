package io.tangentflow.spectrum;

import dev.ludovic.netlib.lapack.LAPACK;
import io.tangentflow.model.DenseMatrix;
import org.netlib.util.intW;

/**
 * A symmetric matrix reduced to tridiagonal form, K = QTQᵀ (dsytrd). The reduction is what an
 * eigenvalue of a dense matrix costs, (4/3)N³ FLOPs; it is done once for all that is asked of it.
 * It holds N² numbers, half of them Q's reflectors.
 */
final class Tridiagonal {

  /** Columns of a block of reflectors; a larger workspace is not used. */
  private static final int BLOCK = 64;

  private final LAPACK lapack = Spectrum.lapack();
  private final int n;
  private final int exponent;
  private final double[] reflectors;
  private final double[] scales;
  private final double[] diagonal;
  private final double[] beside;

  /** Reduces a copy of the matrix, of which only the lower triangle is read. */
  Tridiagonal(DenseMatrix symmetric) {
    n = symmetric.rows();
    reflectors = symmetric.values().clone();
    exponent = scaleToUnity(reflectors);
    scales = new double[Math.max(1, n - 1)];
    diagonal = new double[n];
    beside = new double[Math.max(1, n - 1)];
    double[] work = new double[n * BLOCK];
    intW info = new intW(0);
    lapack.dsytrd("L", n, reflectors, n, diagonal, beside, scales, work, work.length, info);
    Spectrum.requireConverged("dsytrd", info);
  }

  /** So that no square over- or underflows. By a power of two, which rounds nothing. */
  private static int scaleToUnity(double[] values) {
    double largest = 0;
    for (double value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    int exponent = largest == 0 ? 0 : Math.getExponent(largest);
    double factor = Math.scalb(1.0, -exponent);
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
    return exponent;
  }

  /** All eigenvalues, rising (dsterf). */
  double[] eigenvalues() {
    double[] values = diagonal.clone();
    intW info = new intW(0);
    lapack.dsterf(n, values, beside.clone(), info);
    Spectrum.requireConverged("dsterf", info);
    for (int i = 0; i < n; i++) {
      values[i] = Math.scalb(values[i], exponent);
    }
    return values;
  }

  /**
   * An eigenvalue with its unit eigenvector.
   *
   * @param value λ
   * @param vector v, N numbers
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Pair(double value, double[] vector) {}

  /**
   * The eigenvalue of that index, from 1 for the least to N, by bisection, and its vector by
   * inverse iteration (dstebz, dstein), as dsyevr does.
   */
  Pair pair(int index) {
    double[] values = new double[n];
    int[] blocks = new int[n];
    int[] splits = new int[n];
    intW info = new intW(0);
    lapack.dstebz(
        "I",
        "B",
        n,
        0,
        0,
        index,
        index,
        0,
        diagonal,
        beside,
        new intW(0),
        new intW(0),
        values,
        blocks,
        splits,
        new double[4 * n],
        new int[3 * n],
        info);
    Spectrum.requireConverged("dstebz", info);
    double[] vector = new double[n];
    lapack.dstein(
        n,
        diagonal,
        beside,
        1,
        values,
        blocks,
        splits,
        vector,
        n,
        new double[5 * n],
        new int[n],
        new int[1],
        info);
    Spectrum.requireConverged("dstein", info);
    double[] work = new double[BLOCK];
    lapack.dormtr("L", "L", "N", n, 1, reflectors, n, scales, vector, n, work, work.length, info);
    Spectrum.requireConverged("dormtr", info);
    return new Pair(Math.scalb(values[0], exponent), vector);
  }
}
