package io.tangentflow.experiment.timing;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.train.Loss;
import io.tangentflow.train.Training;
import io.tangentflow.train.UpdateRule;
import java.util.EnumSet;
import java.util.Map;
import java.util.OptionalDouble;

/** A step of full-batch gradient descent on the squared loss, of standard normal targets. */
public final class TrainingJob implements TimedJob {

  private static final int TARGET_STREAM = 7;

  /** So small that the weights stay what they are, whatever the network. */
  private static final double LEARNING_RATE = 1e-9;

  private final TimeGrid grid;
  private final Workspace workspace;
  private Weights weights;
  private Matrix x;
  private Training training;

  /**
   * Prepares it.
   *
   * @param seed of the weights and targets
   */
  public TrainingJob(
      NeuralOde model, TimeGrid grid, int samples, long seed, Backend backend, long budgetBytes) {
    this.grid = grid;
    workspace =
        backend.workspace(
            String.format("training %d samples at width %d", samples, model.width()), budgetBytes);
    try {
      allocate(model, samples, seed);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  private void allocate(NeuralOde model, int samples, long seed) {
    weights = Weights.place(model, new Parameters.Seeded(seed), workspace);
    x = weights.upload(TimedJob.inputs(model.inputDim(), samples), workspace);
    Matrix y = workspace.upload(Parameters.gaussian(model.outputs(), samples, seed, TARGET_STREAM));
    Training.Setup setup =
        new Training.Setup(
            new DiscreteAdjoint(grid),
            Loss.SQUARED,
            false,
            EnumSet.allOf(Block.class),
            new UpdateRule.Descent(),
            LEARNING_RATE,
            samples);
    training = new Training(setup, weights, x, y, epoch -> new int[0], report -> {}, workspace);
  }

  @Override
  public void run() {
    training.step();
  }

  /** Of the products: W forward, back and in the gradient; U forward and in its gradient; V. */
  @Override
  public OptionalDouble flops() {
    NeuralOde model = weights.model();
    double perColumn =
        3.0 * model.width() * grid.evaluations() + 2.0 * model.inputDim() + 3.0 * model.outputs();
    return OptionalDouble.of(2.0 * x.columns() * model.width() * perColumn);
  }

  @Override
  public long peakBytes() {
    return workspace.peakBytes();
  }

  /** The forward solve has a trajectory of its own, and is not timed where that does not fit. */
  @Override
  public Map<String, Runnable> parts() {
    int number = x.precision().bytes();
    FixedStepSolver solver = new FixedStepSolver(grid);
    if (solver.bytes(weights.model(), x.columns(), number) > workspace.remainingBytes()) {
      return Map.of();
    }
    return Map.of(FORWARD, solver.prepare(weights, x, workspace)::run);
  }

  @Override
  public void close() {
    workspace.close();
  }
}
