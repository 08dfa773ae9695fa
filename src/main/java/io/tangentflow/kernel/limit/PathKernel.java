package io.tangentflow.kernel.limit;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.kernel.limit.DotProductKernel.Scaling;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ForkJoinPool;

/**
 * Pairs, spheres and Grams out of two steps: the path of one input alone, and a pair of paths.
 *
 * @param <P> what is known of one input's variances over time
 */
abstract class PathKernel<P> implements LimitingKernel {

  static final double ROUNDING = 1e-10;

  /** The relative rounding error of a series of some hundred terms. */
  private static final double ROUNDED_SERIES = 64 * Math.ulp(1.0);

  /** How far a covariance is off, relatively, after a few operations. */
  private static final double ROUNDED_COVARIANCE = 8 * Math.ulp(1.0);

  /** A table costs some hundred pairs. */
  private static final long TABLE_PAYS = 400;

  final NeuralOde ode;
  final DualActivation dual;
  private P unitPath;

  PathKernel(NeuralOde ode) {
    this.ode = ode;
    this.dual = DualActivation.of(ode.activation());
  }

  /** The path of an input of norm ‖x‖²/d. */
  abstract P path(double normSqOverD);

  /** The kernels of two inputs with x·x̄/d, admissible. */
  abstract LimitValue pair(P x, P y, double dotOverD);

  /** Errors of dual activations and rounding, relative to a kernel's scale, grown by the flow. */
  final double relativeError(Marginal u, Marginal v) {
    return relativeError(dual, u, v);
  }

  /** The same of another dual of this activation, whose marginals these are. */
  final double relativeError(DualActivation another, Marginal u, Marginal v) {
    double value =
        another.valueError(u, v)
            / Math.sqrt(another.value(u, u, u.variance()))
            / Math.sqrt(another.value(v, v, v.variance()));
    double derivative =
        another.derivativeError(u, v)
            / Math.sqrt(another.derivative(u, u, u.variance()))
            / Math.sqrt(another.derivative(v, v, v.variance()));
    double worst = Math.max(ROUNDED_SERIES, Math.max(orZero(value), orZero(derivative)));
    if (another.smooth()) {
      worst = Math.max(worst, roundedCovariance(another, u, v));
    }
    return worst * (1 + 2 * ode.sigmaW() * ode.horizon());
  }

  /**
   * What some roundings of the covariance move, relatively: most at ρ = 1, as all series in ρ have
   * coefficients α_k(u)α_k(v). Of a kink it would be √ε there, and far less elsewhere; {@link
   * InputRounding} has that.
   */
  private static double roundedCovariance(DualActivation dual, Marginal u, Marginal v) {
    double c = u.deviation() * v.deviation();
    double less = c * (1 - ROUNDED_COVARIANCE);
    double value = dual.value(u, v, c);
    double derivative = dual.derivative(u, v, c);
    return Math.max(
        orZero(Math.abs(value - dual.value(u, v, less)) / Math.abs(value)),
        orZero(Math.abs(derivative - dual.derivative(u, v, less)) / Math.abs(derivative)));
  }

  /** A quotient of errors; 0/0 where a kernel vanishes with its error. */
  private static double orZero(double quotient) {
    return Double.isFinite(quotient) ? quotient : 0;
  }

  @Override
  public final LimitValue pair(double normSqOverDx, double normSqOverDy, double dotOverD) {
    double product = normProduct(normSqOverDx, normSqOverDy);
    if (!LimitingKernel.possible(normSqOverDx, normSqOverDy, dotOverD)) {
      throw new IllegalArgumentException(
          "|x·x̄|/d = " + Math.abs(dotOverD) + " exceeds ‖x‖‖x̄‖/d = " + product);
    }
    double rho = product == 0 ? 0 : Math.max(-1, Math.min(1, dotOverD / product));
    if (dual.homogeneous()) {
      return finite(pair(unitPath(), unitPath(), rho).times(product));
    }
    P x = path(normSqOverDx);
    P y = normSqOverDy == normSqOverDx ? x : path(normSqOverDy);
    return finite(pair(x, y, rho * product));
  }

  @Override
  public final DotProductKernel onSphere(double normSqOverD) {
    return ofNorm(Math.sqrt(normSqOverD));
  }

  /** For inputs of that norm; for all if the kernel scales with them. */
  private DotProductKernel ofNorm(double norm) {
    return dual.homogeneous()
        ? tabulation(1).ofNorm(1, Scaling.HOMOGENEOUS)
        : tabulation(norm).ofNorm(norm, Scaling.ONE_NORM);
  }

  @Override
  public final LimitTiles tiles(DenseMatrix inputs, ForkJoinPool pool, LimitProgress progress) {
    if (inputs.rows() != ode.inputDim()) {
      throw new InvalidConfiguration(
          "--input-dim", "is " + ode.inputDim() + " but the samples have " + inputs.rows());
    }
    UnitInputs x = UnitInputs.of(inputs);
    long pairs = (long) inputs.columns() * (inputs.columns() + 1) / 2;
    return new LimitTiles(x, pool.submit(() -> evaluation(x, pairs, pool, progress)).join());
  }

  /** The cheapest way to so many pairs. */
  private TileEvaluation evaluation(
      UnitInputs x, long pairs, ForkJoinPool pool, LimitProgress progress) {
    return pairs < TABLE_PAYS
        ? pairEvaluation(x.greatest(), pool)
        : series(x, pairs, progress)
            .<TileEvaluation>map(SeriesEvaluation::new)
            .orElseGet(() -> pairEvaluation(x.greatest(), pool));
  }

  /** Empty where no series is near enough to the kernel, or it takes more values than pairs. */
  private Optional<DotProductKernel> series(UnitInputs x, long pairs, LimitProgress progress) {
    if (dual.homogeneous() || x.greatest() <= x.least() * (1 + DotProductKernel.EQUAL_NORMS)) {
      return Optional.of(ofNorm(x.least())).filter(Tabulation::usable);
    }
    return tabulation(x.greatest()).ofRange(x.least(), x.greatest(), pairs, progress);
  }

  /** The way pair by pair, for inputs of norms up to the one given. */
  TileEvaluation pairEvaluation(double greatestNorm, ForkJoinPool pool) {
    return new PairEvaluation(values(), pool);
  }

  private Tabulation tabulation(double greatestNorm) {
    return Tabulation.of(values(), dual.smooth(), greatestNorm);
  }

  /** The kernels as functions of norms ‖x‖/√d, with the path of each norm computed once. */
  final Tabulation.Values values() {
    ConcurrentMap<Double, P> paths = new ConcurrentHashMap<>();
    return (norm, otherNorm, rho) -> {
      if (dual.homogeneous()) {
        return finite(pair(unitPath(), unitPath(), rho).times(norm * otherNorm));
      }
      P x = paths.computeIfAbsent(norm, r -> path(r * r));
      P y = paths.computeIfAbsent(otherNorm, r -> path(r * r));
      return finite(pair(x, y, rho * norm * otherNorm));
    };
  }

  private LimitValue finite(LimitValue k) {
    if (!Double.isFinite(k.nngp()) || !Double.isFinite(k.ntk())) {
      throw overflow();
    }
    return k;
  }

  final InvalidConfiguration overflow() {
    return new InvalidConfiguration(
        "--horizon",
        String.format(
            "the limiting kernel of %s with sigma-u = %g, sigma-w = %g and sigma-v = %g overflows at"
                + " T = %g; shorten --horizon or lower the scales",
            ode.activation().label(), ode.sigmaU(), ode.sigmaW(), ode.sigmaV(), ode.horizon()));
  }

  private synchronized P unitPath() {
    if (unitPath == null) {
      unitPath = path(1);
    }
    return unitPath;
  }

  /** √(‖x‖²‖x̄‖²)/d; exact for equal norms. */
  static double normProduct(double normSqOverDx, double normSqOverDy) {
    if (!(normSqOverDx >= 0 && normSqOverDy >= 0)) {
      throw new IllegalArgumentException(
          "‖x‖²/d must not be negative: " + normSqOverDx + ", " + normSqOverDy);
    }
    return normSqOverDx == normSqOverDy
        ? normSqOverDx
        : Math.sqrt(normSqOverDx) * Math.sqrt(normSqOverDy);
  }
}
