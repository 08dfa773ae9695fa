package io.tangentflow.kernel.limit;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.limit.DotProductKernel.Kind;
import io.tangentflow.model.DenseMatrix;
import java.util.EnumMap;
import java.util.Optional;
import java.util.Set;

/** A way from the correlations of a tile of a Gram to its kernels. */
interface TileEvaluation {

  /** How, in words. */
  String description();

  /** The series that it evaluates; empty if there is none. */
  default Optional<DotProductKernel> kernel() {
    return Optional.empty();
  }

  /** Rows and columns of a tile that suits it. */
  int tileSize();

  /**
   * The kernels of a tile.
   *
   * @param rho correlations, on the backend of the workspace. May be modified.
   * @param rowNorms ‖x‖/√d of the inputs of its rows
   * @param columnNorms the same of its columns
   * @param kinds which kernels
   * @param scratch gives what memory it takes, and has it back on return
   */
  EnumMap<Kind, DenseMatrix> evaluate(
      Matrix rho, double[] rowNorms, double[] columnNorms, Set<Kind> kinds, Workspace scratch);

  /** The largest error estimate of an entry of that kernel evaluated so far. */
  double error(Kind kind);
}
