package io.tangentflow.spectrum;

import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;
import org.netlib.util.intW;

/**
 * An extreme eigenvalue λ of a symmetric matrix with a bound of its error that does not rest on the
 * eigen-solver: LAPACK's value is verified from inside by its residual, and from outside by
 * Cholesky. Where the factorisation of A runs to completion in floating point, whatever the order
 * of its sums,
 *
 * <pre>
 *   λ_min(A) ≥ −γ/(1 − 2γ) tr A,     γ = (N+1)u / (1 − (N+1)u)
 * </pre>
 *
 * (S. M. Rump, Verification of positive definiteness, BIT 46, 2006). It is run on A = K − sI with s
 * just below λ_min, and on A = sI − K with s just above λ_max.
 *
 * @param value λ
 * @param bound of the distance to the exact eigenvalue of the matrix as it is stored: the residual,
 *     LAPACK's backward error N·u·‖K‖₂, and what the verification adds
 */
public record VerifiedEigenvalue(double value, double bound) {

  /** The least eigenvalue. Only the lower triangle is read; the matrix is not modified. */
  public static VerifiedEigenvalue least(DenseMatrix symmetric) {
    return verified(Spectrum.least(symmetric), symmetric, 1);
  }

  /** The greatest eigenvalue. Only the lower triangle is read; the matrix is not modified. */
  public static VerifiedEigenvalue greatest(DenseMatrix symmetric) {
    return verified(Spectrum.greatest(symmetric), symmetric, -1);
  }

  /**
   * What it says of a symmetric matrix that is as near as the error in the spectral norm (Weyl).
   */
  VerifiedEigenvalue within(double error) {
    return new VerifiedEigenvalue(value, bound + error);
  }

  /** For sign 1 that sign·K has no eigenvalue far below sign·λ. */
  static VerifiedEigenvalue verified(Spectrum.Extreme extreme, DenseMatrix symmetric, int sign) {
    int n = symmetric.rows();
    if (Arrays.stream(symmetric.values()).allMatch(entry -> entry == 0)) {
      return new VerifiedEigenvalue(0, 0);
    }
    double edge = sign * extreme.value() - extreme.errorBound();
    double trace = -n * edge;
    double largest = 0;
    for (int i = 0; i < n; i++) {
      trace += sign * symmetric.get(i, i);
      largest = Math.max(largest, Math.abs(symmetric.get(i, i)));
    }
    // Twice the theorem's bound, which is for the shift itself and the sum of the trace as well.
    double slack = 2 * Precision.FP64.unitRoundoff() * ((n + 2) * trace + largest);
    if (!factorises(symmetric, sign, edge - slack)) {
      throw new ArithmeticException(
          "Cholesky's factorisation does not confirm the eigenvalue "
              + extreme.value()
              + " of LAPACK");
    }
    return new VerifiedEigenvalue(extreme.value(), extreme.errorBound() + 2 * slack);
  }

  /** Whether Cholesky's factorisation of sign·K − shift·I runs to completion. */
  private static boolean factorises(DenseMatrix symmetric, int sign, double shift) {
    int n = symmetric.rows();
    double[] a = new double[n * n];
    for (int k = 0; k < a.length; k++) {
      a[k] = sign * symmetric.values()[k];
    }
    for (int i = 0; i < n; i++) {
      a[i + i * n] -= shift;
    }
    intW info = new intW(0);
    Spectrum.lapack().dpotrf("L", n, a, n, info);
    return info.val == 0;
  }
}
