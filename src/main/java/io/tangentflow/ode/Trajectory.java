package io.tangentflow.ode;

import io.tangentflow.backend.Matrix;

/**
 * A solution, as the values of φ and φ' at every stage: slot q = ℓ·S + s holds stage s of step ℓ
 * for all N samples, slot Q those at the horizon. The workspace of the solve owns the matrices.
 *
 * @param grid the steps
 * @param timeStep Δ = T/L
 * @param activations φ(Y), n×N(Q+1)
 * @param derivatives φ'(Y), n×N(Q+1)
 * @param outputs f = (σv/√n) V φ(h(T)), m×N
 */
public record Trajectory(
    TimeGrid grid, double timeStep, Matrix activations, Matrix derivatives, Matrix outputs) {

  /** N. */
  public int samples() {
    return outputs.columns();
  }

  /** φ in slot q, n×N. */
  public Matrix activations(int slot) {
    return activations.columnRange(slot * samples(), samples());
  }

  /** φ' in slot q, n×N. */
  public Matrix derivatives(int slot) {
    return derivatives.columnRange(slot * samples(), samples());
  }
}
