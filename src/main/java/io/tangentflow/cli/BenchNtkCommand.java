package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.experiment.timing.JobTime;
import io.tangentflow.experiment.timing.NtkJob;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramForecast;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramPlanner;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "ntk",
    mixinStandardHelpOptions = true,
    defaultValueProvider = BenchNtkCommand.Defaults.class,
    description = {
      "The time of an empirical NTK Gram matrix: making the weights, forward, adjoint and Gram"
          + " together.",
      "GFLOP/s count what the plan counts."
    })
final class BenchNtkCommand implements Callable<Integer> {

  static final class Defaults extends BenchSizeOptions.Defaults {
    Defaults() {
      super(Map.of("--width", "2048", "--samples", "64", "--solver", "euler", "--runs", "5"));
    }
  }

  @Mixin private Console console;
  @Mixin private NetworkOptions network;
  @Mixin private BenchSizeOptions size;
  @Mixin private BenchRuns runs;
  @Mixin private BenchEngine engine;
  @Mixin private GramOptions gram;

  @Override
  public Integer call() {
    runs.require();
    gram.require();
    NeuralOde model = network.model(size.inputDim, size.width);
    TimeGrid grid = size.grid();
    try (Backend backend = engine.open()) {
      GramPlanner planner =
          new GramPlanner(model, grid, size.samples, backend, engine.memory().budget(backend));
      GramForecast forecast = gram.forecasts(planner, true).get(0);
      GramPlan plan = forecast.plan();
      console.status("plan: " + forecast);
      EmpiricalNtk.Result[] result = new EmpiricalNtk.Result[1];
      JobTime time =
          runs.time(
              () ->
                  new NtkJob(
                      model, grid, plan, size.samples, network.seed, backend, r -> result[0] = r),
              backend,
              engine.budgetBytes(backend),
              console);
      report(model, grid, forecast, time, result[0], backend);
    }
    return 0;
  }

  private void report(
      NeuralOde model,
      TimeGrid grid,
      GramForecast forecast,
      JobTime time,
      EmpiricalNtk.Result result,
      Backend backend) {
    String algorithm = forecast.plan().algorithm();
    ObjectNode object = runs.json("ntk", time, backend, engine.threads());
    size.describe(object);
    object
        .put("activation", model.activation().label())
        .put("outputs", model.outputs())
        .put("expectedSeconds", forecast.known() ? forecast.seconds() : null)
        .put("algorithm", algorithm);
    Table table =
        time.table(
                String.format(
                    "Tangent kernel of %s, width %d, %s by %s, on %d samples, d = %d:",
                    model.activation().label(),
                    model.width(),
                    grid,
                    backend.precision(),
                    size.samples,
                    size.inputDim))
            .row(Cell.of("algorithm"), Cell.of(algorithm))
            .row(
                Cell.of("expected over median seconds"),
                forecast.known()
                    ? Cell.of(forecast.seconds() / time.runs().median(), 2)
                    : Cell.of("–"));
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
