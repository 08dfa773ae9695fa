package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;

/** A Gram matrix in an {@code .npy} file. */
final class GramFile {

  /** Relative asymmetry above which a matrix is not a Gram matrix in FP32 either. */
  private static final double ASYMMETRY = 1e-5;

  private GramFile() {}

  /**
   * Reads a matrix that is square, finite and, but for rounding, symmetric.
   *
   * @throws DataFormat if it is not, or as {@link Npy#readFinite} says
   */
  static DenseMatrix read(Path file) {
    DenseMatrix matrix = Npy.readFinite(file);
    if (matrix.rows() != matrix.columns() || matrix.rows() == 0) {
      throw new DataFormat(
          file, "is " + matrix.rows() + "×" + matrix.columns() + ", not a square matrix", null);
    }
    double asymmetry = matrix.distance(matrix.transpose());
    if (asymmetry > ASYMMETRY * matrix.norm()) {
      throw new DataFormat(
          file,
          String.format("is not symmetric: ‖K − Kᵀ‖/‖K‖ = %.1e", asymmetry / matrix.norm()),
          null);
    }
    return matrix;
  }
}
