package io.tangentflow.ode;

import io.tangentflow.backend.Workspace;

/**
 * The right-hand side of dh/dt = F(h, t; W), with the horizon, the scales and φ of a network
 * (appendix I of Gao et al., ICLR 2025). Implement it, and {@link VectorField}, to try another; all
 * solvers, gradient methods and tangent kernels take it.
 */
public interface Dynamics {

  /** The name that {@code --dynamics} takes and reports give. */
  String label();

  /**
   * The field of a network.
   *
   * @param samples N, the columns of states
   * @param columns C, the columns of adjoints, a multiple of N; column j of the state goes with
   *     columns j·C/N … of the adjoint
   * @param workspace owns what the field allocates
   */
  VectorField on(Weights weights, int samples, int columns, Workspace workspace);
}
