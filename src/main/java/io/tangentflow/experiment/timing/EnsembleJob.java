package io.tangentflow.experiment.timing;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.check.PeakMemory;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.EnsembleSolver;
import java.util.OptionalDouble;

/** The outputs of an ensemble of small networks: making their weights and solving them. */
public final class EnsembleJob implements TimedJob {

  private final Ensemble ensemble;
  private final DenseMatrix inputs;
  private final Backend backend;
  private final long budgetBytes;

  /** Prepares it. */
  public EnsembleJob(Ensemble ensemble, int samples, Backend backend, long budgetBytes) {
    this.ensemble = ensemble;
    this.backend = backend;
    this.budgetBytes = budgetBytes;
    inputs = TimedJob.inputs(ensemble.model().inputDim(), samples);
  }

  @Override
  public void run() {
    solver(backend).solve((first, outputs) -> {});
  }

  private EnsembleSolver solver(Backend on) {
    return new EnsembleSolver(ensemble, inputs, on, budgetBytes);
  }

  /** Evaluations of the field of each network. */
  private double evaluations() {
    return ensemble.depth() * (ensemble.method() == Ensemble.Method.EULER ? 1.0 : 4.0);
  }

  /** n(n + d + m) of each network. */
  public double weights() {
    NeuralOde model = ensemble.model();
    double n = model.width();
    return ensemble.networks() * n * (n + model.inputDim() + model.outputs());
  }

  /** Numbers of weights that are read: U and V once, W in each evaluation. */
  public double weightsRead() {
    NeuralOde model = ensemble.model();
    double n = model.width();
    return ensemble.networks() * n * (n * evaluations() + model.inputDim() + model.outputs());
  }

  /** Of the products with U, W and V. */
  @Override
  public OptionalDouble flops() {
    return OptionalDouble.of(2 * weightsRead() * inputs.columns());
  }

  /** By one more solve of the first chunk. */
  @Override
  public long peakBytes() {
    return PeakMemory.bytes(
        backend,
        counted -> {
          EnsembleSolver solver = solver(counted);
          solver.outputs(0, solver.chunk());
        });
  }

  @Override
  public void close() {
    // It holds nothing between runs.
  }
}
