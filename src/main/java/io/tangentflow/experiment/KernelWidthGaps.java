package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.PrecisionCheck;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;

/**
 * How far the tangent kernels K_n of residual networks of width n are from the limit K_∞ of the
 * same depth, relative to ‖K_∞‖_F: of one network, ‖K_n − K_∞‖, which is mostly fluctuation and
 * falls like n^(−1/2); and of their expectation, the bias ‖E K_n − K_∞‖, which falls like 1/n.
 *
 * <p>No two networks share a seed: the weights of one seed at two widths begin with the same
 * numbers, and a fit over widths takes its points as independent.
 *
 * @param model of the networks but for their width
 * @param byWidth a row for each width, by rising width
 */
public record KernelWidthGaps(NeuralOde model, List<Row> byWidth) {

  public KernelWidthGaps {
    byWidth = List.copyOf(byWidth);
  }

  /** So many times the error of the kernels themselves a bias is at least, to be one. */
  public static final double LEAST_RATIO = 10;

  /** What one has to have to know the bias at all. */
  public static final int LEAST_NETWORKS = MeanDeviation.LEAST_SAMPLES;

  /**
   * The networks of one width.
   *
   * @param width n
   * @param firstSeed of R successive ones
   * @param errors ‖K_n − K_∞‖/‖K_∞‖, one for each network
   * @param mean of (K_n − K_∞)/‖K_∞‖
   * @param kernelError of the kernels themselves, relatively: of the limit, and of the backend's
   *     precision as measured on the first network
   */
  public record Row(
      int width, long firstSeed, List<Double> errors, MeanDeviation mean, double kernelError) {

    /** The estimate of the bias, where it is resolved. */
    public double bias() {
      return mean.norm();
    }

    /** Its standard error. */
    public double biasError() {
      return mean.normError();
    }

    /** Whether the bias is told from Monte-Carlo noise and from the kernels' own errors. */
    public boolean biasResolved() {
      return mean.resolved() && mean.norm() > LEAST_RATIO * kernelError;
    }
  }

  /**
   * The networks to compare.
   *
   * @param depth L of all of them
   * @param widths n, rising
   * @param networks R of each width
   * @param seed of the first network of the first width; each takes the next
   */
  public record Setting(int depth, List<Integer> widths, int networks, long seed) {

    TimeGrid grid() {
      return new TimeGrid(Tableau.EULER, depth);
    }
  }

  /** Hears of the progress. */
  @FunctionalInterface
  public interface Listener {
    /** One more network is done, of that width. */
    void network(int width);
  }

  /**
   * Measures the gaps.
   *
   * @param model whose width is of no account, with one output
   * @param inputs x, d×N. Not modified.
   * @param threads of the limit, and of the check of the precision
   * @throws OutOfMemory if the kernels of a width do not fit, before anything is computed
   */
  public static KernelWidthGaps measure(
      NeuralOde model,
      Setting setting,
      DenseMatrix inputs,
      Backend backend,
      int threads,
      MemoryBudget budget,
      Listener listener) {
    Comparison comparison = new Comparison(model, setting, inputs, backend, threads, budget);
    setting.widths().forEach(comparison::plan); // Refuses the widest before the first is begun.
    comparison.computeLimit();
    List<Row> rows = new ArrayList<>();
    for (int width : setting.widths()) {
      long firstSeed = setting.seed() + (long) rows.size() * setting.networks();
      rows.add(comparison.row(width, firstSeed, listener));
    }
    return new KernelWidthGaps(model, rows);
  }

  /** What all networks of a model share. */
  private static final class Comparison {
    private final NeuralOde model;
    private final Setting setting;
    private final DenseMatrix inputs;
    private final Backend backend;
    private final int threads;
    private final MemoryBudget budget;
    private DenseMatrix limit;
    private double limitError;

    Comparison(
        NeuralOde model,
        Setting setting,
        DenseMatrix inputs,
        Backend backend,
        int threads,
        MemoryBudget budget) {
      this.model = model;
      this.setting = setting;
      this.inputs = inputs;
      this.backend = backend;
      this.threads = threads;
      long kept = Math.multiplyExact(setting.networks(), 8L * inputs.columns() * inputs.columns());
      if (!budget.admits(0, kept)) {
        throw budget.refusal(
            String.format(
                "the tangent kernels of %d networks on %d samples",
                setting.networks(), inputs.columns()),
            0,
            kept);
      }
      this.budget = budget.beside(kept);
    }

    GramPlan plan(int width) {
      return GramPlan.choose(
          model.withWidth(width), setting.grid(), inputs.columns(), backend.precision(), budget);
    }

    void computeLimit() {
      ForkJoinPool pool = new ForkJoinPool(threads);
      try {
        LimitGram gram =
            new FiniteDepthLimit(model, setting.depth()).gram(inputs, pool, finished -> {});
        limit = LimitDepthGaps.requirePositive(gram.ntk(), "NTK");
        limitError = limit.rows() * gram.ntkError() / limit.norm();
      } finally {
        pool.shutdown();
      }
    }

    Row row(int width, long firstSeed, Listener listener) {
      EmpiricalNtk kernel = new EmpiricalNtk(model.withWidth(width), setting.grid(), plan(width));
      double precisionError = 0;
      List<DenseMatrix> deviations = new ArrayList<>();
      List<Double> errors = new ArrayList<>();
      for (int r = 0; r < setting.networks(); r++) {
        Parameters parameters = new Parameters.Seeded(firstSeed + r);
        DenseMatrix gram = kernel.gram(parameters, inputs, backend, fraction -> {}).gram();
        if (r == 0 && backend.precision() != Precision.FP64) {
          precisionError = differenceFromFp64(width, parameters, gram);
        }
        DenseMatrix deviation = relativeDeviation(gram);
        deviations.add(deviation);
        errors.add(deviation.norm());
        listener.network(width);
      }
      return new Row(
          width, firstSeed, errors, MeanDeviation.of(deviations), limitError + precisionError);
    }

    /** (K − K_∞)/‖K_∞‖. */
    private DenseMatrix relativeDeviation(DenseMatrix gram) {
      double norm = limit.norm();
      double[] values = new double[gram.values().length];
      for (int i = 0; i < values.length; i++) {
        values[i] = (gram.values()[i] - limit.values()[i]) / norm;
      }
      return new DenseMatrix(gram.rows(), gram.columns(), values);
    }

    private double differenceFromFp64(int width, Parameters parameters, DenseMatrix gram) {
      NeuralOde network = model.withWidth(width);
      return PrecisionCheck.relativeDifference(
          samples ->
              new EmpiricalNtk(
                  network,
                  setting.grid(),
                  GramPlan.of(
                      GramStrategy.STRUCTURED,
                      network,
                      setting.grid(),
                      samples,
                      Precision.FP64,
                      budget)),
          parameters,
          inputs,
          gram,
          backend.name(),
          threads);
    }
  }
}
