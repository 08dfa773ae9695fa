package io.tangentflow.kernel.limit;

import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;

/** Tiles pair by pair, on the threads of a pool. */
final class PairEvaluation extends PairwiseEvaluation {

  private final Tabulation.Values values;
  private final ForkJoinPool pool;

  PairEvaluation(Tabulation.Values values, ForkJoinPool pool) {
    this.values = values;
    this.pool = pool;
  }

  @Override
  public String description() {
    return "pair by pair";
  }

  @Override
  LimitValue[] pairs(DenseMatrix rho, double[] rowNorms, double[] columnNorms, Workspace scratch) {
    int rows = rho.rows();
    return pool.submit(
            () ->
                IntStream.range(0, rho.values().length)
                    .parallel()
                    .mapToObj(
                        n -> values.at(rowNorms[n % rows], columnNorms[n / rows], rho.values()[n]))
                    .toArray(LimitValue[]::new))
        .join();
  }
}
