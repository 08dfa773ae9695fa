package io.tangentflow.ode;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Workspace;
import java.util.ArrayList;
import java.util.List;

/** A network's flow that counts its evaluations and keeps its steps. */
class RecordedFlow extends NeuralOdeFlow {
  final Weights weights;
  final Matrix x;
  private final boolean adaptive;
  private final int stages;
  private final Workspace workspace;
  final List<Double> starts = new ArrayList<>();
  final List<Double> lengths = new ArrayList<>();
  long evaluations;

  RecordedFlow(HostFlow host, boolean adaptive, Tableau tableau, Workspace workspace) {
    this(
        host,
        Weights.place(host.model(), host.parameters(), workspace),
        adaptive,
        tableau,
        workspace);
  }

  private RecordedFlow(
      HostFlow host, Weights weights, boolean adaptive, Tableau tableau, Workspace workspace) {
    this(host, weights, weights.upload(host.x(), workspace), adaptive, tableau, workspace);
  }

  private RecordedFlow(
      HostFlow host,
      Weights weights,
      Matrix x,
      boolean adaptive,
      Tableau tableau,
      Workspace workspace) {
    super(
        host.dynamics().on(weights, x.columns(), x.columns(), workspace),
        weights,
        x,
        tableau.stages() + (adaptive ? 1 : 0),
        workspace);
    this.weights = weights;
    this.x = x;
    this.adaptive = adaptive;
    stages = tableau.stages();
    this.workspace = workspace;
  }

  SolverStatistics solve(Stepping stepping, double from, double to) {
    RungeKutta solver = new RungeKutta(stepping.tableau(), this, adaptive, workspace);
    solver.solve(stepping, from, to);
    return solver.statistics();
  }

  @Override
  public void evaluate(int s, double t, List<List<Term>> increments, List<Matrix> slopes) {
    evaluations++;
    super.evaluate(s, t, increments, slopes);
  }

  @Override
  public void accepted(double t, double dt, List<Matrix> slopes) {
    starts.add(t);
    lengths.add(dt);
  }

  /**
   * Adds up the steps: each begins where the one before ended; of S + 1 stages the first is never
   * computed again.
   */
  void requireStepsFrom(double from, double to, SolverStatistics statistics) {
    double t = from;
    double sum = 0;
    for (int i = 0; i < starts.size(); i++) {
      assertEquals(t, starts.get(i));
      t += lengths.get(i);
      sum += lengths.get(i);
    }
    assertEquals(to, t, 2 * Math.ulp(Math.max(from, to)));
    assertEquals(to - from, sum, starts.size() * Math.ulp(to - from));
    int attempts = statistics.accepted() + statistics.rejected();
    assertEquals(1L + (long) stages * attempts, statistics.evaluations());
    assertEquals(evaluations, statistics.evaluations());
    assertEquals(starts.size(), statistics.accepted());
  }
}
