package io.tangentflow.experiment;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientSum;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.Weights;

/**
 * The gradient of Σ_io r_io f_o(x_i) by one method, with fixed standard normal r, and what it took.
 *
 * @param blocks the gradient and the outputs
 * @param report of the method
 * @param bytes that it took on the backend at most
 * @param seconds that it took
 */
public record MethodGradient(
    GradientBlocks blocks, GradientMethod.Report report, long bytes, double seconds) {

  /**
   * Computes it.
   *
   * @param inputs x, d×N. Not modified.
   * @param seed of r
   * @param budgetBytes on the backend
   */
  public static MethodGradient of(
      GradientMethod method,
      NeuralOde model,
      Parameters parameters,
      DenseMatrix inputs,
      long seed,
      Backend backend,
      long budgetBytes) {
    String purpose =
        String.format(
            "the gradient of %d samples at width %d by the %s",
            inputs.columns(), model.width(), method.label());
    try (Workspace workspace = backend.workspace(purpose, budgetBytes)) {
      Weights weights = Weights.place(model, parameters, workspace);
      Matrix x = weights.upload(inputs, workspace);
      Matrix r = workspace.allocate(model.outputs(), inputs.columns());
      backend.upload(GradientSum.normalCotangents(model.outputs(), inputs.columns(), seed), r);
      GradientSum sum = new GradientSum(model, x, r, workspace);
      long start = System.nanoTime();
      GradientMethod.Report report = method.pull(weights, x, r, sum, workspace);
      DenseMatrix u = backend.download(sum.gradient().u()); // Waits for the device.
      double seconds = (System.nanoTime() - start) * 1e-9;
      return new MethodGradient(
          new GradientBlocks(
              backend.download(sum.outputs()),
              u,
              backend.download(sum.gradient().w()),
              backend.download(sum.gradient().v())),
          report,
          workspace.peakBytes(),
          seconds);
    }
  }

  /** ‖g − g'‖/‖g'‖ of another's g'; 0 where both are alike. */
  public double difference(DepthGaps.Quantity quantity, MethodGradient other) {
    return blocks.difference(quantity, other.blocks);
  }
}
