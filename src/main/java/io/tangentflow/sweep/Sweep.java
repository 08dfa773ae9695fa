package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.data.Provenance;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.ode.Tableau;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * Has the cells of a sweep computed that its run directory lacks: first the limiting kernels that
 * they are set against, then the cells.
 */
public final class Sweep {

  /** Hears of the progress. */
  public interface Listener extends UnitExecutor.Listener {
    /** A cell is finished and on the disk; so many of so many are. */
    void cell(CellResult result, int finished, int of);
  }

  /** The kind of a sweep's run ({@link Manifest#kind}), and of its units. */
  public static final String KIND = "sweep";

  static final String INPUTS = "inputs.npy";

  /** For plans that are counted, not carried out. */
  private static final MemoryBudget WITHOUT_LIMIT = MemoryBudget.shared(Long.MAX_VALUE);

  private final SweepConfiguration configuration;
  private final RunDirectory directory;
  private final SweepResults stored;
  private final Dataset dataset;

  /**
   * @param dataset what the configuration loads
   */
  public Sweep(SweepConfiguration configuration, RunDirectory directory, Dataset dataset) {
    this.configuration = configuration;
    this.directory = directory;
    this.stored = new SweepResults(directory);
    this.dataset = dataset;
  }

  /**
   * What its units have in common.
   *
   * @param dataset what the configuration loads
   * @param backend a name or {@code auto}, for that of the configuration
   * @param memory as {@code --memory} takes it; null for what is free
   * @param budget that every process shall plan with, so that all compute alike; null for its own
   */
  public static Workload workload(
      SweepConfiguration configuration,
      Dataset dataset,
      String backend,
      String memory,
      MemoryBudget budget) {
    return Workload.of(
        KIND,
        identity(configuration, dataset),
        new SweepSetting(configuration.withBackend(backend), dataset.dimension(), memory, budget));
  }

  /** The SHA-256, in hex, of what a sweep computes: its configuration and the files behind it. */
  public static String identity(SweepConfiguration configuration, Dataset dataset) {
    String data =
        dataset.provenance().stream().map(Provenance::sha256).collect(Collectors.joining(" "));
    return DigestUtils.sha256Hex(
        Manifest.programVersion() + "\n" + StrictJson.tree(configuration) + "\n" + data);
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

  /**
   * Has the limiting kernels and the cells computed that are missing.
   *
   * @param exchange the run directory, or what stands for it where other machines do not see it
   */
  public void run(Workload workload, UnitExecutor executor, Exchange exchange, Listener listener) {
    if (!Files.exists(directory.file(INPUTS))) {
      Npy.write(directory.file(INPUTS), dataset.inputs().transpose(), ElementType.FP64);
    }
    SharedFiles files = new SharedFiles(directory.path(), exchange);
    files.lend(INPUTS);
    Set<Cell> finished = stored.cells().stream().map(CellResult::cell).collect(Collectors.toSet());
    lendLimits(files);
    Map<Cell, WorkUnit> cells = cells(workload);
    Map<String, WorkUnit> limits = limits(workload);
    Set<String> wanted = new HashSet<>();
    cells.keySet().stream()
        .filter(cell -> !finished.contains(cell))
        .map(Sweep::limitName)
        .filter(name -> stored.limit(name).isEmpty())
        .forEach(wanted::add);
    executor.run(
        workload,
        only(limits, wanted::contains),
        result -> {
          LimitSummary limit = WorkUnit.value(result, LimitSummary.class);
          requireOfThisRun(limits.containsKey(limit.name()));
          files.bring(nngpFile(limit.name()));
          files.bring(ntkFile(limit.name()));
          stored.write(limit);
        },
        listener);
    executor.run(
        workload,
        only(cells, cell -> !finished.contains(cell)),
        result -> {
          CellResult cell = WorkUnit.value(result, CellResult.class);
          requireOfThisRun(cells.containsKey(cell.cell()) && finished.add(cell.cell()));
          stored.append(cell);
          listener.cell(cell, finished.size(), configuration.cells().size());
        },
        listener);
    UnitFiles results = new UnitFiles(exchange);
    // Those of finished cells too: a driver that was killed may have left them.
    results.clear(limits.values());
    results.clear(cells.values());
    removeFiles(files);
  }

  /** What a result names becomes the name of a file, or a line that is not found again. */
  private void requireOfThisRun(boolean known) {
    if (!known) {
      throw UnitFiles.foreign(directory);
    }
  }

  /** Limiting kernels of this run that another exchange, or none, was used for. */
  private void lendLimits(SharedFiles files) {
    for (String name : limitNames()) {
      if (stored.limit(name).isPresent()) {
        files.lend(ntkFile(name));
      }
    }
  }

  private void removeFiles(SharedFiles files) {
    files.remove(INPUTS);
    for (String name : limitNames()) {
      files.remove(ntkFile(name));
      files.remove(nngpFile(name));
    }
  }

  private Set<String> limitNames() {
    return configuration.cells().stream().map(Sweep::limitName).collect(Collectors.toSet());
  }

  private static <K> List<WorkUnit> only(Map<K, WorkUnit> units, Predicate<K> wanted) {
    return units.entrySet().stream()
        .filter(unit -> wanted.test(unit.getKey()))
        .map(Map.Entry::getValue)
        .toList();
  }

  /** A unit for each limiting kernel, by its name. */
  private Map<String, WorkUnit> limits(Workload workload) {
    Map<String, WorkUnit> units = new LinkedHashMap<>();
    for (Cell cell : configuration.cells()) {
      SweepUnit unit = new SweepUnit(cell, SweepUnit.Part.LIMIT);
      units.computeIfAbsent(limitName(cell), name -> WorkUnit.of(workload, unit.words(), 0, unit));
    }
    return units;
  }

  /** A unit for each cell, in their order. */
  private Map<Cell, WorkUnit> cells(Workload workload) {
    Map<Cell, WorkUnit> units = new LinkedHashMap<>();
    Set<Cell> checked = new HashSet<>();
    for (Cell cell : configuration.cells()) {
      boolean firstOfWidth =
          checked.add(new Cell(cell.activation(), cell.solver(), cell.depth(), cell.width(), 0));
      SweepUnit unit =
          new SweepUnit(
              cell,
              firstOfWidth && configuration.precision() != Precision.FP64
                  ? SweepUnit.Part.KERNEL_BESIDE_FP64
                  : SweepUnit.Part.KERNEL);
      double operations = plan(configuration, cell, dataset.dimension(), WITHOUT_LIMIT).flops();
      units.put(cell, WorkUnit.of(workload, unit.words(), operations, unit));
    }
    return units;
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

  static String ntkFile(String limitName) {
    return "limit-ntk-" + limitName + ".npy";
  }

  static String nngpFile(String limitName) {
    return "limit-nngp-" + limitName + ".npy";
  }

  static LimitingKernel limitingKernel(SweepConfiguration configuration, Cell cell, int inputDim) {
    return LimitingKernel.of(configuration.model(cell, inputDim), SweepConfiguration.grid(cell));
  }

  /** How a cell's Gram matrix is computed within a budget. */
  static GramPlan plan(
      SweepConfiguration configuration, Cell cell, int inputDim, MemoryBudget budget) {
    return GramPlan.choose(
        configuration.model(cell, inputDim),
        SweepConfiguration.grid(cell),
        configuration.samples(),
        configuration.precision(),
        budget);
  }
}
