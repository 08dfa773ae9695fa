package io.tangentflow.kernel.limit;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.limit.TwoTimeSolver.InputProcess;
import io.tangentflow.kernel.limit.TwoTimeSolver.Solution;
import io.tangentflow.model.NeuralOde;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;

/**
 * The limiting kernels of the exact flow, width first, then step size: collocation in both times on
 * Gauss–Legendre nodes, with more nodes until two counts agree.
 *
 * <p>For smooth φ the error falls geometrically with the nodes, and some ten reach 1e-13. The
 * kernels of ReLU have a kink at t = s for x̄ = x; they are computed for unit norms, to which a
 * homogeneous φ reduces all pairs, on a triangle in which they are smooth.
 *
 * <p>The error estimate is the difference between the last two node counts, an estimate for the
 * coarser of them (eight times that where they do not agree to rounding), plus the error of the
 * dual activation and of rounding, each grown as the flow grows perturbations.
 */
public final class ContinuumLimit extends PathKernel<ContinuumLimit.Path> {

  private static final int[] SQUARE_NODES = {6, 8, 11, 15, 20, 27, 36, 48, 64};
  private static final int[] TRIANGLE_NODES = {6, 8, 10, 13, 16, 20, 24};
  private static final double AGREEMENT = 4e-15;

  /**
   * Where the nodes run out convergence may be as slow as 1/m, and the error left is so many times
   * the difference of the last two counts, 20 and 24 or 48 and 64, with a margin.
   */
  private static final double ALGEBRAIC = 8;

  /** A difference this large, relatively, is no value at all. */
  private static final double UNRESOLVED = 1e-3;

  private final int[] nodes;
  private final boolean triangular;

  /** The width of {@code ode} is of no account. */
  public ContinuumLimit(NeuralOde ode) {
    super(ode);
    triangular = dual.homogeneous() && !dual.smooth();
    nodes = triangular ? TRIANGLE_NODES : SQUARE_NODES;
  }

  /** One input's process on finer and finer grids, each computed when it is first asked for. */
  final class Path {

    private final double normSqOverD;
    private final List<Optional<InputProcess>> levels = new ArrayList<>();

    private Path(double normSqOverD) {
      this.normSqOverD = normSqOverD;
    }

    synchronized Optional<InputProcess> level(int level) {
      while (levels.size() <= level) {
        Optional<InputProcess> coarser =
            levels.isEmpty() ? Optional.empty() : levels.get(levels.size() - 1);
        levels.add(solver(levels.size()).process(normSqOverD, coarser));
      }
      return levels.get(level);
    }
  }

  @Override
  Path path(double normSqOverD) {
    return new Path(normSqOverD);
  }

  @Override
  LimitValue pair(Path x, Path y, double dotOverD) {
    Optional<Solution> coarse = Optional.empty();
    Optional<LimitValue> best = Optional.empty();
    for (int level = 0; level < nodes.length; level++) {
      Optional<InputProcess> u = x.level(level);
      Optional<InputProcess> v = y.level(level);
      Optional<Solution> fine =
          u.isPresent() && v.isPresent()
              ? solver(level).pair(u.get(), v.get(), dotOverD)
              : Optional.empty();
      if (fine.isPresent() && coarse.isPresent()) {
        Solution k = fine.get();
        double floor = relativeError(u.get().atEnd(), v.get().atEnd());
        Judgement judgement =
            Judgement.of(
                coarse.get().nngp(),
                coarse.get().ntk(),
                k.nngp(),
                k.ntk(),
                k.nngpScale(),
                k.ntkScale(),
                floor);
        best = judgement.value();
        if (judgement.settled()) {
          return best.orElseThrow();
        }
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
     * @param nngpScale what NNGP would be if nothing cancelled
     * @param floor the error of dual activations and rounding, relative to the scales
     */
    static Judgement of(
        double coarseNngp,
        double coarseNtk,
        double nngp,
        double ntk,
        double nngpScale,
        double ntkScale,
        double floor) {
      double nngpMiss = Math.abs(nngp - coarseNngp);
      double ntkMiss = Math.abs(ntk - coarseNtk);
      if (!(ntkMiss <= UNRESOLVED * ntkScale)) {
        return new Judgement(Optional.empty(), false);
      }
      double agreement = Math.max(AGREEMENT, 0.25 * floor);
      boolean agree = nngpMiss <= agreement * nngpScale && ntkMiss <= agreement * ntkScale;
      double caution = agree ? 1 : ALGEBRAIC;
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

  /** Smooth kernels in batches on the backend. */
  @Override
  TileEvaluation pairEvaluation(ForkJoinPool pool) {
    return triangular ? super.pairEvaluation(pool) : new BatchEvaluation(new LimitBatch(this));
  }

  /** The two-time equations at the nodes of a level, of which there are {@link #levels}. */
  TwoTimeBatch batch(int level) {
    return TwoTimeBatch.continuum(ode, nodes[level]);
  }

  int levels() {
    return nodes.length;
  }

  private TwoTimeSolver solver(int level) {
    return new TwoTimeSolver(
        ode,
        dual,
        triangular ? TwoTimeGrid.triangle(nodes[level]) : TwoTimeGrid.square(nodes[level]));
  }

  InvalidConfiguration blowsUp() {
    return new InvalidConfiguration(
        "--horizon",
        String.format(
            "the limiting kernel of %s with sigma-w = %g blows up before T = %g, or grows too fast"
                + " for %d nodes in time; shorten --horizon or lower --sigma-w",
            ode.activation().label(), ode.sigmaW(), ode.horizon(), nodes[nodes.length - 1]));
  }
}
