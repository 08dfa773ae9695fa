package io.tangentflow.ode;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.ode.DenseOutput.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Keeps the states of a given number of nodes, and computes the others again from the nearest
 * earlier one. Which are kept follows the binomial schedule, which computes the fewest steps again
 * (Griewank and Walther, ACM TOMS 26, 2000). Where a tolerance chooses the steps, their times are
 * found by a solution that keeps nothing.
 */
public final class CheckpointedPath implements StatePath, AutoCloseable {

  /** Of the horizon: above rounding, below any step. */
  private static final double SLACK = 1e-12;

  private final Workspace workspace;
  private final Backend backend;
  private final int most;
  private final NodeTimes times;

  /** Of the steps as they were taken: not differences of times, which are rounded. */
  private final double[] lengths;

  private final NeuralOdeFlow flow;
  private final RungeKutta solver;
  private final SolverStatistics search;
  private final Deque<Checkpoint> checkpoints = new ArrayDeque<>();
  private final TreeMap<Integer, Held> window = new TreeMap<>();
  private int nodesEvaluated;

  private record Checkpoint(int index, Matrix h, Workspace owner) {}

  private record Held(Node node, Workspace owner) {}

  /**
   * Finds the times of the steps; states are computed when they are asked for.
   *
   * @param most checkpoints at a time, at least 1: h(0) is one of them
   * @param x d×N
   * @param workspace gives what memory it takes
   */
  public CheckpointedPath(
      VectorField field,
      Stepping stepping,
      int most,
      Weights weights,
      Matrix x,
      Workspace workspace) {
    this.workspace = workspace;
    this.backend = workspace.backend();
    this.most = most;
    double horizon = weights.model().horizon();
    if (stepping instanceof TimeGrid grid) {
      search = SolverStatistics.NONE;
      double[] equal = new double[grid.depth() + 1];
      for (int i = 0; i < equal.length; i++) {
        equal[i] = horizon * i / grid.depth();
      }
      equal[grid.depth()] = horizon; // Which T·L/L need not be.
      times = new NodeTimes(equal);
      lengths = new double[grid.depth()];
      Arrays.fill(lengths, horizon / grid.depth());
    } else {
      List<Double> found = new ArrayList<>();
      List<Double> steps = new ArrayList<>();
      try (Workspace scratch = workspace.scope()) {
        NeuralOdeFlow once =
            new NeuralOdeFlow(field, weights, x, stepping.evaluatedStages(), scratch) {
              @Override
              public void accepted(double t, double dt, List<Matrix> slopes) {
                found.add(t);
                steps.add(dt);
              }
            };
        RungeKutta searching = new RungeKutta(stepping.tableau(), once, true, scratch);
        searching.within((Tolerance) stepping, 0, horizon);
        search = searching.statistics();
      }
      found.add(horizon);
      times = new NodeTimes(found.stream().mapToDouble(t -> t).toArray());
      lengths = steps.stream().mapToDouble(dt -> dt).toArray();
    }
    flow = new NeuralOdeFlow(field, weights, x, stepping.tableau().stages(), workspace);
    solver = new RungeKutta(stepping.tableau(), flow, false, workspace);
    keep(0);
  }

  @Override
  public Matrix end() {
    return node(times.count() - 1).h();
  }

  @Override
  public List<Node> around(double t) {
    List<Node> nodes = new ArrayList<>();
    for (int i = times.last(t); i >= times.first(t); i--) {
      nodes.add(0, node(i));
    }
    return nodes;
  }

  @Override
  public void passed(double t) {
    // A step's end need not be, to the last bit, the time that the next one begins at.
    double safely = t + SLACK * times.end();
    while (!window.isEmpty() && window.lastKey() > times.last(safely)) {
      window.pollLastEntry().getValue().owner().close();
    }
  }

  @Override
  public SolverStatistics statistics() {
    SolverStatistics s = solver.statistics();
    return new SolverStatistics(
        search.accepted() + s.accepted(),
        search.rejected(),
        search.evaluations() + s.evaluations() + nodesEvaluated);
  }

  private Node node(int index) {
    Held held = window.get(index);
    if (held != null) {
      return held.node();
    }
    while (checkpoints.element().index() > index) {
      checkpoints.remove().owner().close();
    }
    int at = checkpoints.element().index();
    backend.copy(checkpoints.element().h(), flow.h());
    while (at < index) {
      int free = most - checkpoints.size();
      int target = free == 0 ? index : at + split(index - at + 1, free + 1);
      for (; at < target; at++) {
        solver.step(times.times()[at], lengths[at]);
      }
      if (at < index) {
        keep(at);
      }
    }
    Node node =
        owned(
            owner -> {
              Node made = StoredPath.node(times.times()[index], flow.h(), owner);
              window.put(index, new Held(made, owner));
              return made;
            });
    flow.velocity(node.t(), node.slope());
    nodesEvaluated++;
    return node;
  }

  private void keep(int index) {
    owned(
        owner -> {
          Matrix h = owner.allocate(flow.h().rows(), flow.h().columns());
          backend.copy(flow.h(), h);
          checkpoints.push(new Checkpoint(index, h, owner));
          return h;
        });
  }

  /** What a scope of its own holds, until it is closed; if it cannot be had, nothing is held. */
  private <T> T owned(Function<Workspace, T> of) {
    Workspace owner = workspace.scope();
    boolean done = false;
    try {
      T result = of.apply(owner);
      done = true;
      return result;
    } finally {
      if (!done) {
        owner.close();
      }
    }
  }

  /**
   * How far to the next checkpoint, such that visiting all of so many nodes from the last to the
   * first, which is kept, takes the fewest steps. With β(c, r) = (c + r choose c) and β(c, r − 1)
   * &lt; nodes ≤ β(c, r) no step is taken more than r times.
   *
   * @param nodes at least 2
   * @param kept checkpoints c that may be there, the first node's included, at least 2
   */
  static int split(int nodes, int kept) {
    int r = 0;
    while (beta(kept, r) < nodes) {
      r++;
    }
    double far = Math.max(nodes - beta(kept - 1, r), beta(kept, r - 2));
    return (int) Math.max(1, Math.min(far, nodes - 1));
  }

  /** (c + r choose c), or infinity far beyond the number of any steps. */
  private static double beta(int c, int r) {
    double product = r < 0 ? 0 : 1;
    for (int k = 1; k <= r && product < Integer.MAX_VALUE; k++) {
      product = product * (c + k) / k;
    }
    return product;
  }

  @Override
  public void close() {
    checkpoints.forEach(c -> c.owner().close());
    window.values().forEach(held -> held.owner().close());
  }
}
