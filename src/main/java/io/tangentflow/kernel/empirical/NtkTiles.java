package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.kernel.empirical.TimeCompression.Compressed;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.Weights;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The tiles on and below the diagonal of an empirical NTK's Gram matrix, one at a time, for
 * matrices that memory does not hold. A tile is of the samples of two blocks of the plan; those of
 * a row of tiles share the features of the row's samples.
 */
public final class NtkTiles {

  private final EmpiricalNtk ntk;

  /** The tiles of a kernel whose plan has their size. */
  public NtkTiles(EmpiricalNtk ntk) {
    this.ntk = ntk;
  }

  /** Says which tiles are wanted, and takes them. */
  public interface Sink {

    /**
     * Whether a tile shall be computed. Asked before its row is begun, and once more when its turn
     * comes.
     *
     * @param row among tiles
     * @param column among tiles, at most {@code row}
     */
    boolean wants(int row, int column);

    /**
     * Takes a tile.
     *
     * @param tile its outputs' rows and columns as of the whole matrix; symmetric bit by bit on the
     *     diagonal
     * @param gradientError a bound on √Σ_io ‖δ ∂f_o(x_i)/∂W‖² over the row's samples, of fewer
     *     nodes in time; 0 if all are kept
     */
    void accept(int row, int column, DenseMatrix tile, double gradientError);
  }

  /**
   * Computes the wanted tiles, row by row.
   *
   * @param inputs x, d×N. Not modified.
   * @return the most bytes that the backend held at one time
   * @throws NonFiniteState if a state, an adjoint or an entry overflows
   */
  public long forEach(Parameters parameters, DenseMatrix inputs, Backend backend, Sink sink) {
    NeuralOde model = ntk.model();
    GramPlan plan = ntk.plan();
    int blocks = (inputs.columns() - 1) / plan.blockSize() + 1;
    String purpose =
        "a tile of " + plan.blockSize() + " samples (see --tile) at width " + model.width();
    try (Workspace workspace = backend.workspace(purpose, plan.deviceBytes())) {
      Weights weights = null;
      for (int i = 0; i < blocks; i++) {
        int row = i;
        List<Integer> columns =
            IntStream.rangeClosed(0, i).filter(j -> sink.wants(row, j)).boxed().toList();
        if (!columns.isEmpty()) {
          weights = weights == null ? plan.place(model, parameters, workspace) : weights;
          row(weights, inputs, row, columns, workspace, sink);
        }
      }
      return workspace.peakBytes();
    }
  }

  private void row(
      Weights weights,
      DenseMatrix inputs,
      int row,
      List<Integer> columns,
      Workspace workspace,
      Sink sink) {
    try (Workspace outer = workspace.scope()) {
      Compressed kept = ntk.features(weights, inputs, row, outer);
      TangentFeatures rows = kept.features();
      for (int column : columns) {
        if (!sink.wants(row, column)) {
          continue; // Another process was faster.
        }
        try (Workspace inner = outer.scope()) {
          TangentFeatures others =
              column == row ? rows : ntk.features(weights, inputs, column, inner).features();
          DenseMatrix tile = ntk.block(rows, others, inner, fraction -> {}).values();
          ntk.requireFinite(tile, column * ntk.plan().blockSize());
          if (column == row) {
            EmpiricalNtk.place(tile, tile, 0, 0); // symmetrised
          }
          sink.accept(row, column, tile, kept.error());
        }
      }
    }
  }
}
