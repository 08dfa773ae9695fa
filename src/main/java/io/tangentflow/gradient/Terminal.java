package io.tangentflow.gradient;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Weights;
import java.util.List;

/** The output map at the horizon, and where the adjoint begins. */
final class Terminal {

  private final Weights weights;
  private final Matrix phi;
  private final Matrix slope;
  private final Matrix outputs;

  /**
   * f = (σv/√n) V φ(h_T).
   *
   * @param h h_T, n×N
   * @param workspace owns φ(h_T), φ'(h_T) and f
   */
  Terminal(Weights weights, Matrix h, Workspace workspace) {
    this.weights = weights;
    NeuralOde model = weights.model();
    Backend backend = workspace.backend();
    phi = workspace.allocate(model.width(), h.columns());
    slope = workspace.allocate(model.width(), h.columns());
    outputs = workspace.allocate(model.outputs(), h.columns());
    backend.activate(model.activation(), h, phi, slope);
    backend.gemm(Transpose.NO, Transpose.NO, model.outputScale(), weights.v(), phi, 0, outputs);
  }

  Matrix phi() {
    return phi;
  }

  Matrix outputs() {
    return outputs;
  }

  /**
   * λ ← (σv/√n) φ'(h_T) ∘ Vᵀ r.
   *
   * @param cotangents r, m×C
   * @param lambda n×C. Modified.
   */
  void adjoint(Matrix cotangents, Matrix lambda, Workspace workspace) {
    Backend backend = workspace.backend();
    double scale = weights.model().outputScale();
    backend.gemm(Transpose.YES, Transpose.NO, scale, weights.v(), cotangents, 0, lambda);
    try (Workspace scratch = workspace.scope()) {
      Matrix zero = scratch.allocate(lambda.rows(), lambda.columns());
      Matrix next = scratch.allocate(lambda.rows(), lambda.columns());
      // Of the passes over a stage of an adjoint, the one that multiplies by φ' alone.
      backend.adjointStage(slope, lambda, 0, zero, List.of(), next);
    }
  }
}
