package io.tangentflow.train;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.model.Block;
import io.tangentflow.ode.Weights;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * How far two methods are from each other at the same weights, in outputs and in the gradient of
 * the loss: discretise-then-optimise against optimise-then-discretise.
 *
 * @param outputs ‖f − f'‖/‖f'‖, of the method that trains against the other; 0 where both are zero
 * @param gradient ‖g − g'‖/‖g'‖, over all parameters that are trained; 0 likewise
 */
public record FrameworkGap(double outputs, double gradient) {

  /**
   * Computes both, with scratch of the workspace: two gradients, and what the methods take.
   *
   * @param x d×N
   * @param targets m×N
   */
  public static FrameworkGap between(
      GradientMethod method,
      GradientMethod other,
      Loss loss,
      Set<Block> blocks,
      Weights weights,
      Matrix x,
      Matrix targets,
      Workspace workspace) {
    Backend backend = workspace.backend();
    try (Workspace scratch = workspace.scope()) {
      Side one = new Side(method, loss, blocks, weights, x, targets, scratch);
      Side two = new Side(other, loss, blocks, weights, x, targets, scratch);
      double gradient = 0;
      double norm = 0;
      for (Block block : blocks) {
        Matrix reference = two.gradient.get(block);
        norm += backend.dot(reference, reference);
        gradient += squaredDistance(one.gradient.get(block), reference, backend);
      }
      double f = backend.dot(two.outputs, two.outputs);
      double outputs = squaredDistance(one.outputs, two.outputs, backend);
      return new FrameworkGap(relative(outputs, f), relative(gradient, norm));
    }
  }

  private static double relative(double squaredDistance, double squaredNorm) {
    return squaredDistance == 0 ? 0 : Math.sqrt(squaredDistance / squaredNorm);
  }

  /** ‖a − b‖². A is modified. */
  private static double squaredDistance(Matrix a, Matrix b, Backend backend) {
    backend.addScaled(-1, b, a);
    return backend.dot(a, a);
  }

  /** What one method gives. */
  private static final class Side {
    private final Map<Block, Matrix> gradient = new EnumMap<>(Block.class);
    private final Matrix outputs;

    Side(
        GradientMethod method,
        Loss loss,
        Set<Block> blocks,
        Weights weights,
        Matrix x,
        Matrix targets,
        Workspace workspace) {
      for (Block block : blocks) {
        Matrix theta = weights.block(block);
        gradient.put(block, workspace.allocate(theta.rows(), theta.columns()));
      }
      outputs = workspace.allocate(targets.rows(), targets.columns());
      try (Workspace scratch = workspace.scope()) {
        BatchGradient batch =
            BatchGradient.of(method, loss, weights, x, targets, report -> {}, scratch);
        batch.add(1, 0, gradient);
        workspace.backend().copy(batch.outputs(), outputs);
      }
    }
  }
}
