package io.tangentflow.spectrum;

import dev.ludovic.netlib.lapack.JavaLAPACK;
import dev.ludovic.netlib.lapack.LAPACK;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.cpu.DenseProducts;
import io.tangentflow.backend.cpu.OpenBlas;
import io.tangentflow.model.DenseMatrix;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;
import org.netlib.util.intW;

/**
 * Eigenvalues and eigenvectors of symmetric matrices, by LAPACK in FP64. Of a matrix only its lower
 * triangle is read.
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
  @API(status = Status.STABLE, since = "0.1")
  public record Extreme(double value, double residual, double errorBound) {}

  /** The order from which on dsyevd's workspace, 1 + 6N + 2N², exceeds a Java array. */
  private static final int ORDER_TOO_GREAT = 32_767;

  /**
   * K = V diag(λ) Vᵀ.
   *
   * @param values the N eigenvalues λ, rising
   * @param vectors V, N×N, orthogonal to rounding; column i belongs to λ_i
   * @param errorBound a bound of the distance of each λ_i to the exact one of K: ‖KV − V diag(λ)‖_F
   *     and LAPACK's backward error N·u·‖K‖ together. It does not know how K itself was computed.
   */
  @API(status = Status.STABLE, since = "0.1")
  @SuppressWarnings("ArrayRecordComponent") // Eigenvalues are data; equality is never asked.
  public record Decomposition(double[] values, DenseMatrix vectors, double errorBound) {}

  /**
   * All eigenvalues with their eigenvectors, by divide and conquer (dsyevd).
   *
   * @param symmetric K, N×N. Not modified.
   * @return K = V diag(λ) Vᵀ
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if N exceeds 32,766
   */
  @API(status = Status.STABLE, since = "0.1")
  public static Decomposition decomposition(DenseMatrix symmetric) {
    int n = order(symmetric);
    if (n >= ORDER_TOO_GREAT) {
      throw new InvalidConfiguration(
          "--samples",
          "a Gram matrix of order "
              + n
              + " is too large for all its eigenvectors; its order must be below "
              + ORDER_TOO_GREAT);
    }
    double[] values = new double[n];
    double[] work = new double[1 + 6 * n + 2 * n * n];
    int[] integerWork = new int[3 + 5 * n];
    double[] vectors = symmetric.values().clone();
    intW info = new intW(0);
    lapack()
        .dsyevd(
            "V",
            "L",
            n,
            vectors,
            n,
            values,
            work,
            work.length,
            integerWork,
            integerWork.length,
            info);
    requireConverged("dsyevd", info);
    DenseMatrix v = new DenseMatrix(n, n, vectors);
    double residual = residual(symmetric, values, v);
    return new Decomposition(values, v, residual + backwardError(symmetric));
  }

  /** ‖KV − V diag(λ)‖_F. */
  private static double residual(DenseMatrix symmetric, double[] values, DenseMatrix vectors) {
    DenseMatrix product = DenseProducts.symmetricProduct(symmetric, vectors);
    for (int j = 0; j < values.length; j++) {
      for (int i = 0; i < values.length; i++) {
        product.set(i, j, product.get(i, j) - values[j] * vectors.get(i, j));
      }
    }
    return product.norm();
  }

  /**
   * All eigenvalues, and of the extreme ones what bounds their errors, from one reduction to a
   * tridiagonal matrix.
   *
   * @param values the N eigenvalues λ, rising
   */
  @SuppressWarnings("ArrayRecordComponent") // Eigenvalues are data; equality is never asked.
  public record Whole(double[] values, Extreme least, Extreme greatest) {}

  /** All eigenvalues and both extreme ones. The matrix is not modified. */
  public static Whole whole(DenseMatrix symmetric) {
    Tridiagonal reduced = reduced(symmetric);
    return new Whole(
        reduced.eigenvalues(), extreme(symmetric, reduced, 1), greatest(symmetric, reduced));
  }

  /**
   * Both extreme eigenvalues.
   *
   * @param least λ_min
   * @param greatest λ_max
   */
  @API(status = Status.STABLE, since = "0.1")
  public record Ends(Extreme least, Extreme greatest) {}

  /**
   * Both extreme eigenvalues from one reduction.
   *
   * @param symmetric K, N×N. Not modified.
   * @return λ_min and λ_max
   */
  @API(status = Status.STABLE, since = "0.1")
  public static Ends ends(DenseMatrix symmetric) {
    Tridiagonal reduced = reduced(symmetric);
    return new Ends(extreme(symmetric, reduced, 1), greatest(symmetric, reduced));
  }

  /**
   * All eigenvalues.
   *
   * @param symmetric K, N×N. Not modified.
   * @return the N eigenvalues, rising
   */
  @API(status = Status.STABLE, since = "0.1")
  public static double[] eigenvalues(DenseMatrix symmetric) {
    return reduced(symmetric).eigenvalues();
  }

  /**
   * The least eigenvalue.
   *
   * @param symmetric K, N×N. Not modified.
   * @return λ_min with its error bound
   */
  @API(status = Status.STABLE, since = "0.1")
  public static Extreme least(DenseMatrix symmetric) {
    return extreme(symmetric, reduced(symmetric), 1);
  }

  /**
   * The greatest eigenvalue.
   *
   * @param symmetric K, N×N. Not modified.
   * @return λ_max with its error bound
   */
  @API(status = Status.STABLE, since = "0.1")
  public static Extreme greatest(DenseMatrix symmetric) {
    return greatest(symmetric, reduced(symmetric));
  }

  private static Tridiagonal reduced(DenseMatrix symmetric) {
    order(symmetric);
    return new Tridiagonal(symmetric);
  }

  private static Extreme greatest(DenseMatrix symmetric, Tridiagonal reduced) {
    return extreme(symmetric, reduced, symmetric.rows());
  }

  private static Extreme extreme(DenseMatrix symmetric, Tridiagonal reduced, int index) {
    Tridiagonal.Pair pair = reduced.pair(index);
    double residual = residual(symmetric, pair.value(), pair.vector());
    return new Extreme(pair.value(), residual, residual + backwardError(symmetric));
  }

  /** N·u·‖K‖, with the Frobenius norm, which bounds the spectral norm. */
  private static double backwardError(DenseMatrix symmetric) {
    return symmetric.rows() * Precision.FP64.unitRoundoff() * symmetric.norm();
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
    double largest = 0;
    double norm = 0;
    for (int i = 0; i < n; i++) {
      product[i] -= value * vector[i];
      largest = Math.max(largest, Math.abs(product[i]));
      norm += vector[i] * vector[i];
    }
    // Scaled by a power of two, which rounds nothing, so that no square over- or underflows.
    int exponent = Math.getExponent(largest);
    double sum = 0;
    for (double r : product) {
      double scaled = Math.scalb(r, -exponent);
      sum += scaled * scaled;
    }
    return Math.scalb(Math.sqrt(sum / norm), exponent);
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

  static void requireConverged(String routine, intW info) {
    if (info.val != 0) {
      throw new ArithmeticException(routine + " did not converge (info = " + info.val + ")");
    }
  }

  static LAPACK lapack() {
    if (OpenBlas.lapackFailure() == null) {
      return OpenBlas.lapack();
    }
    LOG.log(
        System.Logger.Level.WARNING,
        OpenBlas.lapackFailure() + "; eigenvalues are computed in Java, many times slower");
    return JavaLAPACK.getInstance();
  }
}
