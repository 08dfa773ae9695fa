package io.tangentflow.kernel.empirical;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;

/**
 * The squared norms of columns of matrices, added up in FP64 on the backend and read once: a host
 * that asked for each would wait for the device each time.
 */
final class ColumnSquares {

  private final Workspace owner;
  private final Backend backend;
  private final Matrix squares;

  /**
   * None yet.
   *
   * @param owner has the sums, n×columns in FP64
   */
  ColumnSquares(int rows, int columns, Workspace owner) {
    this.owner = owner;
    backend = owner.backend();
    squares = owner.allocate(rows, columns, Precision.FP64);
  }

  /** Adds those of one matrix, or of several side by side. */
  void add(Matrix slots) {
    backend.contract(slots, slots, squares);
  }

  /** Σ ‖X_i‖² of each column i. */
  double[] total() {
    double[] ones = new double[squares.rows()];
    Arrays.fill(ones, 1);
    Matrix row = owner.allocate(1, squares.rows(), Precision.FP64);
    backend.upload(new DenseMatrix(1, squares.rows(), ones), row);
    Matrix total = owner.allocate(1, squares.columns(), Precision.FP64);
    backend.gemm(Transpose.NO, Transpose.NO, 1, row, squares, 0, total);
    return backend.download(total).values();
  }

  /** Bytes of the owner that it takes. */
  static long bytes(int rows, long columns) {
    return Double.BYTES * (rows * columns + rows + columns);
  }
}
