package io.tangentflow.spectrum;

/**
 * An eigenvalue of a matrix whose entries are known to within errors, with the parts of its error
 * bound. By Weyl's inequality errors of the entries move an eigenvalue by no more than ‖E‖₂ ≤ ‖E‖_F
 * ≤ N·max|E_ij|.
 *
 * @param value λ
 * @param evaluation N times the error of an entry as a function of its inputs' inner products
 * @param inputs N times the error that rounding of those inner products makes in an entry
 * @param solver bound of the error of λ as an eigenvalue of the stored matrix
 */
public record CertifiedEigenvalue(double value, double evaluation, double inputs, double solver) {

  /** The sum of the three parts. */
  public double bound() {
    return evaluation + inputs + solver;
  }

  /** The least that the exact eigenvalue can be. */
  public double lower() {
    return value - bound();
  }

  /** The most that the exact eigenvalue can be. */
  public double upper() {
    return value + bound();
  }
}
