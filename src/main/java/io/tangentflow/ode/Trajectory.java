package io.tangentflow.ode;

import io.tangentflow.backend.Matrix;

/**
 * A solution, as the values of φ and φ' at every stage: slot q = ℓ·S + s holds stage s of step ℓ
 * for all N samples, slot Q those at the horizon. The workspace of the solve owns the matrices.
 */
public final class Trajectory {

  private final TimeGrid grid;
  private final double timeStep;
  private final Matrix activations;
  private final Matrix derivatives;
  private final Matrix outputs;
  // Views of the slots, made once: a trajectory is solved again and again in training.
  private final Matrix[] activationSlots;
  private final Matrix[] derivativeSlots;

  /**
   * @param grid the steps
   * @param timeStep Δ = T/L
   * @param activations φ(Y), n×N(Q+1)
   * @param derivatives φ'(Y), n×N(Q+1)
   * @param outputs f = (σv/√n) V φ(h(T)), m×N
   */
  Trajectory(
      TimeGrid grid, double timeStep, Matrix activations, Matrix derivatives, Matrix outputs) {
    this.grid = grid;
    this.timeStep = timeStep;
    this.activations = activations;
    this.derivatives = derivatives;
    this.outputs = outputs;
    activationSlots = slots(activations);
    derivativeSlots = slots(derivatives);
  }

  private Matrix[] slots(Matrix matrix) {
    Matrix[] slots = new Matrix[grid.evaluations() + 1];
    for (int q = 0; q < slots.length; q++) {
      slots[q] = matrix.columnRange(q * samples(), samples());
    }
    return slots;
  }

  /** The steps. */
  public TimeGrid grid() {
    return grid;
  }

  /** Δ = T/L. */
  public double timeStep() {
    return timeStep;
  }

  /** N. */
  public int samples() {
    return outputs.columns();
  }

  /** φ(Y), n×N(Q+1). */
  public Matrix activations() {
    return activations;
  }

  /** φ'(Y), n×N(Q+1). */
  public Matrix derivatives() {
    return derivatives;
  }

  /** f = (σv/√n) V φ(h(T)), m×N. */
  public Matrix outputs() {
    return outputs;
  }

  /** φ in slot q, n×N. */
  public Matrix activations(int slot) {
    return activationSlots[slot];
  }

  /** φ' in slot q, n×N. */
  public Matrix derivatives(int slot) {
    return derivativeSlots[slot];
  }
}
