package io.tangentflow.kernel.limit;

import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.limit.TwoTimeBatch.InputPair;
import io.tangentflow.model.DenseMatrix;
import java.util.ArrayList;
import java.util.List;

/** Tiles pair by pair, in batches on the backend. */
final class BatchEvaluation extends PairwiseEvaluation {

  private final LimitBatch batch;

  BatchEvaluation(LimitBatch batch) {
    this.batch = batch;
  }

  @Override
  public String description() {
    return "pair by pair, in batches on the backend";
  }

  @Override
  LimitValue[] pairs(DenseMatrix rho, double[] rowNorms, double[] columnNorms, Workspace scratch) {
    List<InputPair> pairs = new ArrayList<>();
    for (int j = 0; j < columnNorms.length; j++) {
      for (int i = 0; i < rowNorms.length; i++) {
        pairs.add(
            new InputPair(
                rowNorms[i] * rowNorms[i],
                columnNorms[j] * columnNorms[j],
                rho.get(i, j) * rowNorms[i] * columnNorms[j]));
      }
    }
    return batch.solve(pairs, scratch);
  }
}
