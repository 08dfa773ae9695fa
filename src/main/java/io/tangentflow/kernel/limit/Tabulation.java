package io.tangentflow.kernel.limit;

import io.tangentflow.backend.DotProductSeries.Argument;
import io.tangentflow.kernel.limit.DotProductKernel.Scaling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleFunction;
import java.util.function.LongConsumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Makes {@link DotProductKernel}s out of values of single pairs, by interpolation at Chebyshev
 * nodes, adaptively. Values are computed in parallel, in the pool of the caller.
 */
final class Tabulation {

  /** Misses of a prediction, relative to the largest value, that end the refinement. */
  private static final double TOLERANCE = 2e-14;

  /** The same over a range of norms, where a digit costs a cube of values. */
  private static final double RANGE_TOLERANCE = 2e-13;

  /** The same for kernels that are all but kinked, where a digit costs as much again. */
  private static final double STEEP_TOLERANCE = 1e-9;

  /** Misses of a series over a range of norms that are accepted, in units of its tolerance. */
  private static final double SETTLED = 20;

  /**
   * An error of a series, relative to the largest value, with which it may stand for the kernel.
   */
  private static final double USABLE = 1e-6;

  /** More values than this take longer, and more memory, than any Gram is worth. */
  private static final long MOST_VALUES = 400_000;

  private static final int LEAST_DEGREE = 16;
  private static final int MOST_DEGREE = 512;

  /** What a series in ρ may have for two series in its quarter root not to be shorter. */
  private static final int GENTLE_DEGREE = 128;

  private static final int LEAST_DEGREE_IN_NORM = 4;
  private static final int MOST_DEGREE_IN_NORM = 64;

  /** Random places at which a series over a range of norms is held against the kernel. */
  private static final int CHECKS = 128;

  /** How much larger a miss may be elsewhere. */
  private static final double CAUTION = 4;

  private static final int MOST_ROUNDS = 3;

  /** The kernels at norms r, r̄ and correlation ρ. */
  @FunctionalInterface
  interface Values {
    LimitValue at(double norm, double otherNorm, double rho);
  }

  private final Values values;
  private final Argument argument;
  private final double rangeTolerance;

  private Tabulation(Values values, Argument argument, double rangeTolerance) {
    this.values = values;
    this.argument = argument;
    this.rangeTolerance = rangeTolerance;
  }

  /**
   * In ρ itself, unless kernels have a kink at ρ = ±1, or all but one at the greatest norm.
   *
   * @param smooth whether the kernels are smooth in ρ up to ±1
   */
  static Tabulation of(Values values, boolean smooth, double greatestNorm) {
    Values remembered = remembered(values);
    if (!smooth) {
      return new Tabulation(remembered, Argument.QUARTER_ROOT, RANGE_TOLERANCE);
    }
    Tabulation gentle = new Tabulation(remembered, Argument.CORRELATION, RANGE_TOLERANCE);
    return gentle.inCorrelation(greatestNorm, greatestNorm, 0, GENTLE_DEGREE).predicted()
        ? gentle
        : new Tabulation(remembered, Argument.QUARTER_ROOT, STEEP_TOLERANCE);
  }

  /** Norms and a correlation. */
  private record Place(double norm, double otherNorm, double rho) {}

  /** The trial of an argument, fits along the edges of a range and its grid share places. */
  private static Values remembered(Values values) {
    Map<Place, LimitValue> known = new ConcurrentHashMap<>();
    return (norm, otherNorm, rho) -> {
      Place place = new Place(norm, otherNorm, rho);
      LimitValue value = known.get(place);
      if (value == null) {
        value = values.at(norm, otherNorm, rho); // not under a lock of the map
        known.put(place, value);
      }
      return value;
    };
  }

  /** For inputs of that norm, or for all norms if the kernels scale with them. */
  DotProductKernel ofNorm(double norm, Scaling scaling) {
    Fit[] fits = new Fit[argument.branches()];
    int terms = 1;
    for (int b = 0; b < fits.length; b++) {
      fits[b] = inCorrelation(norm, norm, b);
      terms = Math.max(terms, fits[b].terms(TOLERANCE, values.at(norm, norm, 1)));
    }
    double[] nngp = new double[fits.length * terms];
    double[] ntk = new double[fits.length * terms];
    double nngpError = 0;
    double ntkError = 0;
    for (int b = 0; b < fits.length; b++) {
      int kept = Math.min(terms, fits[b].nngp.length);
      System.arraycopy(fits[b].nngp, 0, nngp, b * terms, kept);
      System.arraycopy(fits[b].ntk, 0, ntk, b * terms, kept);
      nngpError = Math.max(nngpError, fits[b].nngpError + left(fits[b].nngp, kept));
      ntkError = Math.max(ntkError, fits[b].ntkError + left(fits[b].ntk, kept));
    }
    return new DotProductKernel(scaling, norm, norm, argument, 1, nngp, ntk, nngpError, ntkError);
  }

  /**
   * For all norms from {@code least} to {@code greatest}; empty if that takes as many values as
   * {@code pairs}, the number of pairs that it is for.
   */
  Optional<DotProductKernel> ofRange(
      double least, double greatest, long pairs, LimitProgress progress) {
    int[] terms = new int[argument.branches()];
    for (int b = 0; b < terms.length; b++) {
      for (double[] norms :
          new double[][] {{greatest, greatest}, {greatest, least}, {least, least}}) {
        Fit fit = inCorrelation(norms[0], norms[1], b);
        LimitValue largest = values.at(norms[0], norms[1], 1);
        terms[b] = Math.max(terms[b], fit.terms(rangeTolerance, largest));
      }
    }
    int rank = 1;
    for (double rho : new double[] {1, 0.5, -1}) {
      for (double other : new double[] {least, greatest}) {
        LimitValue largest = values.at(greatest, other, 1);
        rank = Math.max(rank, inNorm(least, greatest, r -> values.at(r, other, rho), largest));
      }
    }
    LimitValue largest = values.at(greatest, greatest, 1);
    rank = Math.max(2, Math.max(rank, inNorm(least, greatest, r -> values.at(r, r, 1), largest)));
    for (int round = 1; true; round++) {
      long needed = Arrays.stream(terms).sum() * (long) rank * (rank + 1) / 2;
      if (needed >= Math.min(pairs, MOST_VALUES)) {
        return Optional.empty();
      }
      Checked checked =
          overRange(least, greatest, rank, terms, done -> progress.tabulated(done, needed));
      if (checked.settled()) {
        return Optional.of(checked.kernel());
      }
      if (round == MOST_ROUNDS) {
        return Optional.of(checked.kernel()).filter(Tabulation::usable);
      }
      rank += rank / 2;
      for (int b = 0; b < terms.length; b++) {
        terms[b] += terms[b] / 2;
      }
    }
  }

  /** Whether a series is so near to the kernel that it may stand for it. */
  static boolean usable(DotProductKernel kernel) {
    LimitValue most = kernel.at(kernel.greatest(), kernel.greatest(), 1);
    return kernel.nngpError() <= USABLE * Math.abs(most.nngp())
        && kernel.ntkError() <= USABLE * Math.abs(most.ntk());
  }

  /** A kernel with its errors, and whether more nodes would not lower them. */
  private record Checked(DotProductKernel kernel, boolean settled) {}

  private Fit inCorrelation(double norm, double otherNorm, int branch) {
    return inCorrelation(norm, otherNorm, branch, MOST_DEGREE);
  }

  private Fit inCorrelation(double norm, double otherNorm, int branch, int mostDegree) {
    return Fit.adaptive(
        xi -> values.at(norm, otherNorm, argument.correlation(branch, xi)),
        LEAST_DEGREE,
        mostDegree);
  }

  /** The terms that a kernel needs as a function of one norm. */
  private int inNorm(
      double least, double greatest, DoubleFunction<LimitValue> kernel, LimitValue largest) {
    return Fit.adaptive(
            x -> kernel.apply(norm(least, greatest, x)), LEAST_DEGREE_IN_NORM, MOST_DEGREE_IN_NORM)
        .terms(rangeTolerance, largest);
  }

  private static double norm(double least, double greatest, double x) {
    return 0.5 * (least * (1 - x) + greatest * (1 + x));
  }

  /** The interpolant on grids of rank² norms and so many correlations for each branch. */
  private Checked overRange(
      double least, double greatest, int rank, int[] terms, LongConsumer progress) {
    int most = Arrays.stream(terms).max().orElseThrow();
    double[] nngp = new double[terms.length * most * rank * rank];
    double[] ntk = new double[nngp.length];
    AtomicLong done = new AtomicLong();
    List<LimitValue> all = new ArrayList<>();
    for (int b = 0; b < terms.length; b++) {
      LimitValue[] grid =
          grid(least, greatest, rank, b, terms[b], () -> progress.accept(done.incrementAndGet()));
      all.addAll(Arrays.asList(grid));
      int from = b * most * rank * rank;
      System.arraycopy(tensor(grid, LimitValue::nngp, rank, terms[b]), 0, nngp, from, grid.length);
      System.arraycopy(tensor(grid, LimitValue::ntk, rank, terms[b]), 0, ntk, from, grid.length);
    }
    DotProductKernel kernel =
        new DotProductKernel(Scaling.CHEBYSHEV, least, greatest, argument, rank, nngp, ntk, 0, 0);
    return checked(kernel, all.toArray(LimitValue[]::new));
  }

  /** The kernels of a branch at the nodes (i, j) of the norms and k of ξ, at (i·R + j)·K + k. */
  private LimitValue[] grid(
      double least, double greatest, int rank, int branch, int terms, Runnable oneMore) {
    LimitValue[] grid = new LimitValue[rank * rank * terms];
    IntStream.range(0, grid.length)
        .filter(at -> at / terms / rank >= at / terms % rank)
        .parallel()
        .forEach(
            at -> {
              grid[at] =
                  values.at(
                      norm(least, greatest, Chebyshev.node(at / terms / rank, rank - 1)),
                      norm(least, greatest, Chebyshev.node(at / terms % rank, rank - 1)),
                      argument.correlation(branch, Chebyshev.node(at % terms, terms - 1)));
              oneMore.run();
            });
    for (int i = 0; i < rank; i++) {
      for (int j = i + 1; j < rank; j++) {
        System.arraycopy(grid, (j * rank + i) * terms, grid, (i * rank + j) * terms, terms);
      }
    }
    return grid;
  }

  /**
   * The coefficients c_kpq of one branch at (k·R + p)·R + q.
   *
   * @param grid not modified
   */
  private static double[] tensor(
      LimitValue[] grid, ToDoubleFunction<LimitValue> of, int rank, int terms) {
    double[] c = new double[grid.length];
    for (int at = 0; at < c.length; at++) {
      c[at % terms * rank * rank + at / terms] = of.applyAsDouble(grid[at]);
    }
    transform(c, rank, 1);
    transform(c, rank, rank);
    transform(c, terms, rank * rank);
    return c;
  }

  /** Values to coefficients along one axis of {@code length} entries, {@code stride} apart. */
  private static void transform(double[] c, int length, int stride) {
    double[] line = new double[length];
    for (int from = 0; from < c.length; from++) {
      if (from / stride % length == 0) {
        for (int n = 0; n < length; n++) {
          line[n] = c[from + n * stride];
        }
        double[] series = Chebyshev.coefficients(line);
        for (int n = 0; n < length; n++) {
          c[from + n * stride] = series[n];
        }
      }
    }
  }

  /** With four times the largest miss at places between the nodes, and the errors of the values. */
  private Checked checked(DotProductKernel kernel, LimitValue[] grid) {
    double width = kernel.greatest() - kernel.least();
    LimitValue[] misses =
        IntStream.rangeClosed(1, CHECKS)
            .parallel()
            .mapToObj(
                n -> {
                  // Half of them at equal norms, a quarter near ρ = 1 there; an eighth at ρ = ±1.
                  double r = kernel.least() + width * radicalInverse(n, 2);
                  double other = n % 4 < 2 ? r : kernel.least() + width * radicalInverse(n, 3);
                  double xi = 2 * radicalInverse(n, 5) - 1;
                  double rho =
                      switch (n % 8) {
                        case 0, 4 -> 1 - Math.pow(10, -(n / 8)); // the Gram's diagonal is near
                        case 2 -> n % 16 == 2 ? 1 : -1;
                        default -> argument.correlation(n % 3 % argument.branches(), xi);
                      };
                  return difference(values.at(r, other, rho), kernel.at(r, other, rho));
                })
            .toArray(LimitValue[]::new);
    double nngpMiss = CAUTION * greatest(misses, LimitValue::nngp);
    double ntkMiss = CAUTION * greatest(misses, LimitValue::ntk);
    double nngpError = greatest(grid, LimitValue::nngpError);
    double ntkError = greatest(grid, LimitValue::ntkError);
    boolean settled =
        nngpMiss <= nngpError + SETTLED * rangeTolerance * greatest(grid, k -> Math.abs(k.nngp()))
            && ntkMiss
                <= ntkError + SETTLED * rangeTolerance * greatest(grid, k -> Math.abs(k.ntk()));
    return new Checked(kernel.withErrors(nngpError + nngpMiss, ntkError + ntkMiss), settled);
  }

  private static LimitValue difference(LimitValue a, LimitValue b) {
    return new LimitValue(Math.abs(a.nngp() - b.nngp()), Math.abs(a.ntk() - b.ntk()), 0, 0);
  }

  private static double greatest(LimitValue[] values, ToDoubleFunction<LimitValue> of) {
    return Arrays.stream(values).mapToDouble(of).max().orElse(0);
  }

  /** Halton's sequence in one base: in (0, 1), evenly spread. */
  private static double radicalInverse(int n, int base) {
    double inverse = 0;
    double digit = 1;
    for (int rest = n; rest > 0; rest /= base) {
      digit /= base;
      inverse += digit * (rest % base);
    }
    return inverse;
  }

  private static double left(double[] c, int kept) {
    double sum = 0;
    for (int k = kept; k < c.length; k++) {
      sum += Math.abs(c[k]);
    }
    return sum;
  }

  /**
   * Both kernels as polynomials of one variable. The degree is doubled until the polynomial of half
   * the degree predicts the new values, or it is the greatest.
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Fit(
      double[] nngp, double[] ntk, double nngpError, double ntkError, boolean predicted) {

    static Fit adaptive(DoubleFunction<LimitValue> kernel, int leastDegree, int mostDegree) {
      LimitValue[] values = refined(new LimitValue[0], leastDegree / 2, kernel);
      double before = Double.POSITIVE_INFINITY;
      while (true) {
        Fit coarse = through(values);
        values = refined(values, 2 * (values.length - 1), kernel);
        Fit fine = through(values);
        int degree = values.length - 1;
        double nngpMiss = 0;
        double ntkMiss = 0;
        for (int j = 0; j <= degree; j++) {
          double x = Chebyshev.node(j, degree);
          nngpMiss = Math.max(nngpMiss, Math.abs(Chebyshev.sum(coarse.nngp, x) - values[j].nngp()));
          ntkMiss = Math.max(ntkMiss, Math.abs(Chebyshev.sum(coarse.ntk, x) - values[j].ntk()));
        }
        double nngpScale = greatest(values, k -> Math.abs(k.nngp()));
        double ntkScale = greatest(values, k -> Math.abs(k.ntk()));
        boolean predicted =
            nngpMiss <= TOLERANCE * nngpScale + fine.nngpError
                && ntkMiss <= TOLERANCE * ntkScale + fine.ntkError;
        double miss = Math.max(quotient(nngpMiss, nngpScale), quotient(ntkMiss, ntkScale));
        double nngpError = fine.nngpError + nngpMiss;
        double ntkError = fine.ntkError + ntkMiss;
        if (!predicted && miss <= USABLE && miss > 0.5 * before) {
          // The rounding of ρ = 1 − u⁴ next to a singular end, which more nodes would interpolate.
          return new Fit(coarse.nngp, coarse.ntk, nngpError, ntkError, false);
        }
        if (predicted || degree >= mostDegree) {
          return new Fit(fine.nngp, fine.ntk, nngpError, ntkError, predicted);
        }
        before = miss;
      }
    }

    private static double quotient(double miss, double scale) {
      return scale == 0 ? 0 : miss / scale;
    }

    /** The values at the nodes of a degree, known ones being those of half of it. */
    private static LimitValue[] refined(
        LimitValue[] known, int degree, DoubleFunction<LimitValue> kernel) {
      LimitValue[] values = new LimitValue[degree + 1];
      IntStream.rangeClosed(0, degree)
          .parallel()
          .forEach(
              j ->
                  values[j] =
                      known.length > 0 && j % 2 == 0
                          ? known[j / 2]
                          : kernel.apply(Chebyshev.node(j, degree)));
      return values;
    }

    /** The interpolant, with the largest error of its values. */
    private static Fit through(LimitValue[] values) {
      return new Fit(
          Chebyshev.coefficients(Arrays.stream(values).mapToDouble(LimitValue::nngp).toArray()),
          Chebyshev.coefficients(Arrays.stream(values).mapToDouble(LimitValue::ntk).toArray()),
          greatest(values, LimitValue::nngpError),
          greatest(values, LimitValue::ntkError),
          false);
    }

    /**
     * How many terms leave out no more than the tolerance, relative to the largest value that the
     * kernels have at these norms, or a tenth of the error.
     */
    int terms(double tolerance, LimitValue largest) {
      return Math.max(
          terms(nngp, Math.max(tolerance * Math.abs(largest.nngp()), 0.1 * nngpError)),
          terms(ntk, Math.max(tolerance * Math.abs(largest.ntk()), 0.1 * ntkError)));
    }

    private static int terms(double[] c, double enough) {
      double left = 0;
      int terms = c.length;
      while (terms > 1 && left + Math.abs(c[terms - 1]) <= enough) {
        left += Math.abs(c[--terms]);
      }
      return terms;
    }
  }
}
