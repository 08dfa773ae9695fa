package io.tangentflow.train;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.model.Block;
import io.tangentflow.ode.Weights;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The gradient of a loss over a batch of samples, computed again and again while weights, inputs
 * and targets change in place.
 */
sealed interface BatchGradient permits FusedBatchGradient, PulledBatchGradient {

  /**
   * The gradient by a method: the fused passes where they can be had.
   *
   * @param x inputs, d×N
   * @param targets m×N
   * @param reports hears what each gradient took that is not one of the fused passes
   * @param workspace owns what it takes
   */
  static BatchGradient of(
      GradientMethod method,
      Loss loss,
      Weights weights,
      Matrix x,
      Matrix targets,
      Consumer<GradientMethod.Report> reports,
      Workspace workspace) {
    return method instanceof DiscreteAdjoint discrete
        ? new FusedBatchGradient(discrete, loss, weights, x, targets, workspace)
        : new PulledBatchGradient(method, loss, weights, x, targets, workspace, reports);
  }

  /**
   * For each block that is asked for, sums ← decay · sums + weight · ∂L/∂θ at the weights as they
   * are. Where the loss is not finite the sums are lost or as they were.
   *
   * @param sums of the shapes of the blocks. Modified.
   * @return L
   */
  double add(double weight, double decay, Map<Block, Matrix> sums);

  /** Whether the sums may be the weights themselves, with the decay 1; then they are not lost. */
  boolean inPlace();

  /** f, m×N, at the weights that the gradient was computed at last. */
  Matrix outputs();
}
