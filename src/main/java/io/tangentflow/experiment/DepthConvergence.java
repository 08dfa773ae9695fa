package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.experiment.DepthGaps.Row;
import io.tangentflow.ode.Tableau;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.HtmlReport;
import io.tangentflow.report.Json;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Section;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What {@link DepthGaps} say about the convergence of networks to the continuous model in the depth
 * L: the exponent of L in the gap by least squares on logarithms, with Student's 95 % confidence
 * interval, for each activation and width. A method of order p has −p where φ is smooth enough.
 * Gaps that the reference is not exact enough to tell are left out, and named.
 *
 * @param method whose steps are the layers
 * @param subject what was computed, for captions
 * @param networks by activation, then by width
 */
public record DepthConvergence(Tableau method, String subject, List<DepthGaps> networks) {

  public DepthConvergence {
    networks = List.copyOf(networks);
  }

  private static String name(DepthGaps network) {
    return network.model().activation().label() + ", n = " + network.model().width();
  }

  private static List<Point> points(DepthGaps network, Quantity quantity) {
    return network.byDepth().stream()
        .filter(row -> network.resolved(row, quantity))
        .map(row -> new Point(row.depth(), row.gap().get(quantity)))
        .toList();
  }

  /** Empty with fewer than three gaps. */
  static Optional<PowerLaw> fit(DepthGaps network, Quantity quantity) {
    return PowerLaw.through(points(network, quantity));
  }

  /** One row per activation and width. */
  public Table table() {
    DepthGaps any = networks.get(0);
    int first = any.byDepth().get(0).depth();
    int last = any.byDepth().get(any.byDepth().size() - 1).depth();
    Table table =
        Table.of(
            String.format(
                "%s: exponent of L ± its 95 %% interval, and relative gaps to the continuous model:",
                subject),
            Table.Column.left("activation"),
            Table.Column.right("width"),
            Table.Column.right("outputs"),
            Table.Column.right("gradient"),
            Table.Column.right("outputs, L = " + first),
            Table.Column.right("L = " + last),
            Table.Column.right("gradient, L = " + first),
            Table.Column.right("L = " + last),
            Table.Column.right("reference's error"));
    for (DepthGaps network : networks) {
      table =
          table.row(
              Cell.of(network.model().activation().label()),
              Cell.of(network.model().width()),
              exponent(network, Quantity.OUTPUTS),
              exponent(network, Quantity.GRADIENT),
              gap(network, 0, Quantity.OUTPUTS),
              gap(network, network.byDepth().size() - 1, Quantity.OUTPUTS),
              gap(network, 0, Quantity.GRADIENT),
              gap(network, network.byDepth().size() - 1, Quantity.GRADIENT),
              Cell.of(
                  Math.max(
                      network.referenceError().get(Quantity.OUTPUTS),
                      network.referenceError().get(Quantity.GRADIENT)),
                  2));
    }
    return table;
  }

  private static Cell exponent(DepthGaps network, Quantity quantity) {
    return PowerLaw.cell(fit(network, quantity));
  }

  private static Cell gap(DepthGaps network, int row, Quantity quantity) {
    return Cell.of(network.byDepth().get(row).gap().get(quantity), 3);
  }

  /** Every gap, one row for each network and depth. */
  public Table gaps() {
    List<Table.Column> columns = new ArrayList<>();
    columns.add(Table.Column.left("activation"));
    columns.add(Table.Column.right("width"));
    columns.add(Table.Column.right("depth"));
    for (Quantity quantity : Quantity.values()) {
      columns.add(Table.Column.right(quantity.label()));
    }
    columns.add(Table.Column.left("not resolved"));
    Table table = Table.of("All gaps.", columns.toArray(Table.Column[]::new));
    for (DepthGaps network : networks) {
      for (Row row : network.byDepth()) {
        List<Cell> cells = new ArrayList<>();
        cells.add(Cell.of(network.model().activation().label()));
        cells.add(Cell.of(network.model().width()));
        cells.add(Cell.of(row.depth()));
        List<String> unresolved = new ArrayList<>();
        for (Quantity quantity : Quantity.values()) {
          cells.add(Cell.of(row.gap().get(quantity), 3));
          if (!network.resolved(row, quantity)) {
            unresolved.add(quantity.label());
          }
        }
        cells.add(Cell.of(String.join(", ", unresolved)));
        table = table.row(cells.toArray(Cell[]::new));
      }
    }
    return table;
  }

  /** The findings, one sentence each. */
  public List<String> findings() {
    List<String> sentences = new ArrayList<>();
    for (DepthGaps network : networks) {
      sentences.add(
          String.format(
              "%s: the outputs' gap %s, the gradient's %s (a smooth field has %s).",
              name(network),
              rate(network, Quantity.OUTPUTS),
              rate(network, Quantity.GRADIENT),
              Numbers.shortest(-method.order())));
      for (Quantity quantity : List.of(Quantity.OUTPUTS, Quantity.GRADIENT)) {
        unresolved(network, quantity).ifPresent(sentences::add);
      }
    }
    byActivation().forEach((activation, all) -> spread(activation, all).ifPresent(sentences::add));
    return sentences;
  }

  private static String rate(DepthGaps network, Quantity quantity) {
    return fit(network, quantity)
        .map(fit -> fit.words("L"))
        .orElse("has no rate, which needs three depths");
  }

  private static Optional<String> unresolved(DepthGaps network, Quantity quantity) {
    String depths =
        network.byDepth().stream()
            .filter(row -> !network.resolved(row, quantity))
            .map(row -> String.valueOf(row.depth()))
            .collect(Collectors.joining(", "));
    return depths.isEmpty()
        ? Optional.empty()
        : Optional.of(
            String.format(
                "%s: of the %s, depth %s is left out: the gap is less than %.0f times the"
                    + " reference's own error, about %s.",
                name(network),
                quantity.label(),
                depths,
                DepthGaps.LEAST_RATIO,
                Numbers.significant(network.referenceError().get(quantity), 2)));
  }

  private Map<String, List<DepthGaps>> byActivation() {
    return networks.stream()
        .collect(
            Collectors.groupingBy(
                network -> network.model().activation().label(),
                LinkedHashMap::new,
                Collectors.toList()));
  }

  /** How much the gap at one depth depends on the width, at the greatest depth that all resolve. */
  private static Optional<String> spread(String activation, List<DepthGaps> all) {
    if (all.size() < 2) {
      return Optional.empty();
    }
    List<String> clauses = new ArrayList<>();
    for (Quantity quantity : List.of(Quantity.OUTPUTS, Quantity.GRADIENT)) {
      for (int i = all.get(0).byDepth().size() - 1; i >= 0; i--) {
        int row = i;
        if (all.stream().allMatch(n -> n.resolved(n.byDepth().get(row), quantity))) {
          DoubleSummaryStatistics gap =
              all.stream()
                  .mapToDouble(n -> n.byDepth().get(row).gap().get(quantity))
                  .summaryStatistics();
          clauses.add(
              String.format(
                  "by a factor of %s in the %s at L = %d",
                  Numbers.significant(gap.getMax() / gap.getMin(), 3),
                  quantity.label(),
                  all.get(0).byDepth().get(row).depth()));
          break;
        }
      }
    }
    return clauses.isEmpty()
        ? Optional.empty()
        : Optional.of(
            activation
                + ": over the widths the gap differs "
                + String.join(" and ", clauses)
                + ".");
  }

  /** The same as one JSON object. */
  public ObjectNode json() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("solver", method.name()).put("order", method.order());
    root.put("confidence", PowerLaw.CONFIDENCE).put("leastRatio", DepthGaps.LEAST_RATIO);
    ArrayNode list = root.putArray("networks");
    for (DepthGaps network : networks) {
      ObjectNode node = list.addObject();
      node.put("activation", network.model().activation().label())
          .put("width", network.model().width());
      ObjectNode errors = node.putObject("referenceError");
      network.referenceError().forEach((quantity, error) -> errors.put(quantity.key(), error));
      ObjectNode fits = node.putObject("exponent");
      for (Quantity quantity : Quantity.values()) {
        PowerLaw.put(fits, quantity.key(), "depths", fit(network, quantity));
      }
      ArrayNode depths = node.putArray("depths");
      for (Row row : network.byDepth()) {
        ObjectNode each = depths.addObject().put("depth", row.depth());
        ArrayNode unresolved = JsonNodeFactory.instance.arrayNode();
        row.gap()
            .forEach(
                (quantity, gap) -> {
                  each.put(quantity.key(), gap);
                  if (!network.resolved(row, quantity)) {
                    unresolved.add(quantity.key());
                  }
                });
        each.set("notResolved", unresolved);
      }
    }
    ArrayNode sentences = root.putArray("findings");
    findings().forEach(sentences::add);
    return root;
  }

  /** Gaps against L, empty where no gap is resolved. */
  private Optional<Plot> plot(Quantity quantity) {
    Plot plot =
        Plot.of(
                "Gap of the " + quantity.label() + " to the continuous model",
                Axis.log("depth L").labelledByData(),
                Axis.log("relative difference of the " + quantity.label()))
            .subtitle(subject);
    for (DepthGaps network : networks) {
      List<Point> points = points(network, quantity);
      if (!points.isEmpty()) {
        String exponent = fit(network, quantity).map(fit -> ": " + fit.symbol("L")).orElse("");
        plot = plot.with(Series.joined(name(network) + exponent, points));
      }
    }
    return plot.series().isEmpty() ? Optional.empty() : Optional.of(plot);
  }

  /**
   * Writes CSV, JSON, SVG and {@code report.html} into an existing directory.
   *
   * @param provenance what was asked, of which version, on what
   */
  public void write(Path directory, ObjectNode provenance) {
    Section section = Section.of("Gaps");
    for (Quantity quantity : List.of(Quantity.OUTPUTS, Quantity.GRADIENT)) {
      Optional<Plot> plot = plot(quantity);
      if (plot.isPresent()) {
        AtomicFile.write(directory.resolve(quantity.key() + ".svg"), plot.get().toSvg());
        section =
            section.figure(
                plot.get(),
                "Relative Frobenius difference of the "
                    + quantity.label()
                    + " of the network of depth L from the continuous model of the same"
                    + " parameters; gaps that the reference does not resolve are left out.");
      }
    }
    HtmlReport report =
        HtmlReport.titled("Convergence to the continuous model in the depth", subject);
    for (String finding : findings()) {
      report = report.finding(finding);
    }
    report =
        report
            .with(section.table(table()))
            .with(Section.of("All depths").table(gaps()))
            .details("Provenance", provenance);
    ObjectNode all = json();
    all.set("provenance", provenance);
    AtomicFile.write(directory.resolve("gaps.csv"), gaps().toCsv());
    AtomicFile.write(directory.resolve("convergence.json"), Json.text(all) + "\n");
    AtomicFile.write(directory.resolve("report.html"), report.toHtml());
  }
}
