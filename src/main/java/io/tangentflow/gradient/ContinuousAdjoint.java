package io.tangentflow.gradient;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Workspace;
import io.tangentflow.ode.CheckpointedPath;
import io.tangentflow.ode.DenseOutput;
import io.tangentflow.ode.DenseOutput.Node;
import io.tangentflow.ode.Dynamics;
import io.tangentflow.ode.Linearisations;
import io.tangentflow.ode.NeuralOdeFlow;
import io.tangentflow.ode.OdeSystem;
import io.tangentflow.ode.RungeKutta;
import io.tangentflow.ode.SolverStatistics;
import io.tangentflow.ode.StatePath;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.StoredPath;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.VectorField;
import io.tangentflow.ode.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Optimise, then discretise: the adjoint equation of the continuous model,
 *
 * <pre>
 *   dλ/dt = −(∂F/∂h)ᵀ λ from λ(T) on,     ∂f/∂W = ∫₀ᵀ c(t) M Φᵀ dt,
 * </pre>
 *
 * solved backwards with its own method and steps. The integral is a third part of the same system,
 * so the weights of the method's stages are those of its quadrature, and its order is the method's.
 * The gradient is that of the continuous model up to both solvers' errors; it is not the gradient
 * of the discrete solution.
 *
 * <p>The state on the way back is interpolated between stored or recomputed nodes (see {@link
 * DenseOutput}), or integrated backwards together with λ. Backwards the flow's contraction becomes
 * growth, so that the latter need not find the way that the state has come; how far it ends from
 * h(0) is reported.
 */
public final class ContinuousAdjoint implements GradientMethod {

  /** Where the way back has the state from. */
  public enum State {
    /** Every node is kept: 2nN(L + 1) numbers. */
    STORED,
    /** A given number of nodes is kept, the others are computed again. */
    CHECKPOINTED,
    /** It is integrated backwards with the adjoint, and nothing is kept. */
    AUGMENTED
  }

  private final Dynamics dynamics;
  private final Stepping forward;
  private final Stepping backward;
  private final State state;
  private final int checkpoints;

  private ContinuousAdjoint(
      Dynamics dynamics, Stepping forward, Stepping backward, State state, int checkpoints) {
    this.dynamics = dynamics;
    this.forward = forward;
    this.backward = backward;
    this.state = state;
    this.checkpoints = checkpoints;
  }

  /** With every node of the forward solution kept. */
  public static ContinuousAdjoint stored(Dynamics dynamics, Stepping forward, Stepping backward) {
    return new ContinuousAdjoint(dynamics, forward, backward, State.STORED, 0);
  }

  /**
   * With some nodes kept by the binomial schedule.
   *
   * @param checkpoints c: with c = O(√L) no step is computed more than a few times
   */
  public static ContinuousAdjoint checkpointed(
      Dynamics dynamics, Stepping forward, Stepping backward, int checkpoints) {
    if (checkpoints < 1) {
      throw new IllegalArgumentException("checkpoints must be at least 1, not " + checkpoints);
    }
    return new ContinuousAdjoint(dynamics, forward, backward, State.CHECKPOINTED, checkpoints);
  }

  /** With the state integrated backwards. */
  public static ContinuousAdjoint augmented(
      Dynamics dynamics, Stepping forward, Stepping backward) {
    return new ContinuousAdjoint(dynamics, forward, backward, State.AUGMENTED, 0);
  }

  @Override
  public String label() {
    String how =
        switch (state) {
          case STORED -> "stored";
          case CHECKPOINTED -> "checkpointed=" + checkpoints;
          case AUGMENTED -> "augmented";
        };
    String there = how + ":" + forward.label();
    return backward.equals(forward) ? there : there + ":" + backward.label();
  }

  @Override
  public OptionalInt pairs() {
    long used = Arrays.stream(backward.tableau().b()).filter(b -> b != 0).count();
    return backward instanceof TimeGrid grid
        ? OptionalInt.of(Math.multiplyExact(grid.depth(), (int) used))
        : OptionalInt.empty();
  }

  @Override
  public Stepping forward() {
    return forward;
  }

  @Override
  public boolean adaptive() {
    return forward.adaptive() || backward.adaptive();
  }

  @Override
  public Matrix outputs(Weights weights, Matrix x, Workspace workspace) {
    return Forward.outputs(dynamics, forward, weights, x, workspace);
  }

  @Override
  public Report pull(
      Weights weights, Matrix x, Matrix cotangents, PairSink sink, Workspace workspace) {
    try (Workspace scratch = workspace.scope()) {
      VectorField field = dynamics.on(weights, x.columns(), cotangents.columns(), scratch);
      return switch (state) {
        case STORED -> {
          StatePath path = new StoredPath(field, forward, weights, x, scratch);
          yield alongPath(path, field, weights, cotangents, sink, scratch);
        }
        case CHECKPOINTED -> {
          try (CheckpointedPath path =
              new CheckpointedPath(field, forward, checkpoints, weights, x, scratch)) {
            yield alongPath(path, field, weights, cotangents, sink, scratch);
          }
        }
        case AUGMENTED -> augmented(field, weights, x, cotangents, sink, scratch);
      };
    }
  }

  private Report alongPath(
      StatePath path,
      VectorField field,
      Weights weights,
      Matrix cotangents,
      PairSink sink,
      Workspace workspace) {
    Matrix lambda = begin(weights, path.end(), cotangents, sink, workspace);
    WayBack way = new WayBack(field, lambda, path.end(), Optional.of(path), sink, workspace);
    SolverStatistics back = solve(way, weights, sink, workspace);
    return new Report(path.statistics(), back, OptionalDouble.empty());
  }

  private Report augmented(
      VectorField field,
      Weights weights,
      Matrix x,
      Matrix cotangents,
      PairSink sink,
      Workspace workspace) {
    Matrix h = workspace.allocate(weights.model().width(), x.columns());
    SolverStatistics there = Forward.solve(field, forward, weights, x, h, workspace);
    Matrix lambda = begin(weights, h, cotangents, sink, workspace);
    WayBack way = new WayBack(field, lambda, h, Optional.empty(), sink, workspace);
    SolverStatistics back = solve(way, weights, sink, workspace);
    return new Report(
        there, back, OptionalDouble.of(reconstructionError(weights, x, h, workspace)));
  }

  /** λ(T); the sink learns the outputs. */
  private static Matrix begin(
      Weights weights, Matrix h, Matrix cotangents, PairSink sink, Workspace workspace) {
    Matrix lambda = workspace.allocate(h.rows(), cotangents.columns());
    try (Workspace scratch = workspace.scope()) {
      Terminal terminal = new Terminal(weights, h, scratch);
      sink.begin(terminal.outputs(), terminal.phi());
      terminal.adjoint(cotangents, lambda, scratch);
    }
    return lambda;
  }

  private SolverStatistics solve(WayBack way, Weights weights, PairSink sink, Workspace workspace) {
    RungeKutta solver = new RungeKutta(backward.tableau(), way, backward.adaptive(), workspace);
    solver.solve(backward, weights.model().horizon(), 0);
    sink.end(way.lambda);
    return solver.statistics();
  }

  /**
   * The largest of a sample's errors, relative to ‖h(0)‖: its own, or the root mean square over
   * samples if that is larger, or where all are zero that of neurons of order one.
   */
  private static double reconstructionError(
      Weights weights, Matrix x, Matrix reconstructed, Workspace workspace) {
    Backend backend = workspace.backend();
    double worst = 0;
    try (Workspace scratch = workspace.scope()) {
      Matrix start = scratch.allocate(reconstructed.rows(), reconstructed.columns());
      NeuralOdeFlow.begin(weights, x, start, backend);
      backend.addScaled(-1, start, reconstructed);
      double typical = norm(start, backend) / Math.sqrt(start.columns());
      double least = typical > 0 ? typical : Math.sqrt(start.rows());
      for (int i = 0; i < start.columns(); i++) {
        double error = norm(reconstructed.columnRange(i, 1), backend);
        worst = Math.max(worst, error / Math.max(least, norm(start.columnRange(i, 1), backend)));
      }
    }
    return worst;
  }

  private static double norm(Matrix m, Backend backend) {
    return Math.sqrt(backend.dot(m, m));
  }

  /** The adjoint equation, and without a path the forward one beside it, both backwards. */
  private final class WayBack implements OdeSystem {
    private final VectorField field;
    private final Matrix lambda;
    private final Matrix h;
    private final PairSink sink;
    private final Backend backend;
    private final Linearisations stages;
    private final List<Matrix> pulled = new ArrayList<>();
    private final Matrix scratch;
    private final StatePath path;

    /**
     * @param h h(T): without a path the state, which is changed; else its shape alone counts
     */
    WayBack(
        VectorField field,
        Matrix lambda,
        Matrix h,
        Optional<StatePath> path,
        PairSink sink,
        Workspace workspace) {
      this.path = path.orElse(null);
      this.field = field;
      this.lambda = lambda;
      this.h = h;
      this.sink = sink;
      this.backend = workspace.backend();
      int count = backward.evaluatedStages();
      stages = new Linearisations(count, h.rows(), h.columns(), workspace);
      for (int s = 0; s < count; s++) {
        pulled.add(workspace.allocate(lambda.rows(), lambda.columns()));
      }
      scratch = workspace.allocate(h.rows(), h.columns());
    }

    @Override
    public List<Part> parts() {
      Part adjoint = new Part("adjoint", lambda, -1);
      return path == null ? List.of(adjoint, new Part("state", h, 1)) : List.of(adjoint);
    }

    @Override
    public int samples() {
      return scratch.columns();
    }

    @Override
    public void evaluate(int s, double t, List<List<Term>> increments, List<Matrix> slopes) {
      Matrix pair = stages.pair(s);
      Matrix slope = stages.slope(s);
      if (path == null) {
        field.evaluate(t, h, increments.get(1), slopes.get(1), pair, slope);
      } else {
        List<Node> nodes = path.around(t);
        List<Term> between = DenseOutput.increments(nodes, t);
        field.linearise(t, nodes.get(0).h(), between, scratch, pair, slope);
      }
      Matrix mu = pulled.get(s);
      backend.copy(lambda, mu);
      for (Term term : increments.get(0)) {
        backend.addScaled(term.weight(), term.matrix(), mu);
      }
      field.pullback(t, slope, mu, slopes.get(0));
    }

    @Override
    public void accepted(double t, double dt, List<Matrix> slopes) {
      double[] b = backward.tableau().b();
      double[] c = backward.tableau().c();
      for (int s = 0; s < b.length; s++) {
        if (b[s] != 0) {
          double weight = Math.abs(dt) * b[s] * field.scale(t + c[s] * dt);
          sink.pair(weight, pulled.get(s), stages.pair(s));
        }
      }
      if (path != null) {
        path.passed(t + dt);
      }
    }

    @Override
    public void moveToFirst(int from) {
      stages.swap(0, from);
      Collections.swap(pulled, 0, from);
    }
  }
}
