package io.tangentflow.train;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.BlockGradients;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.Map;

/**
 * By the fused passes of the default dynamics in equal steps, on matrices that are allocated once:
 * one solve, one pullback of the loss's cotangents with one adjoint column per sample, and one
 * product for each block over all samples and evaluations.
 */
final class FusedBatchGradient implements BatchGradient {

  private final Backend backend;
  private final Weights weights;
  private final Matrix x;
  private final Loss loss;
  private final Matrix targets;
  private final Matrix cotangents;
  private final FixedStepSolver.Solve solve;
  private final DiscreteAdjoint.Pullback pullback;

  /**
   * @param x inputs, d×N
   * @param targets m×N
   */
  FusedBatchGradient(
      DiscreteAdjoint method,
      Loss loss,
      Weights weights,
      Matrix x,
      Matrix targets,
      Workspace workspace) {
    this.backend = workspace.backend();
    this.weights = weights;
    this.x = x;
    this.loss = loss;
    this.targets = targets;
    cotangents = workspace.allocate(targets.rows(), targets.columns());
    solve = new FixedStepSolver(method.grid()).prepare(weights, x, workspace);
    pullback = method.pullback(weights, solve, workspace);
  }

  /** Bytes that the constructor allocates. */
  static long bytes(NeuralOde model, TimeGrid grid, int samples, int bytesPerNumber) {
    return new FixedStepSolver(grid).bytes(model, samples, bytesPerNumber)
        + new DiscreteAdjoint(grid).pullbackBytes(model, samples, bytesPerNumber)
        + (long) model.outputs() * samples * bytesPerNumber;
  }

  @Override
  public double add(double weight, double decay, Map<Block, Matrix> sums) {
    solve.run();
    double value = loss.evaluate(outputs(), targets, cotangents, backend);
    if (Double.isFinite(value)) {
      pullback.run(cotangents);
      pullback.giveTo(
          new BlockGradients(weights.model(), x, cotangents, weight, decay, sums, backend));
    }
    return value;
  }

  @Override
  public boolean inPlace() {
    return true;
  }

  @Override
  public Matrix outputs() {
    return solve.trajectory().outputs();
  }
}
