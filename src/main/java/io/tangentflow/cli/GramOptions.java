package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.empirical.GramForecast;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramPlanner;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How the Gram matrix of an empirical tangent kernel is made. */
@Heading("Gram matrix")
final class GramOptions {

  private static final String AUTO = "auto";
  private static final String COMPRESSED = "compressed";

  @Option(
      names = "--gram",
      paramLabel = "HOW",
      defaultValue = AUTO,
      description =
          "structured (contract tangent features), explicit (form gradients), compressed (contract"
              + " features at --time-nodes) or auto, the one expected to be fastest, for long work after"
              + " some seconds of measurement here (default: ${DEFAULT-VALUE}).")
  private String gram;

  @Option(
      names = "--time-nodes",
      paramLabel = "Q",
      defaultValue = "all",
      description =
          "Features may be kept at so many nodes in time instead of at all evaluations of the solver: a"
              + " number, all, or auto, as few as leave out about 1e-7 of the kernel (default:"
              + " ${DEFAULT-VALUE}).")
  private String timeNodes;

  /** Refuses what no problem could be planned with. */
  void require() {
    if (!nodes().all() && asked().isPresent() && !compressed()) {
      throw new InvalidConfiguration(
          "--time-nodes", "is for --gram compressed or auto, not " + asked().get());
    }
  }

  /** The way that is asked for; compressed is a structured one. */
  Optional<GramStrategy> asked() {
    if (gram.equalsIgnoreCase(AUTO)) {
      return Optional.empty();
    }
    return Optional.of(compressed() ? GramStrategy.STRUCTURED : GramStrategy.named(gram));
  }

  /** The nodes that are asked for, or allowed where the way is left open. */
  TimeNodes nodes() {
    TimeNodes nodes = TimeNodes.named(timeNodes);
    return compressed() && nodes.all() ? TimeNodes.AUTO : nodes;
  }

  /**
   * The plans that are admitted, the one to take first.
   *
   * @param measured whether forecasts are wanted even if they take longer than the work
   */
  List<GramForecast> forecasts(GramPlanner planner, boolean measured) {
    require();
    if (asked().isEmpty()) {
      return measured ? planner.forecasts(nodes()) : planner.choose(nodes());
    }
    List<GramPlan> one =
        List.of(compressed() ? planner.compressed(nodes()) : planner.plan(asked().get()));
    return measured ? planner.forecasts(one) : planner.choose(one);
  }

  private boolean compressed() {
    return gram.toLowerCase(Locale.ROOT).equals(COMPRESSED);
  }

  /**
   * The plans side by side, and what the first consists of.
   *
   * @param title says what is planned
   */
  static String text(String title, List<GramForecast> forecasts) {
    Table plans =
        Table.of(
            title,
            Table.Column.left("plan"),
            Table.Column.right("samples at a time"),
            Table.Column.right("GFLOP"),
            Table.Column.right("peak MiB"),
            Table.Column.right("expected s"));
    for (GramForecast forecast : forecasts) {
      GramPlan plan = forecast.plan();
      plans =
          plans.row(
              Cell.of(plan.algorithm()),
              Cell.of(plan.blockSize()),
              Cell.of(plan.flops() / 1e9, 4),
              Cell.of(plan.bytes() / 1048576.0, 4),
              forecast.known() ? Cell.of(forecast.seconds(), 2) : Cell.of("not known"));
    }
    GramForecast chosen = forecasts.get(0);
    if (!chosen.known()) {
      return plans.toText();
    }
    Table parts =
        Table.of("\nOf the first:", Table.Column.left("work"), Table.Column.right("expected s"));
    for (GramForecast.Part part : chosen.parts()) {
      parts = parts.row(Cell.of(part.work()), Cell.of(part.seconds(), 2));
    }
    return plans.toText() + parts.toText();
  }

  /** The first plan, with the others in an array. */
  static ObjectNode json(List<GramForecast> forecasts) {
    ObjectNode object = json(forecasts.get(0));
    ArrayNode others = object.putArray("others");
    forecasts.stream().skip(1).map(GramOptions::json).forEach(others::add);
    return object;
  }

  private static ObjectNode json(GramForecast forecast) {
    GramPlan plan = forecast.plan();
    ObjectNode object =
        JsonNodeFactory.instance
            .objectNode()
            .put("algorithm", plan.algorithm())
            .put("blockSize", plan.blockSize())
            .put("flops", plan.flops())
            .put("planBytes", plan.bytes());
    if (forecast.known()) {
      object.put("expectedSeconds", forecast.seconds());
      ArrayNode parts = object.putArray("parts");
      for (GramForecast.Part part : forecast.parts()) {
        parts.addObject().put("work", part.work()).put("expectedSeconds", part.seconds());
      }
    } else {
      object.putNull("expectedSeconds");
    }
    return object;
  }
}
