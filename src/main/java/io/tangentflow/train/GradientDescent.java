package io.tangentflow.train;

import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;

/**
 * Full-batch gradient descent θ ← θ − η ∂L/∂θ for θ = U, W and V, in place on the device, on the
 * loss
 *
 * <pre>
 *   L = ½ ‖f(X) − Y‖²,     ∂L/∂θ = Σ_io r_io ∂f_o(x_i)/∂θ,     r = f(X) − Y,
 * </pre>
 *
 * summed over samples and outputs. The gradient is one pullback of r, with one adjoint column per
 * sample, and one product for each of U, W and V. Of a step, the loss alone comes to the host.
 */
public final class GradientDescent {

  private final Backend backend;
  private final Weights weights;
  private final FixedStepSolver.Solve solve;
  private final DiscreteAdjoint.Pullback pullback;
  private final Matrix targets;
  private final Matrix residual;
  private int steps;

  /**
   * @param weights trained in place
   * @param x inputs, d×N
   * @param targets Y, m×N. Not modified.
   * @param workspace owns what the steps need, allocated here once
   */
  public GradientDescent(
      Weights weights, TimeGrid grid, Matrix x, Matrix targets, Workspace workspace) {
    this.backend = workspace.backend();
    this.weights = weights;
    this.targets = targets;
    residual = workspace.allocate(targets.rows(), targets.columns());
    solve = new FixedStepSolver(grid).prepare(weights, x, workspace);
    pullback = new DiscreteAdjoint(grid).pullback(weights, x, solve, workspace);
  }

  /** Bytes that the constructor allocates; weights, inputs and targets are there already. */
  public static long bytes(NeuralOde model, TimeGrid grid, int samples, int bytesPerNumber) {
    return new FixedStepSolver(grid).bytes(model, samples, bytesPerNumber)
        + new DiscreteAdjoint(grid).pullbackBytes(model, samples, bytesPerNumber)
        + (long) model.outputs() * samples * bytesPerNumber;
  }

  /**
   * The loss at the weights as they are.
   *
   * @throws TrainingDiverged if it is not finite
   */
  public double loss() {
    solve.run();
    Matrix outputs = solve.trajectory().outputs();
    backend.copy(outputs, residual);
    backend.addScaled(-1, targets, residual);
    double loss = 0.5 * backend.dot(residual, residual);
    if (!Double.isFinite(loss)) {
      throw new TrainingDiverged(steps, loss);
    }
    return loss;
  }

  /**
   * One step.
   *
   * @param learningRate η
   * @return the loss before it
   * @throws TrainingDiverged if that is not finite; the weights are as they were
   */
  public double step(double learningRate) {
    double loss = loss();
    pullback.run(residual);
    pullback.addGradient(-learningRate, residual, weights);
    steps++;
    return loss;
  }

  /**
   * gradient ← ∂L/∂θ at the weights as they are.
   *
   * @param gradient of the shapes of the weights, zero. Modified.
   * @return the loss
   */
  public double gradient(Weights gradient) {
    double loss = loss();
    pullback.run(residual);
    pullback.addGradient(1, residual, gradient);
    return loss;
  }
}
