package io.tangentflow.kernel.limit;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.dual.DualActivation.Method;
import io.tangentflow.kernel.dual.HermiteDual;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.kernel.limit.TwoTimeSolver.InputProcess;
import io.tangentflow.kernel.limit.TwoTimeSolver.Solution;
import io.tangentflow.model.NeuralOde;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;

/**
 * The limiting kernels of the exact flow, width first, then step size: collocation in both times on
 * Gauss–Legendre nodes, with more nodes until two counts agree.
 *
 * <p>For smooth φ the error falls geometrically with the nodes, and some ten reach 1e-13. The
 * kernels of ReLU have a kink at t = s for x̄ = x; they are computed for unit norms, to which a
 * homogeneous φ reduces all pairs, on a triangle in which they are smooth. At large variances a
 * smooth φ is a kink or a jump but for a layer of O(1) at 0, and its kernels all but kinked: an
 * input whose variance at T converges faster on triangles is taken there, with all its pairs.
 *
 * <p>The error estimate is the difference between the last two node counts, an estimate for the
 * coarser of them (eight times that where they do not agree to rounding), plus the error of the
 * dual activation and of rounding, each grown as the flow grows perturbations.
 */
public final class ContinuumLimit extends PathKernel<ContinuumLimit.Path> {

  private static final int[] SQUARE_NODES = {6, 8, 11, 15, 20, 27, 36, 48, 64};
  private static final int[] TRIANGLE_NODES = {6, 8, 10, 13, 16, 20, 24};
  static final double AGREEMENT = 4e-15;

  /** The same where all but kinked kernels are smooth in triangles to begin with. */
  private static final double STEEP_AGREEMENT = 1e-9;

  /**
   * What a difference is taken for at least, in units of the one before: it may be small by chance.
   */
  private static final double STEEP_DECREASE = 0.1;

  /** How far below agreement iterations are to end. */
  private static final double BELOW = 0.01;

  /**
   * The levels of squares, 11 and 15 nodes, and of triangles, 8 and 10, that tell what is steep.
   */
  private static final int TRIAL_SQUARE = 3;

  private static final int TRIAL_TRIANGLE = 2;

  /** Squares that agree so well at those levels are as good as any. */
  private static final double GENTLE = 1e-10;

  /**
   * Where the nodes run out convergence may be as slow as 1/m, and the error left is so many times
   * the difference of the last two counts, 20 and 24 or 48 and 64, with a margin. The same where
   * less than rounding is asked for.
   */
  private static final double CAUTION = 8;

  /** A difference this large, relatively, is no value at all. */
  private static final double UNRESOLVED = 1e-3;

  private final boolean kinked;

  /** The width of {@code ode} is of no account. */
  public ContinuumLimit(NeuralOde ode) {
    super(ode);
    kinked = dual.homogeneous() && !dual.smooth();
  }

  /** Where the two times of a pair are collocated, with more and more nodes. */
  private enum Collocation {
    SQUARE(SQUARE_NODES, AGREEMENT, 0) {
      @Override
      TwoTimeGrid grid(int level) {
        return TwoTimeGrid.square(SQUARE_NODES[level]);
      }
    },
    TRIANGLE(TRIANGLE_NODES, AGREEMENT, 0) {
      @Override
      TwoTimeGrid grid(int level) {
        return TwoTimeGrid.triangle(TRIANGLE_NODES[level]);
      }
    },
    /** Of a smooth φ at large variances. */
    STEEP(TRIANGLE_NODES, STEEP_AGREEMENT, STEEP_DECREASE) {
      @Override
      TwoTimeGrid grid(int level) {
        return TRIANGLE.grid(level);
      }
    };

    private final int levels;
    private final double agreement;
    private final double least;

    Collocation(int[] nodes, double agreement, double least) {
      levels = nodes.length;
      this.agreement = agreement;
      this.least = least;
    }

    abstract TwoTimeGrid grid(int level);
  }

  /** One input's process on finer and finer grids, each computed when it is first asked for. */
  final class Path {

    private final double normSqOverD;
    private final Map<Collocation, List<Optional<InputProcess>>> processes =
        new EnumMap<>(Collocation.class);
    private Collocation best;

    private Path(double normSqOverD) {
      this.normSqOverD = normSqOverD;
    }

    synchronized Optional<InputProcess> level(Collocation on, int level) {
      List<Optional<InputProcess>> levels =
          processes.computeIfAbsent(on, unused -> new ArrayList<>());
      while (levels.size() <= level) {
        Optional<InputProcess> coarser =
            levels.isEmpty() ? Optional.empty() : levels.get(levels.size() - 1);
        levels.add(solver(on, levels.size()).process(normSqOverD, coarser));
      }
      return levels.get(level);
    }

    /** Where its pairs are collocated. */
    synchronized Collocation collocation() {
      if (best == null) {
        if (kinked) {
          best = Collocation.TRIANGLE;
        } else {
          double square = change(Collocation.SQUARE, TRIAL_SQUARE);
          boolean steep =
              square > Math.max(GENTLE, dualError(Collocation.SQUARE, TRIAL_SQUARE))
                  && change(Collocation.STEEP, TRIAL_TRIANGLE) < square;
          best = steep ? Collocation.STEEP : Collocation.SQUARE;
        }
      }
      return best;
    }

    /** The error of the dual activation at T, relatively, which no nodes are to blame for. */
    private double dualError(Collocation on, int level) {
      return level(on, level)
          .map(process -> relativeError(process.atEnd(), process.atEnd()))
          .orElse(0.0);
    }

    /** How far a level's variance at T is from that of the level before, relatively. */
    private double change(Collocation on, int level) {
      Optional<InputProcess> coarse = level(on, level - 1);
      Optional<InputProcess> fine = level(on, level);
      if (coarse.isEmpty() || fine.isEmpty()) {
        return Double.POSITIVE_INFINITY;
      }
      double variance = fine.get().atEnd().variance();
      return Math.abs(coarse.get().atEnd().variance() - variance) / variance;
    }
  }

  @Override
  Path path(double normSqOverD) {
    return new Path(normSqOverD);
  }

  @Override
  LimitValue pair(Path x, Path y, double dotOverD) {
    Collocation on = y.collocation() == Collocation.STEEP ? Collocation.STEEP : x.collocation();
    Optional<Solution> coarse = Optional.empty();
    Optional<LimitValue> best = Optional.empty();
    double nngpBefore = Double.MAX_VALUE;
    double ntkBefore = Double.MAX_VALUE;
    for (int level = 0; level < on.levels; level++) {
      Optional<InputProcess> u = x.level(on, level);
      Optional<InputProcess> v = y.level(on, level);
      Optional<Solution> fine =
          u.isPresent() && v.isPresent()
              ? solver(on, level).pair(u.get(), v.get(), dotOverD, coarse)
              : Optional.empty();
      if (fine.isPresent() && coarse.isPresent()) {
        Solution k = fine.get();
        double floor = relativeError(u.get().atEnd(), v.get().atEnd());
        double nngpMiss = Math.abs(k.nngp() - coarse.get().nngp());
        double ntkMiss = Math.abs(k.ntk() - coarse.get().ntk());
        Judgement judgement =
            Judgement.of(
                k.nngp(),
                k.ntk(),
                Math.max(nngpMiss, on.least * nngpBefore),
                Math.max(ntkMiss, on.least * ntkBefore),
                k.nngpScale(),
                k.ntkScale(),
                floor,
                on.agreement);
        best = judgement.value();
        if (judgement.settled()) {
          return best.orElseThrow();
        }
        nngpBefore = nngpMiss;
        ntkBefore = ntkMiss;
      }
      coarse = fine;
    }
    return best.orElseThrow(this::blowsUp);
  }

  /**
   * What two node counts say of a kernel.
   *
   * @param value that of the finer one with its error; empty if they are too far apart
   * @param settled whether they agree to rounding
   */
  record Judgement(Optional<LimitValue> value, boolean settled) {

    /**
     * @param nngpMiss the difference to NNGP of the coarser one
     * @param nngpScale what NNGP would be if nothing cancelled
     * @param floor the error of dual activations and rounding, relative to the scales
     * @param enough differences, relative to the scales, that are taken for agreement at least
     */
    static Judgement of(
        double nngp,
        double ntk,
        double nngpMiss,
        double ntkMiss,
        double nngpScale,
        double ntkScale,
        double floor,
        double enough) {
      if (!(ntkMiss <= UNRESOLVED * ntkScale)) {
        return new Judgement(Optional.empty(), false);
      }
      double agreement = Math.max(enough, 0.25 * floor);
      boolean agree = nngpMiss <= agreement * nngpScale && ntkMiss <= agreement * ntkScale;
      double caution = agree && enough <= AGREEMENT ? 1 : CAUTION;
      return new Judgement(
          Optional.of(
              new LimitValue(
                  nngp,
                  ntk,
                  caution * nngpMiss + floor * nngpScale,
                  caution * ntkMiss + floor * ntkScale)),
          agree);
    }
  }

  /** Smooth kernels in batches on the backend, as long as Hermite series will do. */
  @Override
  TileEvaluation pairEvaluation(double greatestNorm, ForkJoinPool pool) {
    Path path = path(greatestNorm * greatestNorm);
    boolean series =
        path.collocation() == Collocation.SQUARE
            && path.level(Collocation.SQUARE, TRIAL_SQUARE)
                .filter(process -> hasSeries(process.atEnd()))
                .isPresent();
    return series
        ? new BatchEvaluation(new LimitBatch(this))
        : super.pairEvaluation(greatestNorm, pool);
  }

  /** Whether Hermite series are as good as the dual of single pairs, or good enough. */
  private boolean hasSeries(Marginal atEnd) {
    if (dual.method(atEnd) == Method.MIXTURE) {
      return false;
    }
    HermiteDual hermite = new HermiteDual(ode.activation());
    Marginal table = hermite.marginal(atEnd.variance());
    return relativeError(hermite, table, table) <= Math.max(GENTLE, relativeError(atEnd, atEnd));
  }

  /** The two-time equations at the nodes of a level, of which there are {@link #levels}. */
  TwoTimeBatch batch(int level) {
    return TwoTimeBatch.continuum(ode, SQUARE_NODES[level]);
  }

  int levels() {
    return SQUARE_NODES.length;
  }

  private TwoTimeSolver solver(Collocation on, int level) {
    return new TwoTimeSolver(ode, dual, on.grid(level), BELOW * on.agreement);
  }

  InvalidConfiguration blowsUp() {
    return new InvalidConfiguration(
        "--horizon",
        String.format(
            "the limiting kernel of %s with sigma-w = %g blows up before T = %g, or grows too fast"
                + " for %d nodes in time; shorten --horizon or lower --sigma-w",
            ode.activation().label(),
            ode.sigmaW(),
            ode.horizon(),
            SQUARE_NODES[SQUARE_NODES.length - 1]));
  }
}
