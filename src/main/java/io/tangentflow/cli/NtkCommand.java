package io.tangentflow.cli;

import static io.tangentflow.kernel.empirical.GramStrategy.STRUCTURED;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethod.Report;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramForecast;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramPlanner;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.NtkTiles;
import io.tangentflow.kernel.empirical.PrecisionCheck;
import io.tangentflow.kernel.empirical.TilePlan;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.Spectrum;
import io.tangentflow.sweep.TileRun;
import io.tangentflow.sweep.TileSetting;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.Worker;
import io.tangentflow.sweep.Workload;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import org.apache.commons.codec.digest.DigestUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "ntk",
    mixinStandardHelpOptions = true,
    description =
        "The empirical neural tangent kernel of one network, as a Gram matrix, and its extreme"
            + " eigenvalues.")
final class NtkCommand implements Callable<Integer> {

  @Spec private CommandSpec command;

  @Mixin private Console console;
  @Mixin private DataOptions data;
  @Mixin private NetworkOptions network;
  @Mixin private EngineOptions engine;
  @Mixin private MemoryOption memory;
  @Mixin private GramOptions gram;
  @Mixin private StoreOptions store;
  @Mixin private ExchangingClusterOptions cluster;
  @Mixin private ExtremeOptions extreme;
  @Mixin private SolveOptions solve;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "512",
      description = "Width n (default: ${DEFAULT-VALUE}).")
  private int width;

  @Mixin private MethodOptions method;

  @Option(
      names = "--trace",
      description = "The trace over outputs divided by m, N×N, instead of the Nm×Nm matrix.")
  private boolean trace;

  @Option(
      names = "--rng",
      paramLabel = "HOW",
      defaultValue = "philox",
      description =
          "philox (a seed's weights are the same on every backend) or, on cuda, curand (other numbers of"
              + " the same distribution, made faster) (default: ${DEFAULT-VALUE}).")
  private GaussianSource rng;

  @Option(
      names = "--matrix-free",
      description =
          "Form no Gram matrix: products with the kernel from its features give the eigenvalues that"
              + " --extreme asks for, or solve --solve (default: the extreme one of each end).")
  private boolean matrixFree;

  @Option(
      names = "--plan",
      description = "Print the plans, with their FLOPs, bytes and expected seconds, and stop.")
  private boolean planOnly;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write the Gram matrix to this .npy file, in fp64.")
  private Path out;

  @Option(
      names = "--inputs-out",
      paramLabel = "FILE",
      description = "Write the inputs, N×d, to this .npy file, in fp64.")
  private Path inputsOut;

  @Override
  public Integer call() {
    Way way = way();
    requireCompatible(way);
    gram.require();
    if (store.asked()) {
      requireStorable(way);
    } else if (cluster.given()) {
      throw new InvalidConfiguration(
          "--on", "computes the tiles of a store, and --store names none");
    }
    Outputs outputFiles =
        new Outputs()
            .with("--out", out)
            .with("--inputs-out", inputsOut)
            .with("--solution-out", solve.solutionOut)
            .requireWritable();
    solve.requireApartFrom(outputFiles);
    Dataset dataset = data.load();
    dataset.provenance().forEach(read -> outputFiles.requireApartFrom(read.file()));
    NeuralOde model = network.model(dataset.dimension(), width);
    if (cluster.given()) {
      return storedByCluster(model, way, dataset);
    }
    try (Backend backend = engine.open(rng)) {
      MemoryBudget budget = memory.budget(backend);
      if (matrixFree) {
        return matrixFree(model, way, gram.nodes(), dataset, backend, budget);
      }
      if (store.asked()) {
        return storedHere(model, way, dataset, backend, budget);
      }
      List<GramForecast> forecasts = forecasts(way, model, dataset.samples(), backend, budget);
      if (planOnly) {
        console.result(
            GramOptions.text(
                String.format(
                    "Plans for the Gram matrix of %d samples at width %d by %s on %s, %s:",
                    dataset.samples(), width, way, backend.name(), backend.precision()),
                forecasts),
            GramOptions.json(forecasts));
        return 0;
      }
      console.status(
          "plan: " + forecasts.get(0) + " on " + backend.name() + ", " + backend.description());
      return compute(model, way, forecasts.get(0), dataset, backend, budget);
    }
  }

  private void requireCompatible(Way way) {
    solve.requireCompatible(matrixFree);
    if (solve.given()) {
      extreme.requireInRange();
    } else {
      extreme.requireComplete();
    }
    if (!matrixFree) {
      if (extreme.given()) {
        throw new InvalidConfiguration(
            "--extreme",
            "goes with --matrix-free; of a Gram matrix in a file, 'spectrum' takes it");
      }
      return;
    }
    OptionList.refuse(
        command,
        List.of("--gram", "--store", "--out", "--trace"),
        "has no meaning beside --matrix-free, which forms no Gram matrix");
    if (!way.planned()) {
      throw new InvalidConfiguration(
          "--matrix-free",
          "needs a solver of known steps and the plain dynamics: --solver and --depth");
    }
  }

  private int matrixFree(
      NeuralOde model,
      Way way,
      TimeNodes nodes,
      Dataset dataset,
      Backend backend,
      MemoryBudget budget) {
    if (!extreme.given() && !solve.given()) {
      extreme.extreme = 1;
    }
    int code =
        new MatrixFreeNtk(model, way.grid, nodes, dataset.inputs())
            .run(
                title(model, way, dataset, backend),
                extreme,
                solve,
                network.parameters(),
                backend,
                budget,
                planOnly,
                console);
    if (inputsOut != null && !planOnly) {
      Npy.write(inputsOut, dataset.inputs().transpose(), ElementType.FP64);
    }
    return code;
  }

  /** The plans that the options admit, the one to take first. */
  private List<GramForecast> forecasts(
      Way way, NeuralOde model, int samples, Backend backend, MemoryBudget budget) {
    if (way.planned()) {
      return gram.forecasts(new GramPlanner(model, way.grid, samples, backend, budget), planOnly);
    }
    if (!gram.nodes().all()) {
      throw new InvalidConfiguration(
          "--time-nodes",
          "needs a solver of known steps and the plain dynamics: --solver and --depth");
    }
    GramPlan plan = GramPlan.inOneBlock(gram.asked().orElse(STRUCTURED), model, samples, budget);
    return List.of(new GramForecast(plan, List.of()));
  }

  private String title(NeuralOde model, Way way, Dataset dataset, Backend backend) {
    return String.format(
        "Tangent kernel of %s, width %d, %s by %s, seed %d, on %d samples of %s, d = %d:",
        model.activation().label(),
        width,
        way,
        backend.precision(),
        network.seed,
        dataset.samples(),
        data.data,
        dataset.dimension());
  }

  private int compute(
      NeuralOde model,
      Way way,
      GramForecast forecast,
      Dataset dataset,
      Backend backend,
      MemoryBudget budget) {
    GramPlan plan = forecast.plan();
    Parameters parameters = network.parameters();
    long start = System.nanoTime();
    EmpiricalNtk.Result result;
    List<Report> reports = new ArrayList<>();
    try (Console.Progress progress = console.progress("Gram", 1000)) {
      result =
          new EmpiricalNtk(model, way.method, plan)
              .reportingTo(reports::add)
              .gram(
                  parameters,
                  dataset.inputs(),
                  backend,
                  fraction -> progress.at(Math.round(1000 * fraction)));
    }
    Optional<Report> reconstructed =
        reports.stream().filter(report -> report.reconstructionError().isPresent()).findFirst();
    reconstructed.filter(Report::doubtful).ifPresent(report -> console.warning(report.doubt()));
    double seconds = (System.nanoTime() - start) * 1e-9;
    DenseMatrix kernel = trace ? result.traceOverOutputs() : result.gram();
    Spectrum.Ends ends = Spectrum.ends(kernel);
    Spectrum.Extreme least = ends.least();
    Spectrum.Extreme greatest = ends.greatest();
    ObjectNode object = JsonNodeFactory.instance.objectNode().put("width", width);
    network.describe(object);
    data.describe(dataset, object);
    object
        .put("flow", way.toString())
        .put("order", kernel.rows())
        .put("leastEigenvalue", least.value())
        .put("leastEigenvalueError", least.errorBound())
        .put("greatestEigenvalue", greatest.value())
        .put("norm", kernel.norm())
        .put("backend", backend.name())
        .put("precision", backend.precision().toString())
        .put("algorithm", plan.algorithm())
        .put("peakBytes", result.peakBytes())
        .put("seconds", seconds)
        .put("gradient", way.method.label())
        .put("dynamics", way.dynamics().label());
    if (way.planned()) {
      object.put("planBytes", plan.bytes()).put("gflops", plan.flops() / seconds * 1e-9);
    }
    if (forecast.known()) {
      object
          .put("expectedSeconds", forecast.seconds())
          .put("expectedOverActual", forecast.seconds() / seconds);
    }
    reconstructed.ifPresent(
        report ->
            object
                .put("reconstructionError", report.reconstructionError().orElseThrow())
                .put("doubtful", report.doubtful()));
    result
        .compression()
        .ifPresent(
            fewer ->
                object
                    .put("timeNodes", fewer.nodes())
                    .put("timeNodesTruncation", fewer.gramTruncation(greatest.value()))
                    .put("timeNodesError", fewer.gramError(greatest.value())));
    OptionalDouble difference = OptionalDouble.empty();
    if (backend.precision() != Precision.FP64) {
      difference =
          differenceFromFp64(model, way, parameters, dataset, result.gram(), backend, budget);
    }
    Table table =
        Table.of(
                title(model, way, dataset, backend),
                Table.Column.left("quantity"),
                Table.Column.right("value"))
            .row(Cell.of("order of the Gram matrix"), Cell.of(kernel.rows()))
            .row(Cell.of("least eigenvalue"), Cell.of(least.value(), 6))
            .row(Cell.of("  error bound of the eigenvalue solver"), Cell.of(least.errorBound(), 2));
    if (result.compression().isPresent()) {
      EmpiricalNtk.Compression fewer = result.compression().get();
      table =
          table
              .row(
                  Cell.of("  bound of what " + fewer.nodes() + " nodes in time leave out"),
                  Cell.of(fewer.gramTruncation(greatest.value()), 2))
              .row(
                  Cell.of("    with the rounding of their making"),
                  Cell.of(fewer.gramError(greatest.value()), 2));
    }
    if (difference.isPresent()) {
      // By Weyl's inequality; see WidthConvergence.
      double uncertainty = difference.getAsDouble() * greatest.value();
      object.put("differenceFromFp64", difference.getAsDouble());
      object.put("leastEigenvalueUncertainty", uncertainty);
      table =
          table.row(
              Cell.of("  uncertainty from " + backend.precision() + ", about"),
              Cell.of(uncertainty, 2));
    } else if (backend.precision() != Precision.FP64) {
      object.putNull("differenceFromFp64").putNull("leastEigenvalueUncertainty");
    }
    LeastEigenvalueSign sign =
        sign(
            result,
            least,
            greatest.value(),
            difference,
            LeastEigenvalueSign.singular(model, kernel.rows(), trace));
    object.put("roundingBound", result.roundingBound()).put("leastEigenvalueSign", sign.word());
    table =
        table
            .row(
                Cell.of("  bound of products' rounding in " + backend.precision()),
                Cell.of(result.roundingBound(), 2))
            .row(Cell.of("  its sign"), Cell.of(sign.text()))
            .row(Cell.of("greatest eigenvalue"), Cell.of(greatest.value(), 6))
            .row(Cell.of("Frobenius norm"), Cell.of(kernel.norm(), 6));
    if (backend.precision() != Precision.FP64) {
      table =
          table.row(
              Cell.of("relative difference from fp64 on the first samples"),
              difference.isPresent() ? Cell.of(difference.getAsDouble(), 2) : Cell.of("not known"));
    }
    table = table.row(Cell.of("seconds"), Cell.of(seconds, 3));
    if (forecast.known()) {
      table =
          table.row(Cell.of("  expected over actual"), Cell.of(forecast.seconds() / seconds, 2));
    }
    table =
        table.row(Cell.of("peak MiB on the backend"), Cell.of(result.peakBytes() / 1048576.0, 4));
    if (way.planned()) {
      table = table.row(Cell.of("GFLOP/s of the plan"), Cell.of(plan.flops() / seconds * 1e-9, 3));
    }
    if (reconstructed.isPresent()) {
      double error = reconstructed.get().reconstructionError().orElseThrow();
      table = table.row(Cell.of("error of ĥ(0) on the way back, relatively"), Cell.of(error, 2));
    }
    if (out != null) {
      Npy.write(out, kernel, ElementType.FP64);
    }
    if (inputsOut != null) {
      Npy.write(inputsOut, dataset.inputs().transpose(), ElementType.FP64);
    }
    console.result(table.toText(), object);
    sign.require();
    return 0;
  }

  /**
   * The way to the gradients.
   *
   * @param grid of the discrete adjoint that a plan knows, null for others
   */
  private record Way(GradientMethod method, TimeGrid grid, StandardDynamics dynamics) {

    boolean planned() {
      return grid != null;
    }

    /** The structured plan in FP64, to compare with. */
    GramPlan inFp64(NeuralOde model, int samples, MemoryBudget budget) {
      return planned()
          ? GramPlan.of(STRUCTURED, model, grid, samples, Precision.FP64, budget)
          : GramPlan.inOneBlock(STRUCTURED, model, samples, budget);
    }

    @Override
    public String toString() {
      return planned() ? grid.toString() : dynamics.label() + ", " + method.label();
    }
  }

  private Way way() {
    StandardDynamics field = method.dynamics();
    GradientMethod way =
        GradientMethods.named("--gradient", method.name(), field, engine.precision(), false);
    return new Way(way, way instanceof DiscreteAdjoint discrete ? discrete.grid() : null, field);
  }

  /** Refuses what has no meaning for a matrix that goes into a store. */
  private void requireStorable(Way way) {
    store.requirePossible();
    OptionList.refuse(
        command,
        List.of("--out", "--trace"),
        "is about a matrix in memory, not beside --store; see 'gram export'");
    if (!way.planned()) {
      throw new InvalidConfiguration(
          "--store", "needs a solver of known steps and the plain dynamics: --solver and --depth");
    }
  }

  /**
   * Where tiles are computed.
   *
   * @param backend its name
   * @param words what it is
   * @param budget for one tile
   * @param way to have them computed
   */
  private record Tiler(String backend, String words, MemoryBudget budget, TileWay way) {}

  /** Computes the tiles that a store lacks, and tells a report of them. */
  private interface TileWay {
    void compute(StorePlan plan, GramStore target, StoredNtk tiles, StoreReport report);
  }

  private int storedHere(
      NeuralOde model, Way way, Dataset dataset, Backend backend, MemoryBudget budget) {
    String words = backend.name() + ", " + backend.description();
    return stored(
        model,
        way,
        dataset,
        new Tiler(
            backend.name(),
            words,
            budget,
            (plan, target, tiles, report) -> {
              EmpiricalNtk ntk = new EmpiricalNtk(model, way.method, plan.plan());
              long start = System.nanoTime();
              long peakBytes =
                  new NtkTiles(ntk).forEach(network.parameters(), dataset.inputs(), backend, tiles);
              report.computed(
                  target, tiles.computed(), peakBytes, (System.nanoTime() - start) * 1e-9);
              // One process of several is enough to say so: the one that the first tile is of.
              boolean first = store.shard().from(target.grid().count()) == 0 && target.exists(0, 0);
              boolean enough =
                  plan.plan().blockSize() >= Math.min(PrecisionCheck.SAMPLES, dataset.samples());
              if (engine.precision() != Precision.FP64 && first && enough) {
                report.difference(
                    differenceFromFp64(
                        model,
                        way,
                        network.parameters(),
                        dataset,
                        target.tile(0, 0),
                        backend,
                        budget));
              }
            }));
  }

  private int storedByCluster(NeuralOde model, Way way, Dataset dataset) {
    int threads = cluster.threads(engine.threads);
    String identity =
        DigestUtils.sha256Hex(
            identity(model, way, gram.nodes(), dataset, engine.backend) + store.shard().toString());
    TileSetting asked =
        new TileSetting(
            store.path.toAbsolutePath().toString(),
            TileSetting.Network.of(model, way.grid, network.seed),
            dataset.samples(),
            gram.nodes(),
            strategies(),
            0,
            new TileSetting.Machine(
                engine.precision(), engine.backend, threads, rng, memory.memory));
    try (UnitExecutor executor =
        cluster.executor(cluster.shared(store.path, identity), engine.backend, threads, console)) {
      Worker.Preparation prepared = executor.prepare(Workload.of(TileSetting.KIND, "", asked));
      return stored(
          model,
          way,
          dataset,
          new Tiler(
              prepared.backend(),
              prepared.device() + cluster.words(executor),
              prepared.budget(),
              (plan, target, tiles, report) -> {
                TileSetting setting =
                    asked.settled(
                        plan.plan().strategy(),
                        plan.plan().blockSize(),
                        cluster.settled(engine.backend, prepared));
                long start = System.nanoTime();
                new TileRun(target, dataset.inputs())
                    .run(
                        setting,
                        tiles.missing(),
                        executor,
                        cluster.exchange(store.path, identity),
                        tiles::accept,
                        tiles.narration());
                report.computed(
                    target,
                    tiles.computed(),
                    tiles.peakBytes(),
                    (System.nanoTime() - start) * 1e-9);
                report.computed(tiles.results());
              }));
    }
  }

  private List<GramStrategy> strategies() {
    return gram.nodes().all() ? List.of(GramStrategy.values()) : List.of(STRUCTURED);
  }

  /** Plans a store, and has the tiles computed that it lacks. */
  private int stored(NeuralOde model, Way way, Dataset dataset, Tiler tiler) {
    TimeNodes nodes = gram.nodes();
    StorePlan plan =
        StorePlan.of(
            store,
            new TilePlan(
                model, way.grid, dataset.samples(), nodes, strategies(), engine.precision()),
            nodes.all() ? gram.asked() : Optional.of(STRUCTURED),
            identity(model, way, nodes, dataset, tiler.backend()),
            tiler.budget());
    StoreReport report = new StoreReport(plan, store.shard(), tiler.backend(), engine.precision());
    console.status(report.planText() + " on " + tiler.words());
    if (planOnly) {
      console.result(report.planText(), report.plan());
      return 0;
    }
    plan.requireRoom(store.path, store.shard());
    GramStore target = GramStore.openOrCreate(store.path, plan.description());
    int all = store.shard().size(target.grid().count());
    try (Console.Progress progress = console.progress("tiles", Math.max(1, all))) {
      tiler
          .way()
          .compute(plan, target, new StoredNtk(target, store.shard(), console, progress), report);
    }
    if (inputsOut != null) {
      Npy.write(inputsOut, dataset.inputs().transpose(), ElementType.FP64);
    }
    console.result(report.text(), report.json());
    return 0;
  }

  private Map<String, String> identity(
      NeuralOde model, Way way, TimeNodes nodes, Dataset dataset, String backend) {
    return new KernelIdentity()
        .with("kernel", "empirical NTK")
        .with(model)
        .with("seed", network.seed)
        .with("rng", rng)
        .with("dynamics", way.dynamics.label())
        .with("gradient", way.method.label())
        .with("timeNodes", nodes.label())
        .with("precision", engine.precision())
        .with("backend", backend)
        .with(data, dataset)
        .fields();
  }

  private static LeastEigenvalueSign sign(
      EmpiricalNtk.Result result,
      Spectrum.Extreme least,
      double greatest,
      OptionalDouble difference,
      boolean singular) {
    // Rounding is measured where it can be, and bounded where it cannot.
    boolean measured = difference.isPresent();
    double compression =
        result
            .compression()
            .map(fewer -> measured ? fewer.gramTruncation(greatest) : fewer.gramError(greatest))
            .orElse(0.0);
    double rounding = measured ? difference.getAsDouble() * greatest : result.roundingBound();
    return new LeastEigenvalueSign(
        least.value(),
        least.errorBound() + compression + rounding,
        least.errorBound() + result.roundingBound(),
        singular);
  }

  /** Empty, with a warning, where the weights fit into memory in FP32 only. */
  private OptionalDouble differenceFromFp64(
      NeuralOde model,
      Way way,
      Parameters parameters,
      Dataset dataset,
      DenseMatrix first,
      Backend backend,
      MemoryBudget budget) {
    if (rng == GaussianSource.CURAND) {
      console.warning(
          "the difference from fp64 is not computed: cuRAND gives a seed other weights in fp64");
      return OptionalDouble.empty();
    }
    try {
      return OptionalDouble.of(
          PrecisionCheck.relativeDifference(
              samples -> new EmpiricalNtk(model, way.method, way.inFp64(model, samples, budget)),
              parameters,
              dataset.inputs(),
              first,
              backend.name(),
              engine.threads()));
    } catch (OutOfMemory e) {
      console.warning("the difference from fp64 is not computed: " + e.getMessage());
      return OptionalDouble.empty();
    }
  }
}
