package io.tangentflow.kernel.limit;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.limit.DotProductKernel.Kind;
import io.tangentflow.model.DenseMatrix;
import java.util.EnumMap;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;

/** Tiles pair by pair, on the threads of a pool. */
final class PairEvaluation implements TileEvaluation {

  private final Tabulation.Values values;
  private final ForkJoinPool pool;
  private double nngpError;
  private double ntkError;

  PairEvaluation(Tabulation.Values values, ForkJoinPool pool) {
    this.values = values;
    this.pool = pool;
  }

  @Override
  public String description() {
    return "pair by pair";
  }

  /** Small, as half of a tile on the diagonal is computed in vain, and for progress reports. */
  @Override
  public int tileSize() {
    return 32;
  }

  @Override
  public EnumMap<Kind, DenseMatrix> evaluate(
      Matrix rho, double[] rowNorms, double[] columnNorms, Set<Kind> kinds, Workspace scratch) {
    DenseMatrix correlations = scratch.backend().download(rho);
    int rows = rho.rows();
    LimitValue[] pairs = new LimitValue[rows * rho.columns()];
    pool.submit(
            () ->
                IntStream.range(0, pairs.length)
                    .parallel()
                    .forEach(
                        n ->
                            pairs[n] =
                                values.at(
                                    rowNorms[n % rows],
                                    columnNorms[n / rows],
                                    Math.max(-1, Math.min(1, correlations.values()[n])))))
        .join();
    EnumMap<Kind, DenseMatrix> tile = new EnumMap<>(Kind.class);
    for (Kind kind : kinds) {
      DenseMatrix k = DenseMatrix.zeros(rows, rho.columns());
      for (int n = 0; n < pairs.length; n++) {
        k.values()[n] = kind == Kind.NNGP ? pairs[n].nngp() : pairs[n].ntk();
      }
      tile.put(kind, k);
    }
    for (LimitValue pair : pairs) {
      nngpError = Math.max(nngpError, pair.nngpError());
      ntkError = Math.max(ntkError, pair.ntkError());
    }
    return tile;
  }

  @Override
  public LimitValue diagonal(double norm) {
    return values.at(norm, norm, 1);
  }

  @Override
  public double error(Kind kind) {
    return kind == Kind.NNGP ? nngpError : ntkError;
  }
}
