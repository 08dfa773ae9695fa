package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.check.Stopwatch;
import io.tangentflow.experiment.timing.NtkJob;
import io.tangentflow.kernel.empirical.GramForecast;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramPlanner;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description = {
      "How good the choice between structured, explicit and compressed Gram matrices is here: each is"
          + " planned and computed on a grid of problems, Euler with Q steps.",
      "A time is the least of three after one to warm up; of what takes above five seconds, the first."
    })
final class BenchPlanCommand implements Callable<Integer> {

  private static final int RUNS = 3;
  private static final double LONG_SECONDS = 5;

  @Mixin private Console console;
  @Mixin private NetworkOptions network;
  @Mixin private BenchEngine engine;

  @Option(
      names = "--widths",
      split = ",",
      paramLabel = "N",
      defaultValue = "256,1024,4096",
      description = "Widths n (default: ${DEFAULT-VALUE}).")
  private List<Integer> widths;

  @Option(
      names = "--samples",
      split = ",",
      paramLabel = "N",
      defaultValue = "16,512",
      description = "Numbers of samples N, standard normal (default: ${DEFAULT-VALUE}).")
  private List<Integer> samples;

  @Option(
      names = "--depths",
      split = ",",
      paramLabel = "Q",
      defaultValue = "4,80",
      description = "Steps Q (default: ${DEFAULT-VALUE}).")
  private List<Integer> depths;

  @Option(
      names = "--input-dim",
      paramLabel = "D",
      defaultValue = "784",
      description = "Dimension d of an input (default: ${DEFAULT-VALUE}).")
  private int inputDim;

  @Option(
      names = "--time-nodes",
      paramLabel = "Q",
      defaultValue = "4",
      description = "Nodes in time of the compressed plan (default: ${DEFAULT-VALUE}).")
  private String timeNodes;

  /** The plans of a problem with what they took. */
  private record Trial(
      NeuralOde model,
      int samples,
      int depth,
      List<GramForecast> forecasts,
      Map<String, Double> taken) {

    private double chosen() {
      return taken.get(forecasts.get(0).plan().algorithm());
    }

    private double overBest() {
      return chosen() / taken.values().stream().min(Double::compare).orElseThrow();
    }

    private double expectedOverActual() {
      return forecasts.get(0).seconds() / chosen();
    }
  }

  @Override
  public Integer call() {
    OptionList.distinct("--widths", widths);
    OptionList.distinct("--samples", samples);
    OptionList.distinct("--depths", depths);
    TimeNodes nodes = TimeNodes.named(timeNodes);
    Table table =
        Table.of(
            "Seconds of three plans of a Gram matrix, Euler with Q steps, by "
                + engine.precision()
                + ":",
            Table.Column.right("width"),
            Table.Column.right("samples"),
            Table.Column.right("Q"),
            Table.Column.right("structured"),
            Table.Column.right("explicit"),
            Table.Column.right("compressed"),
            Table.Column.left("chosen"),
            Table.Column.right("chosen / best"),
            Table.Column.right("expected / actual"));
    ArrayNode problems = JsonNodeFactory.instance.arrayNode();
    double worst = 0;
    try (Backend backend = engine.open();
        Console.Progress progress =
            console.progress("problems", (long) widths.size() * samples.size() * depths.size())) {
      MemoryBudget budget = engine.memory().budget(backend);
      long done = 0;
      for (int width : widths) {
        for (int count : samples) {
          for (int depth : depths) {
            Trial trial = trial(width, count, depth, nodes, backend, budget);
            table = table.row(row(trial));
            problems.add(json(trial));
            worst = Math.max(worst, trial.overBest());
            progress.at(++done);
          }
        }
      }
    }
    ObjectNode object = JsonNodeFactory.instance.objectNode().put("worstChosenOverBest", worst);
    object.set("problems", problems);
    console.result(
        table.toText() + String.format("%nThe choice took at most %.2f times the best.%n", worst),
        object);
    return 0;
  }

  private Trial trial(
      int width, int count, int depth, TimeNodes nodes, Backend backend, MemoryBudget budget) {
    NeuralOde model = network.model(inputDim, width);
    TimeGrid grid = new TimeGrid(Tableau.named("euler"), depth);
    List<GramForecast> forecasts =
        new GramPlanner(model, grid, count, backend, budget).forecasts(nodes);
    Map<String, Double> taken = new TreeMap<>();
    try (Stopwatch watch = new Stopwatch(backend)) {
      for (GramForecast forecast : forecasts) {
        GramPlan plan = forecast.plan();
        try (NtkJob job =
            new NtkJob(model, grid, plan, count, network.seed, backend, result -> {})) {
          double least = watch.seconds(job::run);
          if (least < LONG_SECONDS) {
            for (int run = 0; run < RUNS; run++) {
              least = Math.min(least, watch.seconds(job::run));
            }
          }
          taken.put(plan.algorithm(), least);
        }
      }
    }
    return new Trial(model, count, depth, forecasts, taken);
  }

  private static Cell[] row(Trial trial) {
    return new Cell[] {
      Cell.of(trial.model.width()),
      Cell.of(trial.samples),
      Cell.of(trial.depth),
      cell(trial, "structured"),
      cell(trial, "explicit"),
      cell(trial, "compressed"),
      Cell.of(trial.forecasts.get(0).plan().algorithm()),
      Cell.of(trial.overBest(), 3),
      Cell.of(trial.expectedOverActual(), 2)
    };
  }

  private static Cell cell(Trial trial, String algorithm) {
    Double seconds = trial.taken.get(algorithm);
    return seconds == null ? Cell.of("does not fit") : Cell.of(seconds, 3);
  }

  private static ObjectNode json(Trial trial) {
    ObjectNode object =
        JsonNodeFactory.instance
            .objectNode()
            .put("width", trial.model.width())
            .put("samples", trial.samples)
            .put("depth", trial.depth)
            .put("chosen", trial.forecasts.get(0).plan().algorithm())
            .put("chosenOverBest", trial.overBest())
            .put("expectedOverActual", trial.expectedOverActual());
    ArrayNode plans = object.putArray("plans");
    for (GramForecast forecast : trial.forecasts) {
      String algorithm = forecast.plan().algorithm();
      plans
          .addObject()
          .put("algorithm", algorithm)
          .put("expectedSeconds", forecast.seconds())
          .put("seconds", trial.taken.get(algorithm));
    }
    return object;
  }
}
