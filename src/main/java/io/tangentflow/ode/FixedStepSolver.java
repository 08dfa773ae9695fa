package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Solves h(0) = (σu/√d) U x, dh/dt = (σw/√n) W φ(h) for a batch of samples in equal steps of an
 * explicit Runge–Kutta method. Each evaluation of the field is one product and one fused pass;
 * Euler's product adds into the state.
 */
public final class FixedStepSolver {

  private final TimeGrid grid;

  public FixedStepSolver(TimeGrid grid) {
    this.grid = grid;
  }

  /**
   * The trajectory of inputs x, d×N; its matrices are allocated in the workspace.
   *
   * @throws NonFiniteState if a state overflows, naming the first sample and the time
   */
  public Trajectory solve(Weights weights, Matrix x, Workspace workspace) {
    NeuralOde model = weights.model();
    Backend backend = workspace.backend();
    int n = model.width();
    int samples = x.columns();
    int slots = Math.multiplyExact(samples, grid.evaluations() + 1);
    Trajectory trajectory =
        new Trajectory(
            grid,
            model.horizon() / grid.depth(),
            workspace.allocate(n, slots),
            workspace.allocate(n, slots),
            workspace.allocate(model.outputs(), samples));
    try (Workspace scratch = workspace.scope()) {
      Matrix h = scratch.allocate(n, samples);
      backend.gemm(Transpose.NO, Transpose.NO, model.inputScale(), weights.u(), x, 0, h);
      backend.activate(model.activation(), h, trajectory.activations(0), trajectory.derivatives(0));
      if (grid.tableau().stages() == 1) {
        euler(weights, h, trajectory, backend);
      } else {
        rungeKutta(weights, h, trajectory, scratch);
      }
      backend.gemm(
          Transpose.NO,
          Transpose.NO,
          model.outputScale(),
          weights.v(),
          trajectory.activations(grid.evaluations()),
          0,
          trajectory.outputs());
      requireFinite(h, trajectory, backend);
    }
    return trajectory;
  }

  /** Bytes that a solve of that many samples holds at its peak, weights and inputs apart. */
  public long bytes(NeuralOde model, int samples, int bytesPerNumber) {
    int stages = grid.tableau().stages();
    long columns = 2L * (grid.evaluations() + 1) + 1 + (stages == 1 ? 0 : stages);
    return (columns * model.width() + model.outputs()) * samples * bytesPerNumber;
  }

  private void euler(Weights weights, Matrix h, Trajectory trajectory, Backend backend) {
    NeuralOde model = weights.model();
    double scale = trajectory.timeStep() * model.flowScale();
    for (int l = 0; l < grid.depth(); l++) {
      backend.gemm(Transpose.NO, Transpose.NO, scale, weights.w(), trajectory.activations(l), 1, h);
      backend.activate(
          model.activation(), h, trajectory.activations(l + 1), trajectory.derivatives(l + 1));
    }
  }

  private void rungeKutta(Weights weights, Matrix h, Trajectory trajectory, Workspace scratch) {
    NeuralOde model = weights.model();
    Backend backend = scratch.backend();
    Tableau tableau = grid.tableau();
    int stages = tableau.stages();
    double dt = trajectory.timeStep();
    Matrix[] k = new Matrix[stages];
    for (int s = 0; s < stages; s++) {
      k[s] = scratch.allocate(h.rows(), h.columns());
    }
    List<List<Term>> increments = new ArrayList<>();
    for (int s = 1; s < stages; s++) {
      increments.add(terms(dt, tableau.a()[s], k));
    }
    increments.add(terms(dt, tableau.b(), k));
    for (int l = 0; l < grid.depth(); l++) {
      for (int s = 0; s < stages; s++) {
        int slot = l * stages + s;
        Matrix phi = trajectory.activations(slot + 1);
        Matrix slope = trajectory.derivatives(slot + 1);
        backend.gemm(
            Transpose.NO,
            Transpose.NO,
            model.flowScale(),
            weights.w(),
            trajectory.activations(slot),
            0,
            k[s]);
        if (s + 1 < stages) {
          backend.stage(model.activation(), h, increments.get(s), phi, slope);
        } else {
          backend.step(model.activation(), h, increments.get(s), phi, slope);
        }
      }
    }
  }

  /** Δ Σ_r c_r K_r without the terms that vanish. */
  private static List<Term> terms(double dt, double[] coefficients, Matrix[] k) {
    List<Term> terms = new ArrayList<>();
    for (int r = 0; r < coefficients.length; r++) {
      if (coefficients[r] != 0) {
        terms.add(new Term(dt * coefficients[r], k[r]));
      }
    }
    return terms;
  }

  private void requireFinite(Matrix h, Trajectory trajectory, Backend backend) {
    OptionalLong inState = backend.firstNonFinite(h);
    OptionalLong inOutputs = backend.firstNonFinite(trajectory.outputs());
    if (inState.isEmpty() && inOutputs.isEmpty()) {
      return;
    }
    int stages = grid.tableau().stages();
    for (int slot = 0; slot < grid.evaluations(); slot++) {
      OptionalLong at = backend.firstNonFinite(trajectory.activations(slot));
      if (at.isPresent()) {
        int step = slot / stages;
        double node = grid.tableau().c()[slot % stages];
        throw overflow("state", at.getAsLong() / h.rows(), (step + node) * trajectory.timeStep());
      }
    }
    double horizon = trajectory.timeStep() * grid.depth();
    if (inState.isPresent()) {
      throw overflow("state", inState.getAsLong() / h.rows(), horizon);
    }
    throw overflow("output", inOutputs.getAsLong() / trajectory.outputs().rows(), horizon);
  }

  private static NonFiniteState overflow(String what, long sample, double time) {
    return new NonFiniteState(what, (int) sample, time);
  }
}
