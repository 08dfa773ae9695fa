package io.tangentflow.gradient;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Workspace;
import io.tangentflow.ode.Dynamics;
import io.tangentflow.ode.Finite;
import io.tangentflow.ode.Linearisations;
import io.tangentflow.ode.NeuralOdeFlow;
import io.tangentflow.ode.RungeKutta;
import io.tangentflow.ode.SolverStatistics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.VectorField;
import io.tangentflow.ode.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Discretise, then optimise, for any dynamics and any steps: the exact gradient of the discrete
 * solution, by the equations of {@link DiscreteAdjoint} with the Jacobian of the field in the place
 * of its own. Where a tolerance chooses the steps, those that were accepted are replayed, and the
 * gradient is that of the solution with these steps held fixed.
 *
 * <p>It holds the linearisation at each stage: 2nNQ numbers. Its passes are not fused, and serve as
 * the second opinion on those that are.
 */
public final class SteppedAdjoint implements GradientMethod {

  private final Dynamics dynamics;
  private final Stepping stepping;

  /** The gradient of those dynamics solved in those steps. */
  public SteppedAdjoint(Dynamics dynamics, Stepping stepping) {
    this.dynamics = dynamics;
    this.stepping = stepping;
  }

  @Override
  public String label() {
    return "discrete:" + stepping.label();
  }

  @Override
  public OptionalInt pairs() {
    return stepping instanceof TimeGrid grid
        ? OptionalInt.of(grid.evaluations())
        : OptionalInt.empty();
  }

  @Override
  public Stepping forward() {
    return stepping;
  }

  @Override
  public boolean adaptive() {
    return stepping.adaptive();
  }

  @Override
  public Matrix outputs(Weights weights, Matrix x, Workspace workspace) {
    return Forward.outputs(dynamics, stepping, weights, x, workspace);
  }

  @Override
  public Report pull(
      Weights weights, Matrix x, Matrix cotangents, PairSink sink, Workspace workspace) {
    try (Workspace scratch = workspace.scope()) {
      Backend backend = scratch.backend();
      VectorField field = dynamics.on(weights, x.columns(), cotangents.columns(), scratch);
      Tableau tableau = stepping.tableau();
      Recorder recorder = new Recorder(field, weights, x, tableau.stages(), scratch);
      SolverStatistics forward = solve(recorder, weights.model().horizon(), scratch);
      int n = weights.model().width();
      Matrix lambda = scratch.allocate(n, cotangents.columns());
      Matrix mu = scratch.allocate(n, cotangents.columns());
      Matrix zero = scratch.allocate(n, cotangents.columns());
      List<Matrix> nu = new ArrayList<>();
      for (int s = 0; s < tableau.stages(); s++) {
        nu.add(scratch.allocate(n, cotangents.columns()));
      }
      Terminal terminal = new Terminal(weights, recorder.h(), scratch);
      sink.begin(terminal.outputs(), terminal.phi());
      terminal.adjoint(cotangents, lambda, scratch);
      long pullbacks = 0;
      for (int l = recorder.steps.size() - 1; l >= 0; l--) {
        Step step = recorder.steps.get(l);
        for (int s = tableau.stages() - 1; s >= 0; s--) {
          backend.copy(zero, mu);
          backend.addScaled(step.dt * tableau.b()[s], lambda, mu);
          for (int r = s + 1; r < tableau.stages(); r++) {
            if (tableau.a()[r][s] != 0) {
              backend.addScaled(step.dt * tableau.a()[r][s], nu.get(r), mu);
            }
          }
          double t = step.t + tableau.c()[s] * step.dt;
          field.pullback(t, step.stages.slope(s), mu, nu.get(s));
          sink.pair(field.scale(t), mu, step.stages.pair(s));
          pullbacks++;
        }
        for (Matrix term : nu) {
          backend.addScaled(1, term, lambda);
        }
        Finite.require("adjoint", lambda, x.columns(), step.t, backend);
      }
      sink.end(lambda);
      return new Report(
          forward,
          new SolverStatistics(recorder.steps.size(), 0, pullbacks),
          OptionalDouble.empty());
    }
  }

  private SolverStatistics solve(Recorder recorder, double horizon, Workspace workspace) {
    try (Workspace scratch = workspace.scope()) {
      RungeKutta solver =
          new RungeKutta(stepping.tableau(), recorder, stepping.adaptive(), scratch);
      solver.solve(stepping, 0, horizon);
      return solver.statistics();
    }
  }

  private record Step(double t, double dt, Linearisations stages) {}

  /** Keeps the linearisations of each accepted step; those of the flow itself are its end's. */
  private static final class Recorder extends NeuralOdeFlow {
    private final int stagesOfStep;
    private final Workspace workspace;
    private final List<Step> steps = new ArrayList<>();
    private Linearisations current;
    private boolean endIsNext;

    Recorder(VectorField field, Weights weights, Matrix x, int stages, Workspace workspace) {
      super(field, weights, x, 1, workspace);
      this.stagesOfStep = stages;
      this.workspace = workspace;
    }

    @Override
    public void evaluate(int s, double t, List<List<Term>> increments, List<Matrix> slopes) {
      if (current == null) {
        current = new Linearisations(stagesOfStep, h().rows(), h().columns(), workspace);
        if (endIsNext) {
          current.exchangeFirst(stages());
        }
      }
      if (s == stagesOfStep) {
        super.evaluate(0, t, increments, slopes);
      } else {
        field()
            .evaluate(t, h(), increments.get(0), slopes.get(0), current.pair(s), current.slope(s));
      }
    }

    @Override
    public void accepted(double t, double dt, List<Matrix> slopes) {
      steps.add(new Step(t, dt, current));
      current = null;
      endIsNext = false;
    }

    @Override
    public void moveToFirst(int from) {
      endIsNext = true;
    }
  }
}
