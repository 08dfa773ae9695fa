package io.tangentflow.spectrum;

import dev.ludovic.netlib.lapack.LAPACK;
import io.tangentflow.model.DenseMatrix;
import org.netlib.util.intW;

/**
 * (K − σI)⁻¹ by Cholesky's factorisation, for a σ below all eigenvalues of K: its greatest
 * eigenvalues 1/(λ − σ) are those of the least λ, and lie far apart where these are close together
 * relative to ‖K‖.
 *
 * @param order N
 * @param shift σ
 * @param factor the lower triangle L of K − σI = LLᵀ, in N×N numbers
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record ShiftedInverse(int order, double shift, double[] factor) {

  /**
   * −σ/‖K‖_F of the first shift. A solve is in error by u/FIRST of the greatest 1/(λ − σ), so that
   * a σ next to a λ_min of 0 would leave of the others' vectors nothing. It is far beyond N·u, what
   * rounding may do to the factorisation.
   */
  private static final double FIRST = 1e-8;

  /** How fast the next ones move away. */
  private static final double AWAY = 16;

  /**
   * With the first of the shifts −10⁻⁸‖K‖_F s, s = 1, 16, 16², … that the factorisation accepts; at
   * ‖K‖_F it accepts any matrix. The matrix is finite and not modified, and only its lower triangle
   * is read.
   */
  static ShiftedInverse below(DenseMatrix symmetric) {
    int n = symmetric.rows();
    double norm = symmetric.norm();
    double unit = norm > 0 ? FIRST * norm : 1;
    double[] a = new double[symmetric.values().length];
    for (double away = 1; ; away *= AWAY) {
      System.arraycopy(symmetric.values(), 0, a, 0, a.length);
      double shift = -away * unit;
      for (int i = 0; i < n; i++) {
        a[i + i * n] -= shift;
      }
      intW info = new intW(0);
      Spectrum.lapack().dpotrf("L", n, a, n, info);
      if (info.val == 0) {
        return new ShiftedInverse(n, shift, a);
      }
      if (-shift > 2 * AWAY * norm) {
        throw new ArithmeticException("dpotrf refuses a matrix whose diagonal dominates");
      }
    }
  }

  /**
   * Solves by the factor; its rounding is no one's concern, as K itself judges what it leads to.
   */
  SymmetricOperator operator() {
    LAPACK lapack = Spectrum.lapack();
    return new SymmetricOperator(
        order,
        x -> {
          DenseMatrix y = new DenseMatrix(x.rows(), x.columns(), x.values().clone());
          intW info = new intW(0);
          lapack.dpotrs("L", order, y.columns(), factor, order, y.values(), order, info);
          Spectrum.requireConverged("dpotrs", info);
          return y;
        },
        0);
  }
}
