package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.PrecisionCheck;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.spectrum.Spectrum;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.Collectors;

/**
 * Computes the cells of a sweep one after another in this process, each on all threads, and skips
 * those that the run directory already has.
 */
public final class Sweep {

  /** Hears of the progress. */
  public interface Listener {
    /** A cell, or the limiting kernel it is set against, is begun. */
    void begin(Cell cell);

    /** How a cell's Gram matrix is about to be computed. */
    default void plan(Cell cell, GramPlan plan) {}

    /** A cell, or its limiting kernel, could not be computed; the exception follows. */
    void failed(Cell cell);

    /** The limiting kernel of some cells: so many pairs of samples of so many are computed. */
    void limit(String name, long pairs, long of);

    /** A cell is finished and on the disk; so many of so many are. */
    void cell(CellResult result, int finished, int of);
  }

  /** The kind of a sweep's run ({@link Manifest#kind}). */
  public static final String KIND = "sweep";

  private final SweepConfiguration configuration;
  private final RunDirectory directory;
  private final SweepResults stored;
  private final Dataset dataset;
  private final Backend backend;
  private final MemoryBudget budget;

  /**
   * @param dataset what the configuration loads
   * @param backend of the configuration's precision
   * @param budget memory of one cell
   */
  public Sweep(
      SweepConfiguration configuration,
      RunDirectory directory,
      Dataset dataset,
      Backend backend,
      MemoryBudget budget) {
    this.configuration = configuration;
    this.directory = directory;
    this.stored = new SweepResults(directory);
    this.dataset = dataset;
    this.backend = backend;
    this.budget = budget;
  }

  /** The backend that a configuration asks for. */
  public static Backend open(SweepConfiguration configuration) {
    return Backends.open(
        configuration.backend(),
        new BackendOptions(configuration.precision(), configuration.threads()));
  }

  /**
   * Plans every cell, so that one that does not fit in memory is refused before anything is
   * written.
   *
   * @throws io.tangentflow.TangentFlowException.OutOfMemory with the plan of the cell
   */
  public static void requireMemory(
      SweepConfiguration configuration, int inputDim, Backend backend, MemoryBudget budget) {
    for (Cell cell : configuration.cells()) {
      plan(configuration, cell, inputDim, backend, budget);
    }
  }

  /**
   * Evaluates every limiting kernel at the longest sample, so that one which does not exist is
   * refused before anything is written.
   *
   * @throws InvalidConfiguration if a limiting kernel blows up before the horizon or is zero
   */
  public static void requireLimits(SweepConfiguration configuration, Dataset dataset) {
    double longest = 0;
    for (int j = 0; j < dataset.samples(); j++) {
      double squares = 0;
      for (int i = 0; i < dataset.dimension(); i++) {
        squares += dataset.inputs().get(i, j) * dataset.inputs().get(i, j);
      }
      longest = Math.max(longest, squares / dataset.dimension());
    }
    Set<String> seen = new HashSet<>();
    for (Cell cell : configuration.cells()) {
      if (seen.add(limitName(cell))) {
        LimitingKernel kernel = limitingKernel(configuration, cell, dataset.dimension());
        if (kernel.pair(longest, longest, longest).ntk() == 0) {
          throw new InvalidConfiguration(
              "--activation",
              "the limiting kernel "
                  + limitName(cell)
                  + " is zero on these data, so no error can be relative to it");
        }
      }
    }
  }

  /** Computes the limiting kernels and the cells that are missing, and returns all results. */
  public List<CellResult> run(Listener listener) {
    Path inputs = directory.file("inputs.npy");
    if (!Files.exists(inputs)) {
      Npy.write(inputs, dataset.inputs().transpose(), ElementType.FP64);
    }
    List<CellResult> results = stored.cells();
    Set<Cell> finished = results.stream().map(CellResult::cell).collect(Collectors.toSet());
    List<Cell> cells = configuration.cells();
    Map<String, DenseMatrix> limits = new HashMap<>();
    Set<Cell> checked = new HashSet<>();
    for (Cell cell : cells) {
      boolean firstOfWidth =
          checked.add(new Cell(cell.activation(), cell.solver(), cell.depth(), cell.width(), 0));
      if (!finished.contains(cell)) {
        listener.begin(cell);
        CellResult result;
        try {
          DenseMatrix limit =
              limits.computeIfAbsent(limitName(cell), name -> limit(cell, listener));
          result = compute(cell, limit, firstOfWidth, listener);
        } catch (RuntimeException | Error e) {
          listener.failed(cell);
          throw e;
        }
        stored.append(result);
        results.add(result);
        listener.cell(result, results.size(), cells.size());
      }
    }
    return new ArrayList<>(results);
  }

  /**
   * The name of a cell's limiting kernel: the residual network of that depth for Euler's method,
   * the continuum for the others, whose discretisation error is small beside that of the width.
   */
  public static String limitName(Cell cell) {
    return cell.solver().equals(Tableau.EULER.name())
        ? cell.activation() + "-depth-" + cell.depth()
        : cell.activation() + "-depth-inf";
  }

  private DenseMatrix limit(Cell cell, Listener listener) {
    String name = limitName(cell);
    Path ntkFile = directory.file("limit-ntk-" + name + ".npy");
    if (stored.limit(name).isPresent()) {
      return Npy.readFinite(ntkFile);
    }
    LimitingKernel kernel = limitingKernel(configuration, cell, dataset.dimension());
    long pairs = (long) dataset.samples() * (dataset.samples() + 1) / 2;
    ForkJoinPool pool = new ForkJoinPool(configuration.threads());
    try (Backend fp64 =
        Backends.open(
            backend.name(), new BackendOptions(Precision.FP64, configuration.threads()))) {
      LimitGram gram =
          kernel
              .tiles(dataset.inputs(), pool)
              .gram(fp64, fp64.availableBytes(), done -> listener.limit(name, done, pairs));
      Npy.write(directory.file("limit-nngp-" + name + ".npy"), gram.nngp(), ElementType.FP64);
      Npy.write(ntkFile, gram.ntk(), ElementType.FP64);
      Spectrum.Extreme least = Spectrum.least(gram.ntk());
      stored.write(
          new LimitSummary(
              name, gram.ntkError(), gram.nngpError(), least.value(), least.errorBound()));
      return gram.ntk();
    } finally {
      pool.shutdown();
    }
  }

  private static LimitingKernel limitingKernel(
      SweepConfiguration configuration, Cell cell, int inputDim) {
    return LimitingKernel.of(configuration.model(cell, inputDim), SweepConfiguration.grid(cell));
  }

  private CellResult compute(
      Cell cell, DenseMatrix limit, boolean firstOfWidth, Listener listener) {
    long start = System.nanoTime();
    NeuralOde model = configuration.model(cell, dataset.dimension());
    TimeGrid grid = SweepConfiguration.grid(cell);
    GramPlan plan = plan(configuration, cell, dataset.dimension(), backend, budget);
    listener.plan(cell, plan);
    Parameters parameters = new Parameters.Seeded(cell.seed());
    EmpiricalNtk.Result ntk =
        new EmpiricalNtk(model, grid, plan)
            .gram(parameters, dataset.inputs(), backend, fraction -> {});
    Double precisionError =
        firstOfWidth && configuration.precision() != Precision.FP64
            ? precisionError(model, grid, parameters, ntk.gram())
            : null;
    Spectrum.Ends ends = Spectrum.ends(ntk.gram());
    return new CellResult(
        cell,
        ntk.gram().distance(limit) / limit.norm(),
        ends.least().value(),
        ends.least().errorBound(),
        ends.greatest().value(),
        precisionError,
        plan.strategy().toString(),
        ntk.peakBytes(),
        (System.nanoTime() - start) * 1e-9);
  }

  /** Null where the network fits into memory in FP32 only; the report says so. */
  private Double precisionError(
      NeuralOde model, TimeGrid grid, Parameters parameters, DenseMatrix gram) {
    try {
      return PrecisionCheck.relativeDifference(
          samples ->
              new EmpiricalNtk(
                  model,
                  grid,
                  GramPlan.of(
                      GramStrategy.STRUCTURED, model, grid, samples, Precision.FP64, budget)),
          parameters,
          dataset.inputs(),
          gram,
          backend.name(),
          configuration.threads());
    } catch (OutOfMemory e) {
      return null;
    }
  }

  private static GramPlan plan(
      SweepConfiguration configuration,
      Cell cell,
      int inputDim,
      Backend backend,
      MemoryBudget budget) {
    return GramPlan.choose(
        configuration.model(cell, inputDim),
        SweepConfiguration.grid(cell),
        configuration.samples(),
        backend.precision(),
        budget);
  }
}
