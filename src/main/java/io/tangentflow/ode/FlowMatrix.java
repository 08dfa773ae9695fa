package io.tangentflow.ode;

import io.tangentflow.backend.Matrix;

/** W, n×n, as all that solvers and adjoints ask of it: products with it. */
public sealed interface FlowMatrix permits HeldFlowMatrix, PanelledFlowMatrix {

  /**
   * target ← α W Φ + β target.
   *
   * @param phi Φ, n×N
   * @param target n×N. Modified; with β = 0 its old values are not read.
   */
  void multiply(double alpha, Matrix phi, double beta, Matrix target);

  /**
   * target ← α Wᵀ A.
   *
   * @param a n×C
   * @param target n×C. Modified.
   */
  void multiplyTransposed(double alpha, Matrix a, Matrix target);
}
