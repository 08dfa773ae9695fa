package io.tangentflow.ode;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.ode.DenseOutput.Node;
import java.util.ArrayList;
import java.util.List;

/** Keeps every node: 2nN(L + 1) numbers. */
public final class StoredPath implements StatePath {

  private final List<Node> nodes = new ArrayList<>();
  private final NodeTimes times;
  private final SolverStatistics statistics;

  /**
   * Solves the forward equation.
   *
   * @param x d×N
   * @param workspace owns the nodes
   */
  public StoredPath(
      VectorField field, Stepping stepping, Weights weights, Matrix x, Workspace workspace) {
    Backend backend = workspace.backend();
    double horizon = weights.model().horizon();
    try (Workspace scratch = workspace.scope()) {
      NeuralOdeFlow flow =
          new NeuralOdeFlow(field, weights, x, stepping.evaluatedStages(), scratch) {
            @Override
            public void accepted(double t, double dt, List<Matrix> slopes) {
              Node node = node(t, h(), workspace);
              backend.copy(slopes.get(0), node.slope());
              nodes.add(node);
            }
          };
      RungeKutta solver = new RungeKutta(stepping.tableau(), flow, stepping.adaptive(), scratch);
      solver.solve(stepping, 0, horizon);
      Node end = node(horizon, flow.h(), workspace);
      flow.velocity(horizon, end.slope());
      nodes.add(end);
      SolverStatistics s = solver.statistics();
      statistics = new SolverStatistics(s.accepted(), s.rejected(), s.evaluations() + 1);
    }
    times = new NodeTimes(nodes.stream().mapToDouble(Node::t).toArray());
  }

  /** A node at h, its slope zero. */
  static Node node(double t, Matrix h, Workspace workspace) {
    Matrix state = workspace.allocate(h.rows(), h.columns());
    workspace.backend().copy(h, state);
    return new Node(t, state, workspace.allocate(h.rows(), h.columns()));
  }

  @Override
  public Matrix end() {
    return nodes.get(nodes.size() - 1).h();
  }

  @Override
  public List<Node> around(double t) {
    return nodes.subList(times.first(t), times.last(t) + 1);
  }

  @Override
  public void passed(double t) {
    // All stay.
  }

  @Override
  public SolverStatistics statistics() {
    return statistics;
  }
}
