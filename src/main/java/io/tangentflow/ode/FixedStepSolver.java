package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;

/**
 * Solves h(0) = (σu/√d) U x, dh/dt = (σw/√n) W φ(h) for a batch of samples in equal steps of an
 * explicit Runge–Kutta method. Each evaluation of the field is one product and one fused pass;
 * Euler's product adds into the state.
 */
public final class FixedStepSolver {

  private final TimeGrid grid;

  /** Solves on that grid. */
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
      FixedSteps steps = new FixedSteps(grid, weights, x.columns(), scratch);
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

  private int stateColumns() {
    return FixedSteps.columns(grid.tableau());
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
    private final FixedSteps steps;

    private Solve(Weights weights, Matrix x, Trajectory trajectory, Workspace workspace) {
      this.x = x;
      this.trajectory = trajectory;
      this.steps = new FixedSteps(grid, weights, x.columns(), workspace);
    }

    /** Where {@link #run} leaves the solution. */
    public Trajectory trajectory() {
      return trajectory;
    }

    /** Solves, whatever comes out, and asks the device for nothing. */
    public void run() {
      steps.begin(x, trajectory.activations(0), trajectory.derivatives(0));
      steps.run(trajectory);
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
      FixedSteps.requireFinite(trajectory, 0, steps.backend());
      steps.requireFiniteAtEnd(trajectory.outputs());
    }
  }
}
