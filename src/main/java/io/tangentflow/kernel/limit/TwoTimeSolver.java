package io.tangentflow.kernel.limit;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.model.NeuralOde;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The two-time equations of the continuum on one grid, with times in units of T, κ = (σw T)² and c
 * = σu² x·x̄/d:
 *
 * <pre>
 *   S = c + κ ∫₀ᵗ∫₀ˢ E[φφ](S),     Θ = σv² E[φ'φ'](S_11) + κ ∫ₜ¹∫ₛ¹ E[φ'φ'](S) Θ.
 * </pre>
 *
 * Both are of Volterra type: Picard's iteration on them converges faster than any geometric series,
 * and it runs until the iterates are equal up to rounding, or to what is asked for.
 */
final class TwoTimeSolver {

  private static final int MOST_ITERATIONS = 400;
  private static final double EQUAL = 2 * Math.ulp(1.0);
  private static final double STALLED = 1e-12;

  private final DualActivation dual;
  private final TwoTimeGrid grid;
  private final double enough;
  private final double kappa;
  private final double sigmaVSquared;
  private final double sigmaUSquared;

  /**
   * @param tolerance changes by an iteration, relative to the largest value, that end it, if more
   *     than rounding
   */
  TwoTimeSolver(NeuralOde ode, DualActivation dual, TwoTimeGrid grid, double tolerance) {
    this.dual = dual;
    this.grid = grid;
    enough = Math.max(EQUAL, tolerance);
    double flow = ode.sigmaW() * ode.horizon();
    kappa = flow * flow;
    sigmaVSquared = ode.sigmaV() * ode.sigmaV();
    sigmaUSquared = ode.sigmaU() * ode.sigmaU();
  }

  /**
   * One input's process u: its variances at the times of a grid, its two-time covariance,
   * E[φ(u_t)φ(u_s)], and its variance at the start.
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record InputProcess(
      TwoTimeGrid grid,
      Marginal[] marginals,
      double[] covariance,
      double[] values,
      double atStart) {
    Marginal atEnd() {
      return marginals[marginals.length - 1];
    }
  }

  /**
   * Kernels of one pair, and S and Θ at the points of a grid. The scales are what the values would
   * be if nothing cancelled: errors are relative to them.
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Solution(
      double nngp,
      double ntk,
      double nngpScale,
      double ntkScale,
      TwoTimeGrid grid,
      double[] covariance,
      double[] theta) {}

  /**
   * σu²‖x‖²/d, the variance of u at the start.
   *
   * @throws InvalidConfiguration if it is beyond the range of a double
   */
  static double atStart(double sigmaUSquared, double normSqOverD) {
    double variance = sigmaUSquared * normSqOverD;
    if (!Double.isFinite(variance)) {
      throw new InvalidConfiguration(
          "--data",
          "has an input whose σu²‖x‖²/d is beyond the range of a double; scale the inputs down, as"
              + " --normalise does, or lower --sigma-u");
    }
    return variance;
  }

  /**
   * The process of an input alone, starting from a coarser one; empty if the iteration diverges.
   */
  Optional<InputProcess> process(double normSqOverD, Optional<InputProcess> coarser) {
    double c = atStart(sigmaUSquared, normSqOverD);
    double[] start = constant(c, grid.points() + grid.times().length);
    if (coarser.isPresent()) {
      InputProcess known = coarser.get();
      double[] e = grid.resample(known.values(), known.grid());
      start =
          TwoTimeGrid.concat(
              grid.resample(known.covariance(), known.grid()), affine(c, grid.squares(e)));
    }
    return fixedPoint(
            start,
            state -> {
              double[] e = values(state);
              return TwoTimeGrid.concat(affine(c, grid.fromStart(e)), affine(c, grid.squares(e)));
            })
        .map(
            state ->
                new InputProcess(
                    grid, marginals(state), Arrays.copyOf(state, grid.points()), values(state), c));
  }

  /**
   * The kernels of two inputs with x·x̄/d, starting from a coarser solution; empty if the iteration
   * diverges.
   */
  Optional<Solution> pair(
      InputProcess x, InputProcess y, double dotOverD, Optional<Solution> coarser) {
    return covariance(x, y, dotOverD, coarser)
        .flatMap(s -> pair(x, y, sigmaUSquared * dotOverD, s, coarser));
  }

  /** Where S and Θ of two inputs live: symmetric functions, if they are inputs of one norm. */
  private TwoTimeGrid grid(InputProcess x, InputProcess y) {
    return x.atStart() == y.atStart() ? grid : grid.forPairs();
  }

  /** S_ts at the points of their grid; empty if the iteration diverges. */
  Optional<double[]> covariance(
      InputProcess x, InputProcess y, double dotOverD, Optional<Solution> coarser) {
    TwoTimeGrid on = grid(x, y);
    double c = sigmaUSquared * dotOverD;
    return fixedPoint(
        coarser
            .map(known -> on.resample(known.covariance(), known.grid()))
            .orElseGet(() -> constant(c, on.points())),
        s -> affine(c, on.fromStart(values(on, x.marginals(), y.marginals(), s))));
  }

  /** The kernels that follow from the covariance s. */
  private Optional<Solution> pair(
      InputProcess x, InputProcess y, double c, double[] s, Optional<Solution> coarser) {
    TwoTimeGrid on = grid(x, y);
    double[] e = values(on, x.marginals(), y.marginals(), s);
    double[] slopes = derivatives(on, x.marginals(), y.marginals(), s);
    Marginal u = x.atEnd();
    Marginal v = y.atEnd();
    double end = admissible(u, v, c + kappa * on.total(e));
    double thetaAtEnd = sigmaVSquared * dual.derivative(u, v, end);
    double nngp = sigmaVSquared * dual.value(u, v, end);
    double nngpScale =
        sigmaVSquared
            * Math.sqrt(dual.value(u, u, u.variance()))
            * Math.sqrt(dual.value(v, v, v.variance()));
    return fixedPoint(
            coarser
                .map(known -> on.resample(known.theta(), known.grid()))
                .orElseGet(() -> constant(thetaAtEnd, on.points())),
            theta -> affine(thetaAtEnd, on.toEnd(product(slopes, theta))))
        .map(
            theta -> {
              double hidden = kappa * on.total(product(e, theta));
              double thetaAtStart = thetaAtEnd + kappa * on.total(product(slopes, theta));
              double ntk = nngp + hidden + c * thetaAtStart;
              double inputScale = Math.sqrt(x.atStart()) * Math.sqrt(y.atStart());
              double ntkScale = nngpScale + Math.abs(hidden) + inputScale * Math.abs(thetaAtStart);
              return new Solution(nngp, ntk, nngpScale, ntkScale, on, s, theta);
            });
  }

  /** Picard's iteration; empty if it diverges, or begins beyond the finite numbers. */
  private Optional<double[]> fixedPoint(double[] start, UnaryOperator<double[]> map) {
    if (!Arrays.stream(start).allMatch(Double::isFinite)) {
      return Optional.empty();
    }
    double[] iterate = start;
    double before = Double.POSITIVE_INFINITY;
    for (int iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
      double[] next = map.apply(iterate);
      double change = change(iterate, next);
      iterate = next;
      if (!Double.isFinite(change)) {
        return Optional.empty();
      }
      if (change <= enough || (change <= STALLED && change >= before)) {
        return Optional.of(iterate);
      }
      before = change;
    }
    return Optional.empty();
  }

  /** Of an input's state: its covariance at the points, then its variances at the times. */
  private Marginal[] marginals(double[] state) {
    Marginal[] marginals = new Marginal[grid.times().length];
    for (int k = 0; k < marginals.length; k++) {
      marginals[k] = dual.marginal(Math.max(0, state[grid.points() + k]));
    }
    return marginals;
  }

  private double[] values(double[] state) {
    Marginal[] u = marginals(state);
    return values(grid, u, u, state);
  }

  private double[] values(TwoTimeGrid on, Marginal[] x, Marginal[] y, double[] s) {
    double[] e = new double[on.points()];
    for (int p = 0; p < e.length; p++) {
      Marginal u = x[on.first(p)];
      Marginal v = y[on.second(p)];
      e[p] = dual.value(u, v, admissible(u, v, s[p]));
    }
    return e;
  }

  private double[] derivatives(TwoTimeGrid on, Marginal[] x, Marginal[] y, double[] s) {
    double[] e = new double[on.points()];
    for (int p = 0; p < e.length; p++) {
      Marginal u = x[on.first(p)];
      Marginal v = y[on.second(p)];
      e[p] = dual.derivative(u, v, admissible(u, v, s[p]));
    }
    return e;
  }

  /** An unfinished iterate may lie beyond Cauchy–Schwarz's bound; the solution does not. */
  private static double admissible(Marginal u, Marginal v, double c) {
    double bound = bound(u, v);
    return Math.max(-bound, Math.min(bound, c));
  }

  private static double bound(Marginal u, Marginal v) {
    return u.deviation() * v.deviation();
  }

  private double[] affine(double constant, double[] integral) {
    for (int p = 0; p < integral.length; p++) {
      integral[p] = constant + kappa * integral[p];
    }
    return integral;
  }

  private static double[] product(double[] f, double[] g) {
    double[] product = new double[f.length];
    for (int p = 0; p < f.length; p++) {
      product[p] = f[p] * g[p];
    }
    return product;
  }

  /** The largest change, relative to the largest value; NaN if any value is. */
  private static double change(double[] from, double[] to) {
    double change = 0;
    double scale = Double.MIN_NORMAL;
    for (int p = 0; p < to.length; p++) {
      change = Math.max(change, Math.abs(to[p] - from[p]));
      scale = Math.max(scale, Math.abs(to[p]));
    }
    return change / scale;
  }

  private static double[] constant(double value, int length) {
    double[] constant = new double[length];
    Arrays.fill(constant, value);
    return constant;
  }
}
