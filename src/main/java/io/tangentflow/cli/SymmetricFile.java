package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;

/** A file that is to hold a symmetric matrix. */
final class SymmetricFile {

  /** Relative asymmetry above which a matrix is not a Gram matrix in FP32 either. */
  private static final double ASYMMETRY = 1e-5;

  private SymmetricFile() {}

  /** Refuses a matrix, read from the file, that is not square or not symmetric. */
  static void require(DenseMatrix matrix, Path file) {
    if (matrix.rows() != matrix.columns() || matrix.rows() == 0) {
      throw new DataFormat(
          file, "is " + matrix.rows() + "×" + matrix.columns() + ", not a square matrix", null);
    }
    double norm = matrix.norm();
    if (!Double.isFinite(norm)) {
      throw new DataFormat(file, "has a norm that no number in fp64 can be; scale it down", null);
    }
    double asymmetry = matrix.distance(matrix.transpose());
    if (!(asymmetry <= ASYMMETRY * norm)) {
      throw new DataFormat(
          file, String.format("is not symmetric: ‖K − Kᵀ‖/‖K‖ = %.1e", asymmetry / norm), null);
    }
  }
}
