package io.tangentflow.spectrum;

import dev.ludovic.netlib.lapack.JavaLAPACK;
import dev.ludovic.netlib.lapack.LAPACK;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.cpu.OpenBlas;
import io.tangentflow.model.DenseMatrix;
import org.netlib.util.intW;

/**
 * Eigenvalues of symmetric matrices, by LAPACK in FP64. Of a matrix only its lower triangle is
 * read.
 */
public final class Spectrum {

  private static final System.Logger LOG = System.getLogger(Spectrum.class.getName());

  private Spectrum() {}

  /**
   * An extreme eigenvalue of a symmetric matrix.
   *
   * @param value the computed eigenvalue λ
   * @param residual ‖Kv − λv‖₂ of its computed unit eigenvector
   * @param errorBound a bound of the distance to the exact eigenvalue of K: the residual and
   *     LAPACK's backward error N·u·‖K‖₂ together. It does not know how K itself was computed.
   */
  public record Extreme(double value, double residual, double errorBound) {}

  /** All N eigenvalues, rising, by divide and conquer (dsyevd). The matrix is not modified. */
  public static double[] eigenvalues(DenseMatrix symmetric) {
    int n = order(symmetric);
    double[] values = new double[n];
    double[] work = new double[2 * n + 1];
    intW info = new intW(0);
    lapack()
        .dsyevd(
            "N",
            "L",
            n,
            symmetric.values().clone(),
            n,
            values,
            work,
            work.length,
            new int[1],
            1,
            info);
    requireConverged("dsyevd", info);
    return values;
  }

  /** The least eigenvalue (dsyevr). The matrix is not modified. */
  public static Extreme least(DenseMatrix symmetric) {
    return extreme(symmetric, 1);
  }

  /** The greatest eigenvalue (dsyevr). The matrix is not modified. */
  public static Extreme greatest(DenseMatrix symmetric) {
    return extreme(symmetric, order(symmetric));
  }

  private static Extreme extreme(DenseMatrix symmetric, int index) {
    int n = order(symmetric);
    double[] values = new double[n];
    double[] vector = new double[n];
    double[] work = new double[26 * n];
    int[] integerWork = new int[10 * n];
    intW found = new intW(0);
    intW info = new intW(0);
    lapack()
        .dsyevr(
            "V",
            "I",
            "L",
            n,
            symmetric.values().clone(),
            n,
            0,
            0,
            index,
            index,
            0,
            found,
            values,
            vector,
            n,
            new int[2 * n],
            work,
            work.length,
            integerWork,
            integerWork.length,
            info);
    requireConverged("dsyevr", info);
    double value = values[0];
    double residual = residual(symmetric, value, vector);
    // The Frobenius norm bounds the spectral norm.
    double backward = n * Precision.FP64.unitRoundoff() * symmetric.norm();
    return new Extreme(value, residual, residual + backward);
  }

  private static double residual(DenseMatrix symmetric, double value, double[] vector) {
    int n = vector.length;
    double[] product = new double[n];
    for (int j = 0; j < n; j++) {
      product[j] += symmetric.get(j, j) * vector[j];
      for (int i = j + 1; i < n; i++) {
        product[i] += symmetric.get(i, j) * vector[j];
        product[j] += symmetric.get(i, j) * vector[i];
      }
    }
    double sum = 0;
    double norm = 0;
    for (int i = 0; i < n; i++) {
      double r = product[i] - value * vector[i];
      sum += r * r;
      norm += vector[i] * vector[i];
    }
    return Math.sqrt(sum / norm);
  }

  private static int order(DenseMatrix symmetric) {
    if (symmetric.rows() != symmetric.columns() || symmetric.rows() == 0) {
      throw new IllegalArgumentException(
          "eigenvalues are those of a square matrix, not of "
              + symmetric.rows()
              + "x"
              + symmetric.columns());
    }
    return symmetric.rows();
  }

  private static void requireConverged(String routine, intW info) {
    if (info.val != 0) {
      throw new ArithmeticException(routine + " did not converge (info = " + info.val + ")");
    }
  }

  static LAPACK lapack() {
    if (OpenBlas.failure() == null) {
      return OpenBlas.lapack();
    }
    LOG.log(
        System.Logger.Level.WARNING,
        OpenBlas.failure() + "; eigenvalues are computed in Java, many times slower");
    return JavaLAPACK.getInstance();
  }
}
