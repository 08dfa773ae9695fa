package io.tangentflow.ode;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Transpose;

/**
 * W in memory, each product with it in one.
 *
 * @param w n×n
 */
record HeldFlowMatrix(Matrix w, Backend backend) implements FlowMatrix {

  @Override
  public void multiply(double alpha, Matrix phi, double beta, Matrix target) {
    backend.gemm(Transpose.NO, Transpose.NO, alpha, w, phi, beta, target);
  }

  @Override
  public void multiplyTransposed(double alpha, Matrix a, Matrix target) {
    backend.gemm(Transpose.YES, Transpose.NO, alpha, w, a, 0, target);
  }
}
