package io.tangentflow.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramForecast;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramPlanner;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Philox;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.apache.commons.math3.stat.descriptive.rank.Median;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "WHAT",
    description = "Times a computation on this machine, on random inputs.",
    subcommands = {BenchCommand.Ntk.class, BenchPlanCommand.class, BenchTrainingCommand.class})
final class BenchCommand {

  private static final long INPUT_SEED = 1;

  /** Standard normal inputs, d×N. */
  static DenseMatrix inputs(int dimension, int samples) {
    DenseMatrix inputs = DenseMatrix.zeros(dimension, samples);
    Philox.gaussian(INPUT_SEED, 0, 0, inputs.values().length, (i, z) -> inputs.values()[i] = z);
    return inputs;
  }

  @Command(
      name = "ntk",
      mixinStandardHelpOptions = true,
      description = {
        "The time of an empirical NTK Gram matrix: making the weights, forward, adjoint and Gram"
            + " together.",
        "It is computed three times to warm up, then again and again; the time is the median."
      })
  static final class Ntk implements Callable<Integer> {

    private static final int WARM_UPS = 3;

    @Mixin private Console console;
    @Mixin private NetworkOptions network;
    @Mixin private EngineOptions engine;
    @Mixin private MemoryOption memory;
    @Mixin private GramOptions gram;

    @Option(
        names = "--width",
        paramLabel = "N",
        defaultValue = "2048",
        description = "Width n (default: ${DEFAULT-VALUE}).")
    private int width;

    @Option(
        names = "--samples",
        paramLabel = "N",
        defaultValue = "64",
        description = "Samples N, standard normal (default: ${DEFAULT-VALUE}).")
    private int samples;

    @Option(
        names = "--input-dim",
        paramLabel = "D",
        defaultValue = "784",
        description = "Dimension d of an input (default: ${DEFAULT-VALUE}).")
    private int inputDim;

    @Option(
        names = "--depth",
        paramLabel = "L",
        defaultValue = "20",
        description = "Steps L of the solver (default: ${DEFAULT-VALUE}).")
    private int depth;

    @Option(
        names = "--solver",
        paramLabel = "NAME",
        defaultValue = "euler",
        description = "As of 'ntk' (default: ${DEFAULT-VALUE}).")
    private String solver;

    @Option(
        names = "--runs",
        paramLabel = "R",
        defaultValue = "5",
        description = "Timed runs (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Override
    public Integer call() {
      if (runs < 1) {
        throw new InvalidConfiguration("--runs", "must be at least 1, not " + runs);
      }
      gram.require();
      NeuralOde model = network.model(inputDim, width);
      TimeGrid grid = new TimeGrid(Tableau.named(solver), depth);
      try (Backend backend = engine.open()) {
        GramForecast forecast =
            gram.forecasts(
                    new GramPlanner(model, grid, samples, backend, memory.budget(backend)), true)
                .get(0);
        GramPlan plan = forecast.plan();
        console.status(
            "plan: " + forecast + " on " + backend.name() + ", " + backend.description());
        DenseMatrix inputs = inputs(inputDim, samples);
        double[] seconds = new double[runs];
        double[] weights = new double[runs];
        EmpiricalNtk ntk = new EmpiricalNtk(model, grid, plan);
        EmpiricalNtk.Result result = null;
        for (int run = 0; run < WARM_UPS; run++) {
          result = gram(ntk, inputs, backend);
        }
        try (Console.Progress progress = console.progress("runs", runs)) {
          for (int run = 0; run < runs; run++) {
            long start = System.nanoTime();
            result = gram(ntk, inputs, backend);
            seconds[run] = (System.nanoTime() - start) * 1e-9;
            weights[run] = weightsSeconds(model, backend);
            progress.at(run + 1L);
          }
        }
        report(model, grid, forecast, result, seconds, weights, backend);
      }
      return 0;
    }

    private double weightsSeconds(NeuralOde model, Backend backend) {
      long start = System.nanoTime();
      long bytes = Weights.bytes(model, backend.precision().bytes());
      try (Workspace workspace = backend.workspace("the weights", bytes)) {
        Weights.place(model, network.parameters(), workspace);
        return (System.nanoTime() - start) * 1e-9;
      }
    }

    private EmpiricalNtk.Result gram(EmpiricalNtk ntk, DenseMatrix inputs, Backend backend) {
      return ntk.gram(network.parameters(), inputs, backend, fraction -> {});
    }

    private void report(
        NeuralOde model,
        TimeGrid grid,
        GramForecast forecast,
        EmpiricalNtk.Result result,
        double[] seconds,
        double[] weights,
        Backend backend) {
      double median = new Median().evaluate(seconds);
      double ofWeights = new Median().evaluate(weights);
      double least = Arrays.stream(seconds).min().orElseThrow();
      double most = Arrays.stream(seconds).max().orElseThrow();
      GramPlan plan = forecast.plan();
      String algorithm = plan.algorithm();
      ObjectNode object =
          new ObjectMapper()
              .createObjectNode()
              .put("seconds", median)
              .put("leastSeconds", least)
              .put("greatestSeconds", most)
              .put("weightsSeconds", ofWeights)
              .put("expectedSeconds", forecast.known() ? forecast.seconds() : null)
              .put("runs", runs)
              .put("algorithm", algorithm)
              .put("peakBytes", result.peakBytes())
              .put("flops", plan.flops())
              .put("backend", backend.name())
              .put("precision", backend.precision().toString());
      Table table =
          Table.of(
                  String.format(
                      "Tangent kernel of %s, width %d, %s by %s, on %d samples, d = %d:",
                      model.activation().label(),
                      model.width(),
                      grid,
                      backend.precision(),
                      samples,
                      inputDim),
                  Table.Column.left("quantity"),
                  Table.Column.right("value"))
              .row(Cell.of("algorithm"), Cell.of(algorithm))
              .row(Cell.of("seconds, median of " + runs), Cell.of(median, 3))
              .row(Cell.of("  least"), Cell.of(least, 3))
              .row(Cell.of("  greatest"), Cell.of(most, 3))
              .row(Cell.of("  of which the weights"), Cell.of(ofWeights, 3))
              .row(
                  Cell.of("expected over actual"),
                  forecast.known() ? Cell.of(forecast.seconds() / median, 2) : Cell.of("–"))
              .row(Cell.of("GFLOP/s of the plan"), Cell.of(plan.flops() / median * 1e-9, 3))
              .row(Cell.of("peak MiB on the backend"), Cell.of(result.peakBytes() / 1048576.0, 4));
      if (result.compression().isPresent()) {
        EmpiricalNtk.Compression fewer = result.compression().get();
        // √Σλ² bounds the greatest eigenvalue, and needs no solver.
        double norm = result.gram().norm();
        double error = fewer.gramError(norm) / norm;
        double truncation = fewer.gramTruncation(norm) / norm;
        object
            .put("timeNodes", fewer.nodes())
            .put("relativeTruncation", truncation)
            .put("relativeError", error);
        table =
            table
                .row(
                    Cell.of("bound of what " + fewer.nodes() + " nodes leave out, relatively"),
                    Cell.of(truncation, 2))
                .row(Cell.of("  with the rounding of their making"), Cell.of(error, 2));
      }
      console.result(table.toText(), object);
    }
  }
}
