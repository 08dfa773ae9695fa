package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;

/**
 * A symmetric matrix of a file, in which two entries that are to be equal may differ by rounding.
 *
 * @param matrix ½(K + Kᵀ), exactly symmetric
 * @param asymmetry a bound of the spectral norm of what was added to K or Kᵀ: 0 for a file that is
 *     exactly symmetric
 */
record SymmetricFile(DenseMatrix matrix, double asymmetry) {

  /** Relative asymmetry above which a matrix is not a Gram matrix in FP32 either. */
  private static final double TOLERANCE = 1e-5;

  /**
   * Reads it.
   *
   * @throws DataFormat if the matrix is not square, not finite or not symmetric
   */
  static SymmetricFile read(Path file) {
    DenseMatrix matrix = Npy.readFinite(file);
    if (matrix.rows() != matrix.columns() || matrix.rows() == 0) {
      throw new DataFormat(
          file, "is " + matrix.rows() + "×" + matrix.columns() + ", not a square matrix", null);
    }
    double norm = matrix.norm();
    if (!Double.isFinite(norm)) {
      throw new DataFormat(file, "has a norm that no number in fp64 can be; scale it down", null);
    }
    DenseMatrix transpose = matrix.transpose();
    double distance = matrix.distance(transpose);
    if (!(distance <= TOLERANCE * norm)) {
      throw new DataFormat(
          file, String.format("is not symmetric: ‖K − Kᵀ‖/‖K‖ = %.1e", distance / norm), null);
    }
    return distance == 0 ? new SymmetricFile(matrix, 0) : mean(matrix, transpose);
  }

  private static SymmetricFile mean(DenseMatrix matrix, DenseMatrix transpose) {
    int n = matrix.rows();
    DenseMatrix mean = DenseMatrix.zeros(n, n);
    double greatest = 0;
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        double one = matrix.get(i, j);
        double other = transpose.get(i, j);
        double between = 0.5 * one + 0.5 * other;
        mean.set(i, j, between);
        // The mean is rounded, perhaps to one of two neighbours.
        sum += Math.max(Math.abs(between - one), Math.abs(between - other));
      }
      greatest = Math.max(greatest, sum);
    }
    return new SymmetricFile(mean, greatest);
  }

  /** What the asymmetry is taken for, a line to be added; empty if there is none. */
  String errors() {
    return asymmetry == 0
        ? ""
        : String.format(
            "%nThe file is not exactly symmetric: eigenvalues are those of ½(K + Kᵀ), and"
                + " ½‖K − Kᵀ‖ ≤ %.2g is in their error bounds.",
            asymmetry);
  }
}
