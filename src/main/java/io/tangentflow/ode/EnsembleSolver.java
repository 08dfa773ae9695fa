package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import java.util.OptionalLong;
import java.util.function.IntConsumer;

/**
 * Solves an ensemble in chunks of networks, so that neither device nor host need hold all outputs.
 */
public final class EnsembleSolver {

  /** More networks at a time keep no device busier, and report progress less often. */
  private static final int MOST_NETWORKS = 4096;

  /** Of the budget, what the outputs of a chunk may take; the rest is the backend's scratch. */
  private static final int SHARE = 8;

  private final Ensemble ensemble;
  private final DenseMatrix inputs;
  private final Backend backend;
  private final long budgetBytes;
  private final int rows;

  /**
   * @param inputs x, d×N. Not modified.
   * @param budgetBytes that a chunk may take on the backend
   */
  public EnsembleSolver(Ensemble ensemble, DenseMatrix inputs, Backend backend, long budgetBytes) {
    if (inputs.rows() != ensemble.model().inputDim()) {
      throw new InvalidConfiguration(
          "--input-dim",
          "is "
              + ensemble.model().inputDim()
              + " but the data have "
              + inputs.rows()
              + " features");
    }
    this.ensemble = ensemble;
    this.inputs = inputs;
    this.backend = backend;
    this.budgetBytes = budgetBytes;
    long outputs = (long) ensemble.model().outputs() * inputs.columns();
    if (outputs > Integer.MAX_VALUE - 8) {
      throw new InvalidConfiguration(
          "--samples",
          String.format(
              "%d samples of %d outputs are more than 2^31 numbers of one network",
              inputs.columns(), ensemble.model().outputs()));
    }
    this.rows = (int) outputs;
  }

  /** mN, the outputs of one network. */
  public int rows() {
    return rows;
  }

  /** The networks that are solved at a time. */
  public int chunk() {
    // On the device, and once more on the host.
    long bytes = Math.max(1, (long) rows * (backend.precision().bytes() + Double.BYTES));
    long fitting =
        Math.min(budgetBytes / SHARE / bytes, (Integer.MAX_VALUE - 8) / Math.max(1, rows));
    return (int) Math.max(1, Math.min(Math.min(fitting, MOST_NETWORKS), ensemble.networks()));
  }

  /**
   * The outputs of the networks from {@code first} on, mN×count: entry (i·m + o, b) is output o of
   * network first + b at sample i.
   *
   * @throws NonFiniteState if one is not finite, naming the seed of the first such network
   */
  public DenseMatrix outputs(int first, int count) {
    String purpose =
        String.format(
            "an ensemble of width %d on %d samples, %d networks at a time,",
            ensemble.model().width(), inputs.columns(), count);
    try (Workspace workspace = backend.workspace(purpose, budgetBytes)) {
      Matrix x = workspace.allocate(inputs.rows(), inputs.columns());
      Matrix outputs = workspace.allocate(rows, count);
      backend.upload(inputs, x);
      backend.ensemble(ensemble.part(first, count), x, outputs, workspace);
      OptionalLong bad = backend.firstNonFinite(outputs);
      if (bad.isPresent()) {
        long network = ensemble.firstSeed() + first + bad.getAsLong() / rows;
        throw new NonFiniteState(
            network, (int) (bad.getAsLong() % rows / ensemble.model().outputs()));
      }
      return backend.download(outputs);
    }
  }

  /** What receives the outputs of the networks from {@code first} on, chunk after chunk. */
  @FunctionalInterface
  public interface Chunks {
    /** Takes outputs, a column for each network. */
    void accept(int first, DenseMatrix outputs);
  }

  /** Solves all networks, in chunks. */
  public void solve(Chunks chunks) {
    int size = chunk();
    int count;
    for (int first = 0; first < ensemble.networks(); first += count) {
      count = Math.min(size, ensemble.networks() - first);
      chunks.accept(first, outputs(first, count));
    }
  }

  /**
   * The outputs of all networks, mN×B.
   *
   * @param finished receives the number of finished networks after each chunk
   */
  public DenseMatrix outputs(IntConsumer finished) {
    DenseMatrix all = DenseMatrix.zeros(rows, ensemble.networks());
    solve(
        (first, outputs) -> {
          System.arraycopy(
              outputs.values(), 0, all.values(), first * rows, outputs.values().length);
          finished.accept(first + outputs.columns());
        });
    return all;
  }
}
