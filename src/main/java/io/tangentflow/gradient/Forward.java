package io.tangentflow.gradient;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.ode.Dynamics;
import io.tangentflow.ode.Finite;
import io.tangentflow.ode.NeuralOdeFlow;
import io.tangentflow.ode.RungeKutta;
import io.tangentflow.ode.SolverStatistics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.VectorField;
import io.tangentflow.ode.Weights;

/** The forward equation of any dynamics in any steps, of which the end alone is kept. */
final class Forward {

  private Forward() {}

  /**
   * Solves from h(0) to the horizon.
   *
   * @param x d×N
   * @param h receives h(T), n×N. Modified.
   */
  static SolverStatistics solve(
      VectorField field,
      Stepping stepping,
      Weights weights,
      Matrix x,
      Matrix h,
      Workspace workspace) {
    try (Workspace scratch = workspace.scope()) {
      NeuralOdeFlow flow =
          new NeuralOdeFlow(field, weights, x, stepping.evaluatedStages(), scratch);
      RungeKutta solver = new RungeKutta(stepping.tableau(), flow, stepping.adaptive(), scratch);
      solver.solve(stepping, 0, weights.model().horizon());
      scratch.backend().copy(flow.h(), h);
      return solver.statistics();
    }
  }

  /**
   * The outputs f, m×N, allocated in the workspace.
   *
   * @throws NonFiniteState if one is not finite
   */
  static Matrix outputs(
      Dynamics dynamics, Stepping stepping, Weights weights, Matrix x, Workspace workspace) {
    Backend backend = workspace.backend();
    Matrix outputs = workspace.allocate(weights.model().outputs(), x.columns());
    try (Workspace scratch = workspace.scope()) {
      VectorField field = dynamics.on(weights, x.columns(), x.columns(), scratch);
      Matrix h = scratch.allocate(weights.model().width(), x.columns());
      solve(field, stepping, weights, x, h, scratch);
      backend.copy(new Terminal(weights, h, scratch).outputs(), outputs);
    }
    Finite.require("output", outputs, x.columns(), weights.model().horizon(), backend);
    return outputs;
  }
}
