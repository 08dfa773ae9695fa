package io.tangentflow.gradient;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;

/**
 * The gradient of one output of one sample, as matrices.
 *
 * @param u ∂f/∂U, n×d
 * @param w ∂f/∂W, n×n
 * @param v ∂f/∂V, m×n
 */
public record ParameterGradients(DenseMatrix u, DenseMatrix w, DenseMatrix v) {

  /** Forms the gradient of output o of sample i, each block by one product. */
  public static ParameterGradients of(
      TangentFeatures features, int sample, int output, Workspace workspace) {
    NeuralOde model = features.model();
    Backend backend = workspace.backend();
    try (Workspace scratch = workspace.scope()) {
      Matrix u = scratch.allocate(model.width(), model.inputDim());
      Matrix w = scratch.allocate(model.width(), model.width());
      Matrix v = scratch.allocate(model.outputs(), model.width());
      Matrix unit = scratch.allocate(model.outputs(), 1);
      DenseMatrix e = DenseMatrix.zeros(model.outputs(), 1);
      e.set(output, 0, 1);
      backend.upload(e, unit);
      product(
          backend,
          model.inputScale(),
          features.initialAdjoint().columnRange(sample * model.outputs() + output, 1),
          features.inputs().columnRange(sample, 1),
          u);
      product(backend, 1, features.adjointsOf(sample, output), features.activationsOf(sample), w);
      product(
          backend, model.outputScale(), unit, features.finalActivation().columnRange(sample, 1), v);
      return new ParameterGradients(backend.download(u), backend.download(w), backend.download(v));
    }
  }

  private static void product(Backend backend, double scale, Matrix a, Matrix b, Matrix result) {
    backend.gemm(Transpose.NO, Transpose.YES, scale, a, b, 0, result);
  }
}
