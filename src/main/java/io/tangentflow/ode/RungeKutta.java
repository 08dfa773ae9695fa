package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.StepSizeUnderflow;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Workspace;
import io.tangentflow.ode.OdeSystem.Part;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Explicit Runge–Kutta steps of a system, forward or backward in time: equal ones, or such that the
 * estimated error stays below a tolerance, by proportional–integral control (Gustafsson 1991;
 * Hairer, Nørsett and Wanner, <i>Solving Ordinary Differential Equations I</i>, 1993, section
 * II.4). The last stage of an accepted step is the first of the next where the method allows.
 */
public final class RungeKutta {

  private static final double SAFETY = 0.9;
  private static final double LEAST_FACTOR = 0.2;
  private static final double GREATEST_FACTOR = 5;

  /** Exponents of the last error and of the one before, times the order of the estimate. */
  private static final double PROPORTIONAL = 0.7;

  private static final double INTEGRAL = 0.4;

  /** What a smaller error before the last one counts as, lest it forbid the next step to grow. */
  private static final double LEAST_ERROR = 1e-4;

  /** More steps than a solution worth having takes. */
  private static final int MOST_STEPS = 1_000_000;

  private final Tableau tableau;
  private final OdeSystem system;
  private final Backend backend;
  private final List<Part> parts;

  /** K of stage s, for each part. */
  private final List<List<Matrix>> slopes = new ArrayList<>();

  private final List<Matrix> trial = new ArrayList<>();
  private final List<Matrix> error = new ArrayList<>();
  private final List<Matrix> zero = new ArrayList<>();
  private int accepted;
  private int rejected;
  private long evaluations;

  /**
   * @param adaptive whether {@link #within} will be called, which takes more memory
   * @param workspace owns the evaluations of a step
   */
  public RungeKutta(Tableau tableau, OdeSystem system, boolean adaptive, Workspace workspace) {
    this.tableau = tableau;
    this.system = system;
    this.backend = workspace.backend();
    this.parts = system.parts();
    int stages = tableau.stages() + (adaptive ? 1 : 0);
    for (int s = 0; s < stages; s++) {
      slopes.add(allocate(workspace));
    }
    if (adaptive) {
      trial.addAll(allocate(workspace));
      error.addAll(allocate(workspace));
      zero.addAll(allocate(workspace));
    }
  }

  private List<Matrix> allocate(Workspace workspace) {
    return parts.stream()
        .map(part -> workspace.allocate(part.value().rows(), part.value().columns()))
        .toList();
  }

  /** What was done so far. */
  public SolverStatistics statistics() {
    return new SolverStatistics(accepted, rejected, evaluations);
  }

  /** Goes from one time to another by the steps that are asked for. */
  public void solve(Stepping stepping, double from, double to) {
    requireMethodOf(stepping);
    if (stepping instanceof TimeGrid grid) {
      equalSteps(from, to, grid.depth());
    } else if (stepping instanceof Tolerance tolerance) {
      within(tolerance, from, to);
    }
  }

  /**
   * Goes from one time to another by equal steps.
   *
   * @throws NonFiniteState if the state is not finite at the start or the end of a step, naming the
   *     first sample and that time
   */
  public void equalSteps(double from, double to, int steps) {
    requireFinite(from);
    for (int i = 0; i < steps; i++) {
      double start = from + (to - from) * i / steps;
      step(start, (to - from) / steps);
    }
  }

  /**
   * One step.
   *
   * @throws NonFiniteState if the state overflows, naming the first sample and the end of the step
   */
  public void step(double t, double dt) {
    evaluate(t, dt, 0);
    system.accepted(t, dt, slopes.get(0));
    for (int p = 0; p < parts.size(); p++) {
      addTo(parts.get(p).value(), p, dt, tableau.b());
    }
    accepted++;
    requireFinite(t + dt);
  }

  /**
   * Goes from one time to another by steps within the tolerance.
   *
   * @throws NonFiniteState if the state is not finite at the start
   * @throws StepSizeUnderflow if no step is short enough, or more are needed than can be waited
   *     for, naming the sample of the largest error
   */
  public void within(Tolerance tolerance, double from, double to) {
    requireMethodOf(tolerance);
    tolerance.requireResolvedBy(backend.precision());
    requireFinite(from);
    evaluateStage(0, from, List.of());
    double shortest = 8 * Math.ulp(Math.max(Math.abs(from), Math.abs(to)));
    double order = tableau.order();
    double t = from;
    double dt = atLeast(shortest, firstStep(tolerance, to - from));
    double lastError = 1;
    boolean rejectedLast = false;
    while (t != to) {
      double step = towards(to - t, dt);
      double e = attempt(tolerance, t, step);
      boolean holds = e <= 1; // NaN does not.
      double factor = LEAST_FACTOR;
      if (holds) {
        boolean last = step == to - t;
        accept(t, step);
        t = last ? to : t + step;
        factor =
            SAFETY * Math.pow(e, -PROPORTIONAL / order) * Math.pow(lastError, INTEGRAL / order);
        factor = Math.max(LEAST_FACTOR, Math.min(rejectedLast ? 1 : GREATEST_FACTOR, factor));
        lastError = Math.max(e, LEAST_ERROR);
      } else {
        rejected++;
        if (Double.isFinite(e)) {
          factor = Math.max(LEAST_FACTOR, SAFETY * Math.pow(e, -1 / order));
        }
      }
      boolean tooShort =
          !holds
              && (Math.abs(step) * factor < shortest
                  || (!Double.isFinite(e) && !moves(step * factor)));
      if (tooShort) {
        throw underflow("no step is short enough", t, step);
      }
      if (t != to && accepted + rejected >= MOST_STEPS) {
        throw underflow("after " + MOST_STEPS + " steps more are needed", t, step);
      }
      rejectedLast = !holds;
      dt = atLeast(shortest, step * factor);
    }
  }

  private StepSizeUnderflow underflow(String why, double t, double step) {
    return new StepSizeUnderflow(why, worstSample(), t, Math.abs(step));
  }

  /**
   * Whether a step changes the state by more than its rounding. Short of an overflow the only ones
   * that pass may be those that do not, and with them time would go on without the state.
   */
  private boolean moves(double dt) {
    double unitRoundoff = Tolerance.unitRoundoff(backend.precision());
    for (int p = 0; p < parts.size(); p++) {
      double change = Math.abs(dt) * norm(slopes.get(0).get(p));
      if (change == 0 || change > unitRoundoff * norm(parts.get(p).value())) {
        return true;
      }
    }
    return false;
  }

  /** All that remains, or half of it where a step would leave less than another like it. */
  private static double towards(double remaining, double dt) {
    if (Math.abs(dt) >= Math.abs(remaining)) {
      return remaining;
    }
    return Math.abs(dt) > Math.abs(remaining) / 2 ? remaining / 2 : dt;
  }

  /** So that time always moves. */
  private static double atLeast(double shortest, double dt) {
    return Math.copySign(Math.max(shortest, Math.abs(dt)), dt);
  }

  private void requireMethodOf(Stepping stepping) {
    if (!tableau.equals(stepping.tableau())) {
      throw new IllegalArgumentException(
          "steps of " + stepping.tableau() + " are asked of a solver by " + tableau);
    }
  }

  /** A step whose first-order change is what the tolerance lets an error be after its order. */
  private double firstStep(Tolerance tolerance, double span) {
    double step = Math.abs(span);
    for (int p = 0; p < parts.size(); p++) {
      double size = norm(parts.get(p).value());
      double slope = norm(slopes.get(0).get(p));
      if (size > 0 && slope > 0 && Double.isFinite(slope)) {
        double fraction = Math.pow(tolerance.relative(), 1.0 / tableau.order());
        step = Math.min(step, fraction * size / slope);
      }
    }
    return Math.copySign(step, span);
  }

  /** The estimated error as a fraction of what the tolerance allows, the state's end in trial. */
  private double attempt(Tolerance tolerance, double t, double dt) {
    evaluate(t, dt, 1);
    int stages = tableau.stages();
    evaluateStage(stages, t + dt, increments(dt, tableau.b()));
    double worst = 0; // Or NaN, once one is.
    for (int p = 0; p < parts.size(); p++) {
      Matrix y = parts.get(p).value();
      backend.copy(y, trial.get(p));
      addTo(trial.get(p), p, dt, tableau.b());
      backend.copy(zero.get(p), error.get(p));
      addTo(error.get(p), p, dt, tableau.errorWeights());
      if (tolerance.perSample()) {
        for (int i = 0; i < system.samples(); i++) {
          worst =
              Math.max(
                  worst, fraction(sample(error.get(p), i), sample(y, i), sample(trial.get(p), i)));
        }
      } else {
        worst = Math.max(worst, fraction(error.get(p), y, trial.get(p)));
      }
    }
    return worst / tolerance.relative();
  }

  /** Infinite if a state is, or if its norm is: no error would be noticed beside it. */
  private double fraction(Matrix e, Matrix y, Matrix end) {
    double size = Math.max(norm(y), norm(end));
    if (!Double.isFinite(size)) {
      return Double.POSITIVE_INFINITY;
    }
    double estimate = norm(e);
    return estimate == 0 ? 0 : estimate / size;
  }

  private double norm(Matrix m) {
    return Math.sqrt(backend.dot(m, m));
  }

  private Matrix sample(Matrix m, int i) {
    int columns = m.columns() / system.samples();
    return m.columnRange(i * columns, columns);
  }

  private void accept(double t, double dt) {
    system.accepted(t, dt, slopes.get(0));
    for (int p = 0; p < parts.size(); p++) {
      backend.copy(trial.get(p), parts.get(p).value());
    }
    accepted++;
    Collections.swap(slopes, 0, tableau.stages());
    system.moveToFirst(tableau.stages());
  }

  /** The sample of the largest error of the last attempt; the first one that is not finite. */
  private int worstSample() {
    int worst = 0;
    double largest = -1;
    for (int i = 0; i < system.samples(); i++) {
      for (int p = 0; p < parts.size(); p++) {
        Matrix y = parts.get(p).value();
        double e = fraction(sample(error.get(p), i), sample(y, i), sample(trial.get(p), i));
        if (!Double.isFinite(e)) {
          return i;
        }
        if (e > largest) {
          largest = e;
          worst = i;
        }
      }
    }
    return worst;
  }

  /** Evaluates the stages from {@code first} on, all but that at the end of the step. */
  private void evaluate(double t, double dt, int first) {
    for (int s = first; s < tableau.stages(); s++) {
      evaluateStage(s, t + dt * tableau.c()[s], increments(dt, tableau.a()[s]));
    }
  }

  private void evaluateStage(int s, double t, List<List<Term>> increments) {
    system.evaluate(
        s,
        t,
        increments.isEmpty() ? Collections.nCopies(parts.size(), List.of()) : increments,
        slopes.get(s));
    evaluations++;
  }

  /** ±Δ Σ_r c_r K_r of each part, without the terms that vanish. */
  private List<List<Term>> increments(double dt, double[] coefficients) {
    List<List<Term>> all = new ArrayList<>();
    for (int p = 0; p < parts.size(); p++) {
      List<Term> terms = new ArrayList<>();
      for (int r = 0; r < coefficients.length; r++) {
        if (coefficients[r] != 0) {
          terms.add(new Term(parts.get(p).sign() * dt * coefficients[r], slopes.get(r).get(p)));
        }
      }
      all.add(terms);
    }
    return all;
  }

  private void addTo(Matrix target, int part, double dt, double[] coefficients) {
    for (Term term : increments(dt, coefficients).get(part)) {
      backend.addScaled(term.weight(), term.matrix(), target);
    }
  }

  private void requireFinite(double t) {
    for (Part part : parts) {
      Finite.require(part.name(), part.value(), system.samples(), t, backend);
    }
  }
}
