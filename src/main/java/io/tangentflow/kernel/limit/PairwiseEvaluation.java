package io.tangentflow.kernel.limit;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.limit.DotProductKernel.Kind;
import io.tangentflow.model.DenseMatrix;
import java.util.EnumMap;
import java.util.Set;

/** Tiles pair by pair. */
abstract class PairwiseEvaluation implements TileEvaluation {

  private double nngpError;
  private double ntkError;

  /**
   * The kernels of all pairs of a tile, column by column.
   *
   * @param rho correlations, in [−1, 1]
   */
  abstract LimitValue[] pairs(
      DenseMatrix rho, double[] rowNorms, double[] columnNorms, Workspace scratch);

  /** Small, as half of a tile on the diagonal is computed in vain, and for progress reports. */
  @Override
  public int tileSize() {
    return 16;
  }

  @Override
  public EnumMap<Kind, DenseMatrix> evaluate(
      Matrix rho, double[] rowNorms, double[] columnNorms, Set<Kind> kinds, Workspace scratch) {
    DenseMatrix correlations = scratch.backend().download(rho);
    for (int n = 0; n < correlations.values().length; n++) {
      correlations.values()[n] = Math.max(-1, Math.min(1, correlations.values()[n]));
    }
    LimitValue[] pairs = pairs(correlations, rowNorms, columnNorms, scratch);
    for (LimitValue pair : pairs) {
      nngpError = Math.max(nngpError, pair.nngpError());
      ntkError = Math.max(ntkError, pair.ntkError());
    }
    EnumMap<Kind, DenseMatrix> tile = new EnumMap<>(Kind.class);
    for (Kind kind : kinds) {
      DenseMatrix k = DenseMatrix.zeros(rho.rows(), rho.columns());
      for (int n = 0; n < pairs.length; n++) {
        k.values()[n] = kind == Kind.NNGP ? pairs[n].nngp() : pairs[n].ntk();
      }
      tile.put(kind, k);
    }
    return tile;
  }

  @Override
  public double error(Kind kind) {
    return kind == Kind.NNGP ? nngpError : ntkError;
  }
}
