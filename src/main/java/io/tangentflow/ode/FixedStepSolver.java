package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
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
    Trajectory trajectory = allocate(weights, x, workspace);
    try (Workspace scratch = workspace.scope()) {
      Solve solve = new Solve(weights, x, trajectory, scratch);
      solve.run();
      solve.requireFinite();
    }
    return trajectory;
  }

  /**
   * A solve to be done again and again, while the weights and inputs change: its matrices are
   * allocated in the workspace, once.
   *
   * @param x d×N
   */
  public Solve prepare(Weights weights, Matrix x, Workspace workspace) {
    return new Solve(weights, x, allocate(weights, x, workspace), workspace);
  }

  /**
   * The outputs f, m×N, of inputs x, d×N, alone: the same as of {@link #solve}, in memory that does
   * not grow with the depth. The result is allocated in the workspace.
   *
   * @throws NonFiniteState if a state or an output is not finite at the end, naming the first
   *     sample
   */
  public Matrix outputs(Weights weights, Matrix x, Workspace workspace) {
    NeuralOde model = weights.model();
    Backend backend = workspace.backend();
    Matrix outputs = workspace.allocate(model.outputs(), x.columns());
    try (Workspace scratch = workspace.scope()) {
      Steps steps = new Steps(weights, x.columns(), scratch);
      Matrix phi = scratch.allocate(model.width(), x.columns());
      Matrix slope = scratch.allocate(model.width(), x.columns());
      steps.begin(x, phi, slope);
      backend.repeat(
          grid.depth(),
          () -> {
            for (int s = 0; s < grid.tableau().stages(); s++) {
              steps.evaluate(s, phi, phi, slope);
            }
          });
      steps.end(phi, outputs);
      steps.requireFiniteAtEnd(outputs);
    }
    return outputs;
  }

  /** Bytes that a solve of that many samples holds at its peak, weights and inputs apart. */
  public long bytes(NeuralOde model, int samples, int bytesPerNumber) {
    long columns = 2L * (grid.evaluations() + 1) + stateColumns();
    return (columns * model.width() + model.outputs()) * samples * bytesPerNumber;
  }

  /** Bytes that {@link #outputs} holds at its peak, weights and inputs apart. */
  public long outputBytes(NeuralOde model, int samples, int bytesPerNumber) {
    return ((2L + stateColumns()) * model.width() + model.outputs()) * samples * bytesPerNumber;
  }

  /** Of a sample: h, and the evaluations of a step. */
  private int stateColumns() {
    int stages = grid.tableau().stages();
    return 1 + (stages == 1 ? 0 : stages);
  }

  private Trajectory allocate(Weights weights, Matrix x, Workspace workspace) {
    NeuralOde model = weights.model();
    long columns = x.columns() * (grid.evaluations() + 1L);
    if (columns > Integer.MAX_VALUE) {
      throw new InvalidConfiguration(
          "--depth",
          String.format(
              "%s of %d samples are a trajectory of more than 2^31 columns; choose fewer steps",
              grid, x.columns()));
    }
    int slots = (int) columns;
    return new Trajectory(
        grid,
        model.horizon() / grid.depth(),
        workspace.allocate(model.width(), slots),
        workspace.allocate(model.width(), slots),
        workspace.allocate(model.outputs(), x.columns()));
  }

  /** A solve whose matrices are there. */
  public final class Solve {

    private final Matrix x;
    private final Trajectory trajectory;
    private final Steps steps;

    private Solve(Weights weights, Matrix x, Trajectory trajectory, Workspace workspace) {
      this.x = x;
      this.trajectory = trajectory;
      this.steps = new Steps(weights, x.columns(), workspace);
    }

    /** Where {@link #run} leaves the solution. */
    public Trajectory trajectory() {
      return trajectory;
    }

    /** Solves, whatever comes out, and asks the device for nothing. */
    public void run() {
      steps.begin(x, trajectory.activations(0), trajectory.derivatives(0));
      for (int slot = 0; slot < grid.evaluations(); slot++) {
        steps.evaluate(
            slot % grid.tableau().stages(),
            trajectory.activations(slot),
            trajectory.activations(slot + 1),
            trajectory.derivatives(slot + 1));
      }
      steps.end(trajectory.activations(grid.evaluations()), trajectory.outputs());
    }

    /**
     * Makes sure that all states and outputs are finite.
     *
     * @throws NonFiniteState if one is not, naming the first sample and the time
     */
    public void requireFinite() {
      if (steps.finiteAtEnd(trajectory.outputs())) {
        return;
      }
      int stages = grid.tableau().stages();
      for (int slot = 0; slot < grid.evaluations(); slot++) {
        OptionalLong at = steps.backend.firstNonFinite(trajectory.activations(slot));
        if (at.isPresent()) {
          int step = slot / stages;
          double node = grid.tableau().c()[slot % stages];
          throw overflow(
              "state", at.getAsLong() / steps.h.rows(), (step + node) * trajectory.timeStep());
        }
      }
      steps.requireFiniteAtEnd(trajectory.outputs());
    }
  }

  /** The operations of a solve, on the state and the evaluations of one step. */
  private final class Steps {

    private final Weights weights;
    private final NeuralOde model;
    private final Backend backend;
    private final double dt;
    private final Matrix h;
    private final Matrix[] k;
    private final List<List<Term>> increments = new ArrayList<>();

    Steps(Weights weights, int samples, Workspace workspace) {
      this.weights = weights;
      model = weights.model();
      backend = workspace.backend();
      dt = model.horizon() / grid.depth();
      h = workspace.allocate(model.width(), samples);
      Tableau tableau = grid.tableau();
      k = new Matrix[tableau.stages() == 1 ? 0 : tableau.stages()];
      for (int s = 0; s < k.length; s++) {
        k[s] = workspace.allocate(model.width(), samples);
      }
      for (int s = 1; s < k.length; s++) {
        increments.add(terms(dt, tableau.a()[s], k));
      }
      if (k.length > 0) {
        increments.add(terms(dt, tableau.b(), k));
      }
    }

    /** h ← h(0), phi ← φ(h), slope ← φ'(h). */
    void begin(Matrix x, Matrix phi, Matrix slope) {
      backend.gemm(Transpose.NO, Transpose.NO, model.inputScale(), weights.u(), x, 0, h);
      backend.activate(model.activation(), h, phi, slope);
    }

    /**
     * Evaluates the field at stage s, whose activations are phi, and goes on to the next stage or
     * step. The results may be phi itself.
     */
    void evaluate(int s, Matrix phi, Matrix nextPhi, Matrix nextSlope) {
      if (k.length == 0) {
        double scale = dt * model.flowScale();
        backend.gemm(Transpose.NO, Transpose.NO, scale, weights.w(), phi, 1, h);
        backend.activate(model.activation(), h, nextPhi, nextSlope);
        return;
      }
      backend.gemm(Transpose.NO, Transpose.NO, model.flowScale(), weights.w(), phi, 0, k[s]);
      if (s + 1 < k.length) {
        backend.stage(model.activation(), h, increments.get(s), nextPhi, nextSlope);
      } else {
        backend.step(model.activation(), h, increments.get(s), nextPhi, nextSlope);
      }
    }

    void end(Matrix phi, Matrix outputs) {
      backend.gemm(Transpose.NO, Transpose.NO, model.outputScale(), weights.v(), phi, 0, outputs);
    }

    boolean finiteAtEnd(Matrix outputs) {
      return backend.firstNonFinite(h).isEmpty() && backend.firstNonFinite(outputs).isEmpty();
    }

    void requireFiniteAtEnd(Matrix outputs) {
      requireFinite("state", h);
      requireFinite("output", outputs);
    }

    private void requireFinite(String what, Matrix matrix) {
      Finite.require(what, matrix, matrix.columns(), model.horizon(), backend);
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

  private static NonFiniteState overflow(String what, long sample, double time) {
    return new NonFiniteState(what, (int) sample, time);
  }
}
