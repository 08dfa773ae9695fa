package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.experiment.LimitDepthGaps.Gap;
import io.tangentflow.experiment.LimitDepthGaps.Kernel;
import io.tangentflow.experiment.LimitDepthGaps.Row;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What {@link LimitDepthGaps} say about the convergence of the infinite-width kernels in the depth
 * L: the exponent of L in the gap, with Student's 95 % confidence interval. Euler's method is of
 * first order, so the theory has −1.
 *
 * @param subject what was computed, for captions
 * @param limits by activation
 */
record LimitDepthConvergence(String subject, List<LimitDepthGaps> limits) {

  LimitDepthConvergence {
    limits = List.copyOf(limits);
  }

  private static String name(LimitDepthGaps limit) {
    return limit.model().activation().label();
  }

  private static List<Point> points(LimitDepthGaps limit, Kernel kernel) {
    return limit.byDepth().stream()
        .filter(row -> row.gap().get(kernel).resolved())
        .map(row -> new Point(row.depth(), row.gap().get(kernel).value()))
        .toList();
  }

  /** Empty with fewer than three resolved gaps. */
  static Optional<PowerLaw> fit(LimitDepthGaps limit, Kernel kernel) {
    return PowerLaw.through(points(limit, kernel));
  }

  /** One row per activation. */
  Table table() {
    List<Row> depths = limits.get(0).byDepth();
    int last = depths.size() - 1;
    Table table =
        Table.of(
            "Kernels of infinite width, depth L against the continuum: exponent of L ± its 95 %"
                + " interval, and relative gaps ("
                + subject
                + "):",
            Table.Column.left("activation"),
            Table.Column.right("NNGP"),
            Table.Column.right("NTK"),
            Table.Column.right("NNGP, L = " + depths.get(0).depth()),
            Table.Column.right("L = " + depths.get(last).depth()),
            Table.Column.right("NTK, L = " + depths.get(0).depth()),
            Table.Column.right("L = " + depths.get(last).depth()));
    for (LimitDepthGaps limit : limits) {
      table =
          table.row(
              Cell.of(name(limit)),
              PowerLaw.cell(fit(limit, Kernel.NNGP)),
              PowerLaw.cell(fit(limit, Kernel.NTK)),
              gap(limit, 0, Kernel.NNGP),
              gap(limit, last, Kernel.NNGP),
              gap(limit, 0, Kernel.NTK),
              gap(limit, last, Kernel.NTK));
    }
    return table;
  }

  private static Cell gap(LimitDepthGaps limit, int row, Kernel kernel) {
    return Cell.of(limit.byDepth().get(row).gap().get(kernel).value(), 3);
  }

  /** Every gap, one row for each activation and depth. */
  Table gaps() {
    Table table =
        Table.of(
            "All gaps of kernels of infinite width.",
            Table.Column.left("activation"),
            Table.Column.right("depth"),
            Table.Column.right("NNGP"),
            Table.Column.right("its error"),
            Table.Column.right("NTK"),
            Table.Column.right("its error"));
    for (LimitDepthGaps limit : limits) {
      for (Row row : limit.byDepth()) {
        Gap nngp = row.gap().get(Kernel.NNGP);
        Gap ntk = row.gap().get(Kernel.NTK);
        table =
            table.row(
                Cell.of(name(limit)),
                Cell.of(row.depth()),
                Cell.of(nngp.value(), 4),
                Cell.of(nngp.error(), 2),
                Cell.of(ntk.value(), 4),
                Cell.of(ntk.error(), 2));
      }
    }
    return table;
  }

  /** The findings, one sentence each. */
  List<String> findings() {
    List<String> sentences = new ArrayList<>();
    for (LimitDepthGaps limit : limits) {
      sentences.add(
          String.format(
              "%s: in the depth the gap of the infinite-width NNGP %s, of the NTK %s (theory −1).",
              name(limit), rate(limit, Kernel.NNGP), rate(limit, Kernel.NTK)));
      for (Kernel kernel : Kernel.values()) {
        unresolved(limit, kernel).ifPresent(sentences::add);
      }
    }
    return sentences;
  }

  private static String rate(LimitDepthGaps limit, Kernel kernel) {
    return fit(limit, kernel)
        .map(fit -> fit.words("L"))
        .orElse("has no rate, which needs three depths");
  }

  private static Optional<String> unresolved(LimitDepthGaps limit, Kernel kernel) {
    List<Row> left =
        limit.byDepth().stream().filter(row -> !row.gap().get(kernel).resolved()).toList();
    if (left.isEmpty()) {
      return Optional.empty();
    }
    double error =
        left.stream().mapToDouble(row -> row.gap().get(kernel).error()).max().orElseThrow();
    return Optional.of(
        String.format(
            "%s: of the %s, depth %s is left out: the gap is less than %.0f times the kernels' own"
                + " error, up to %s.",
            name(limit),
            kernel,
            left.stream().map(row -> String.valueOf(row.depth())).collect(Collectors.joining(", ")),
            LimitDepthGaps.LEAST_RATIO,
            Numbers.significant(error, 2)));
  }

  /** An array of the activations. */
  ArrayNode json() {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (LimitDepthGaps limit : limits) {
      ObjectNode node = list.addObject().put("activation", name(limit));
      ObjectNode fits = node.putObject("exponent");
      for (Kernel kernel : Kernel.values()) {
        PowerLaw.put(fits, key(kernel), "depths", fit(limit, kernel));
      }
      ArrayNode depths = node.putArray("depths");
      for (Row row : limit.byDepth()) {
        ObjectNode each = depths.addObject().put("depth", row.depth());
        row.gap()
            .forEach(
                (kernel, gap) ->
                    each.putObject(key(kernel))
                        .put("gap", gap.value())
                        .put("error", gap.error())
                        .put("resolved", gap.resolved()));
      }
    }
    return list;
  }

  private static String key(Kernel kernel) {
    return kernel.name().toLowerCase(Locale.ROOT);
  }

  /** Resolved gaps against L with their fits; empty where there are none. */
  Optional<Plot> plot(Kernel kernel) {
    Plot plot =
        Plot.of(
                "Infinite-width " + kernel + " of depth L against the continuum",
                Axis.log("depth L").labelledByData(),
                Axis.log("relative gap ‖K − K∞‖ / ‖K∞‖"))
            .subtitle(subject);
    for (LimitDepthGaps limit : limits) {
      List<Point> points = points(limit, kernel);
      if (!points.isEmpty()) {
        plot = plot.with(PowerLaw.fitted(name(limit), "L", points, fit(limit, kernel)));
      }
    }
    return plot.series().isEmpty() ? Optional.empty() : Optional.of(plot);
  }
}
