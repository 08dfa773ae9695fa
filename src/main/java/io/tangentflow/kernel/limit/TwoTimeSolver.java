package io.tangentflow.kernel.limit;

import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.model.NeuralOde;
import java.util.Arrays;
import java.util.Optional;

/**
 * The two-time equations of the continuum on one grid, with times in units of T, κ = (σw T)² and c
 * = σu² x·x̄/d:
 *
 * <pre>
 *   S = c + κ ∫₀ᵗ∫₀ˢ E[φφ](S),     Θ = σv² E[φ'φ'](S_11) + κ ∫ₜ¹∫ₛ¹ E[φ'φ'](S) Θ.
 * </pre>
 *
 * Both are of Volterra type: Picard's iteration on them converges faster than any geometric series,
 * and it runs until the iterates are equal up to rounding.
 */
final class TwoTimeSolver {

  private static final int MOST_ITERATIONS = 400;
  private static final double EQUAL = 2 * Math.ulp(1.0);
  private static final double STALLED = 1e-12;

  private final DualActivation dual;
  private final TwoTimeGrid grid;
  private final double kappa;
  private final double sigmaVSquared;
  private final double sigmaUSquared;

  TwoTimeSolver(NeuralOde ode, DualActivation dual, TwoTimeGrid grid) {
    this.dual = dual;
    this.grid = grid;
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
   * Kernels of one pair on this grid. The scales are what the values would be if nothing cancelled:
   * errors are relative to them.
   */
  record Solution(double nngp, double ntk, double nngpScale, double ntkScale) {}

  /**
   * The process of an input alone, starting from a coarser one; empty if the iteration diverges.
   */
  Optional<InputProcess> process(double normSqOverD, Optional<InputProcess> coarser) {
    double c = sigmaUSquared * normSqOverD;
    double[] s = new double[grid.points()];
    double[] variances = new double[grid.times().length];
    Arrays.fill(s, c);
    Arrays.fill(variances, c);
    if (coarser.isPresent()) {
      InputProcess known = coarser.get();
      s = grid.resample(known.covariance(), known.grid());
      variances = affine(c, grid.squares(grid.resample(known.values(), known.grid())));
    }
    double before = Double.POSITIVE_INFINITY;
    for (int iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
      Marginal[] u = marginals(variances);
      double[] e = values(u, u, s);
      double[] nextS = affine(c, grid.fromStart(e));
      double[] nextVariances = affine(c, grid.squares(e));
      double change = Math.max(change(s, nextS), change(variances, nextVariances));
      s = nextS;
      variances = nextVariances;
      if (!Double.isFinite(change)) {
        return Optional.empty();
      }
      if (settled(change, before)) {
        return Optional.of(new InputProcess(grid, marginals(variances), s, e, c));
      }
      before = change;
    }
    return Optional.empty();
  }

  /** The kernels of two inputs with x·x̄/d; empty if the iteration diverges. */
  Optional<Solution> pair(InputProcess x, InputProcess y, double dotOverD) {
    double c = sigmaUSquared * dotOverD;
    double[] s = new double[grid.points()];
    Arrays.fill(s, c);
    double[] e = values(x.marginals(), y.marginals(), s);
    double before = Double.POSITIVE_INFINITY;
    boolean settled = false;
    for (int iteration = 0; iteration < MOST_ITERATIONS && !settled; iteration++) {
      double[] next = affine(c, grid.fromStart(e));
      double change = change(s, next);
      settled = settled(change, before);
      before = change;
      s = next;
      e = values(x.marginals(), y.marginals(), s);
    }
    if (!settled) {
      return Optional.empty();
    }
    Marginal u = x.atEnd();
    Marginal v = y.atEnd();
    double end = admissible(u, v, c + kappa * grid.total(e));
    double last = sigmaVSquared * dual.derivative(u, v, end);
    double[] slopes = derivatives(x.marginals(), y.marginals(), s);
    double[] theta = new double[grid.points()];
    Arrays.fill(theta, last);
    before = Double.POSITIVE_INFINITY;
    settled = false;
    for (int iteration = 0; iteration < MOST_ITERATIONS && !settled; iteration++) {
      double[] next = affine(last, grid.toEnd(product(slopes, theta)));
      double change = change(theta, next);
      settled = settled(change, before);
      before = change;
      theta = next;
    }
    if (!settled) {
      return Optional.empty();
    }
    double nngp = sigmaVSquared * dual.value(u, v, end);
    double hidden = kappa * grid.total(product(e, theta));
    double thetaAtStart = last + kappa * grid.total(product(slopes, theta));
    double nngpScale =
        sigmaVSquared * Math.sqrt(dual.value(u, u, u.variance()) * dual.value(v, v, v.variance()));
    double ntkScale =
        nngpScale
            + Math.abs(hidden)
            + Math.abs(thetaAtStart) * Math.sqrt(x.atStart() * y.atStart());
    return Optional.of(new Solution(nngp, nngp + hidden + c * thetaAtStart, nngpScale, ntkScale));
  }

  private Marginal[] marginals(double[] variances) {
    Marginal[] marginals = new Marginal[variances.length];
    for (int k = 0; k < marginals.length; k++) {
      marginals[k] = dual.marginal(Math.max(0, variances[k]));
    }
    return marginals;
  }

  private double[] values(Marginal[] x, Marginal[] y, double[] s) {
    double[] e = new double[s.length];
    for (int p = 0; p < e.length; p++) {
      Marginal u = x[grid.first(p)];
      Marginal v = y[grid.second(p)];
      e[p] = dual.value(u, v, admissible(u, v, s[p]));
    }
    return e;
  }

  private double[] derivatives(Marginal[] x, Marginal[] y, double[] s) {
    double[] e = new double[s.length];
    for (int p = 0; p < e.length; p++) {
      Marginal u = x[grid.first(p)];
      Marginal v = y[grid.second(p)];
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

  private static boolean settled(double change, double before) {
    return change <= EQUAL || (change <= STALLED && change >= before);
  }
}
