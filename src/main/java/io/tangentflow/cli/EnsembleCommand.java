package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Ensemble.Method;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.experiment.SampleVariance;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.EnsembleSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Table;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "ensemble",
    mixinStandardHelpOptions = true,
    description = {
      "The outputs of thousands of small independent networks at the same samples, and how close"
          + " they come to the Gaussian process of infinite width.",
      "Network b has the parameters of seed SEED + b, as 'init' writes them. Begin with:",
      "  tangentflow ensemble --networks 10000 --width 64 --samples 2"
    })
final class EnsembleCommand implements Callable<Integer> {

  /** Limits of more norms than these take longer than the ensemble. */
  private static final int MOST_NORMS = 64;

  @Mixin private Console console;
  @Mixin private DataOptions data;
  @Mixin private NetworkOptions network;
  @Mixin private EngineOptions engine;
  @Mixin private MemoryOption memory;

  @Option(
      names = "--networks",
      paramLabel = "B",
      defaultValue = "1000",
      description = "Networks B (default: ${DEFAULT-VALUE}).")
  private int networks;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "64",
      description = "Width n, at most 512 (default: ${DEFAULT-VALUE}).")
  private int width;

  @Option(
      names = "--depth",
      paramLabel = "L",
      defaultValue = "10",
      description = "Steps L of the solver (default: ${DEFAULT-VALUE}).")
  private int depth;

  @Option(
      names = "--solver",
      paramLabel = "NAME",
      defaultValue = "rk4",
      description = "euler (the residual network) or rk4 (default: ${DEFAULT-VALUE}).")
  private String solver;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "Write the outputs to this .npy file, in fp64: a row for each network, in it the outputs of"
              + " the first sample, then of the next.")
  private Path out;

  @Override
  public Integer call() {
    Tableau tableau = Tableau.named(solver);
    TimeGrid grid = new TimeGrid(tableau, depth);
    Method method = method(tableau);
    if (networks < 2) {
      throw new InvalidConfiguration(
          "--networks", "must be at least 2 to have a variance, not " + networks);
    }
    new Ensemble(
        network.model(1, width),
        method,
        depth,
        network.seed,
        networks); // Refuses before data are read.
    Outputs outputFiles = new Outputs().with("--out", out).requireWritable();
    Dataset dataset = data.load();
    dataset.provenance().forEach(read -> outputFiles.requireApartFrom(read.file()));
    Ensemble ensemble =
        new Ensemble(
            network.model(dataset.dimension(), width), method, depth, network.seed, networks);
    try (Backend backend = engine.open()) {
      EnsembleSolver solver =
          new EnsembleSolver(
              ensemble, dataset.inputs(), backend, memory.budget(backend).deviceBytes());
      EnsembleStatistics statistics = statistics(solver);
      console.status(
          networks
              + " networks, "
              + solver.chunk()
              + " at a time, on "
              + backend.name()
              + ", "
              + backend.description());
      long start = System.nanoTime();
      try (Console.Progress progress = console.progress("networks", networks)) {
        solve(solver, statistics, progress);
      }
      print(ensemble, grid, dataset, statistics, backend, (System.nanoTime() - start) * 1e-9);
      return 0;
    }
  }

  static Method method(Tableau tableau) {
    return switch (tableau.name()) {
      case "euler" -> Method.EULER;
      case "rk4" -> Method.RK4;
      default ->
          throw new InvalidConfiguration(
              "--solver", "an ensemble is solved by euler or rk4, not by " + tableau);
    };
  }

  /** A few of the outputs of all networks, in the JVM's heap. */
  private EnsembleStatistics statistics(EnsembleSolver solver) {
    try {
      return new EnsembleStatistics(solver.rows(), networks);
    } catch (OutOfMemoryError e) {
      throw OutOfMemory.ofHeap("the statistics of " + networks + " networks", e);
    }
  }

  /** Solves chunk after chunk, and where there is a file, as fast as it takes them. */
  private void solve(
      EnsembleSolver solver, EnsembleStatistics statistics, Console.Progress progress) {
    if (out == null) {
      solver.solve(
          (first, chunk) -> {
            statistics.add(first, chunk);
            progress.at(first + chunk.columns());
          });
    } else {
      Npy.write(
          out,
          networks,
          solver.rows(),
          Npy.Order.ROWS,
          ElementType.FP64,
          new Stream(solver, statistics, progress));
    }
  }

  /** The outputs as the entries of a file, solved when they are asked for. */
  private final class Stream implements Npy.Entries {

    private final EnsembleSolver solver;
    private final EnsembleStatistics statistics;
    private final Console.Progress progress;
    private DenseMatrix chunk;
    private int next;
    private int taken;

    Stream(EnsembleSolver solver, EnsembleStatistics statistics, Console.Progress progress) {
      this.solver = solver;
      this.statistics = statistics;
      this.progress = progress;
    }

    @Override
    public void fill(long first, double[] values, int count) {
      int length;
      for (int at = 0; at < count; at += length) {
        if (chunk == null || taken == chunk.values().length) {
          chunk = solver.outputs(next, Math.min(solver.chunk(), networks - next));
          statistics.add(next, chunk);
          next += chunk.columns();
          progress.at(next);
          taken = 0;
        }
        length = Math.min(count - at, chunk.values().length - taken);
        System.arraycopy(chunk.values(), taken, values, at, length);
        taken += length;
      }
    }
  }

  private void print(
      Ensemble ensemble,
      TimeGrid grid,
      Dataset dataset,
      EnsembleStatistics statistics,
      Backend backend,
      double seconds) {
    double[] limits = limits(ensemble, dataset.inputs());
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object
        .put("networks", networks)
        .put("width", width)
        .put("depth", depth)
        .put("solver", grid.tableau().name())
        .put("activation", ensemble.model().activation().label())
        .put("samples", dataset.samples())
        .put("outputs", network.outputs)
        .put("seed", network.seed)
        .put("backend", backend.name())
        .put("precision", backend.precision().toString())
        .put("seconds", seconds)
        .put("networksPerSecond", networks / seconds);
    Table table =
        Table.of(
            String.format(
                "%d networks of %s, width %d, %s by %s, seeds %d to %d, on %d samples of %s"
                    + " (%.3g s):",
                networks,
                ensemble.model().activation().label(),
                width,
                grid,
                backend.precision(),
                network.seed,
                network.seed + networks - 1,
                dataset.samples(),
                data.data,
                seconds),
            Table.Column.left("output"),
            Table.Column.right("mean"),
            Table.Column.right("variance"),
            Table.Column.right("NNGP at infinite width"),
            Table.Column.right("standard errors apart"),
            Table.Column.right("distance from normal"));
    ArrayNode each = object.putArray("byOutput");
    for (int k = 0; k < statistics.series(); k++) {
      EnsembleStatistics.OfOutput f = statistics.of(k);
      int sample = k / network.outputs;
      OptionalDouble limit =
          limits.length == 0 ? OptionalDouble.empty() : OptionalDouble.of(limits[sample]);
      SampleVariance variance = f.variance();
      double meanError = Math.sqrt(variance.value() / networks);
      ObjectNode row =
          each.addObject()
              .put("sample", sample)
              .put("output", k % network.outputs)
              .put("mean", variance.mean())
              .put("meanError", meanError)
              .put("variance", variance.value());
      put(row, "varianceError", variance.error());
      put(row, "kolmogorovSmirnov", f.kolmogorovSmirnov());
      putLimit(row, limit, variance.value(), variance.error());
      table =
          table.row(
              Cell.of(
                  network.outputs == 1
                      ? "sample " + sample
                      : "sample " + sample + ", output " + k % network.outputs),
              Cell.measured(variance.mean(), meanError),
              variance.error().isPresent()
                  ? Cell.measured(variance.value(), variance.error().getAsDouble())
                  : Cell.of(Numbers.significant(variance.value(), 4) + " ± not known"),
              number(limit, 4),
              number(apart(limit, variance.value(), variance.error()), 4),
              number(f.kolmogorovSmirnov(), 3));
    }
    OptionalDouble limit =
        limits.length == 0 ? OptionalDouble.empty() : Arrays.stream(limits).average();
    ObjectNode overall =
        object
            .putObject("all")
            .put("meanSquare", statistics.meanSquare())
            .put("meanSquareError", statistics.meanSquareError());
    OptionalDouble error = OptionalDouble.of(statistics.meanSquareError());
    putLimit(overall, limit, statistics.meanSquare(), error);
    object.put("lilliefors", lilliefors());
    table =
        table.row(
            Cell.of("all, mean square"),
            Cell.of(""),
            Cell.measured(statistics.meanSquare(), statistics.meanSquareError()),
            number(limit, 4),
            number(apart(limit, statistics.meanSquare(), error), 4),
            Cell.of(""));
    console.result(
        table.toText()
            + String.format(
                Locale.ROOT,
                "%nThe distance is Kolmogorov–Smirnov's, to the normal distribution of the same mean"
                    + " and variance: normal numbers exceed %.3g in one case of twenty (Lilliefors)."
                    + " A finite width moves the variance by O(1/n).",
                lilliefors()),
        object);
  }

  /** The 5 % point for many networks (Lilliefors 1967). */
  private double lilliefors() {
    return 0.886 / Math.sqrt(networks);
  }

  private static void putLimit(
      ObjectNode node, OptionalDouble limit, double measured, OptionalDouble error) {
    put(node, "nngp", limit);
    put(node, "standardErrorsApart", apart(limit, measured, error));
  }

  private static void put(ObjectNode node, String name, OptionalDouble number) {
    number.ifPresentOrElse(value -> node.put(name, value), () -> node.putNull(name));
  }

  private static OptionalDouble apart(OptionalDouble limit, double measured, OptionalDouble error) {
    return limit.isPresent() && error.orElse(0) > 0
        ? OptionalDouble.of((measured - limit.getAsDouble()) / error.getAsDouble())
        : OptionalDouble.empty();
  }

  private static Cell number(OptionalDouble value, int digits) {
    return value.isPresent() ? Cell.of(value.getAsDouble(), digits) : Cell.of("not known");
  }

  /**
   * NNGP(x, x) of each sample at the depth of Euler's method or in the continuum; empty if none.
   */
  private double[] limits(Ensemble ensemble, DenseMatrix inputs) {
    double[] norms = new double[inputs.columns()];
    Map<Double, Double> known = new HashMap<>();
    for (int i = 0; i < norms.length; i++) {
      double square = 0;
      for (int k = 0; k < inputs.rows(); k++) {
        square += inputs.get(k, i) * inputs.get(k, i);
      }
      norms[i] =
          new BigDecimal(square / inputs.rows()) // Equal norms differ by rounding.
              .round(new MathContext(12))
              .doubleValue();
      known.put(norms[i], 0.0);
    }
    if (known.size() > MOST_NORMS) {
      console.status(
          "the limit is not computed: the samples have more than "
              + MOST_NORMS
              + " different norms; see 'limit'");
      return new double[0];
    }
    try {
      LimitingKernel kernel =
          ensemble.method() == Method.EULER
              ? new FiniteDepthLimit(ensemble.model(), depth)
              : new ContinuumLimit(ensemble.model());
      known.replaceAll((norm, unknown) -> kernel.pair(norm, norm, norm).nngp());
    } catch (InvalidConfiguration e) {
      console.warning("the limit is not computed: " + e.getMessage());
      return new double[0];
    }
    return Arrays.stream(norms).map(known::get).toArray();
  }
}
