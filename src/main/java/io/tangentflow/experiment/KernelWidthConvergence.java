package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.experiment.KernelWidthGaps.Row;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * What {@link KernelWidthGaps} say about the convergence of tangent kernels in the width n: the
 * exponents of n with Student's 95 % confidence intervals, in the relative error of one network
 * (over all networks; the theory has −1/2) and in the bias (over the widths at which it is
 * resolved; the theory has −1). What is not resolved is named and has no part in a rate.
 *
 * @param subject what was computed, for captions
 * @param families by activation
 */
record KernelWidthConvergence(String subject, List<KernelWidthGaps> families) {

  KernelWidthConvergence {
    families = List.copyOf(families);
  }

  private static String name(KernelWidthGaps family) {
    return family.model().activation().label();
  }

  /** Over every network. */
  static Optional<PowerLaw> fitOfNetworks(KernelWidthGaps family) {
    List<Point> points = new ArrayList<>();
    for (Row row : family.byWidth()) {
      row.errors().forEach(error -> points.add(new Point(row.width(), error)));
    }
    return PowerLaw.through(points);
  }

  /** Over the widths at which the bias is resolved; empty with fewer than three. */
  static Optional<PowerLaw> fitOfBias(KernelWidthGaps family) {
    return PowerLaw.through(biasPoints(family));
  }

  private static List<Point> biasPoints(KernelWidthGaps family) {
    return family.byWidth().stream()
        .filter(Row::biasResolved)
        .map(row -> Point.withError(row.width(), row.mean().norm(), row.mean().normError()))
        .toList();
  }

  private static SummaryStatistics errors(Row row) {
    SummaryStatistics statistics = new SummaryStatistics();
    row.errors().forEach(statistics::addValue);
    return statistics;
  }

  private static double standardError(SummaryStatistics statistics) {
    return statistics.getStandardDeviation() / Math.sqrt((double) statistics.getN());
  }

  /** One row per activation and width. */
  Table table() {
    Table table =
        Table.of(
            "Tangent kernels against the limit of the same depth, relatively, ± standard error ("
                + subject
                + "):",
            Table.Column.left("activation"),
            Table.Column.right("width"),
            Table.Column.right("networks"),
            Table.Column.right("one network"),
            Table.Column.right("mean of them, with noise"),
            Table.Column.right("bias"));
    for (KernelWidthGaps family : families) {
      for (Row row : family.byWidth()) {
        SummaryStatistics errors = errors(row);
        table =
            table.row(
                Cell.of(name(family)),
                Cell.of(row.width()),
                Cell.of(row.errors().size()),
                Cell.measured(errors.getMean(), standardError(errors)),
                Cell.of(row.mean().normOfMean(), 3),
                bias(row));
      }
    }
    return table;
  }

  private static Cell bias(Row row) {
    return row.biasResolved()
        ? Cell.measured(row.mean().norm(), row.mean().normError())
        : Cell.of("not resolved, < " + Numbers.significant(row.mean().bound(), 2));
  }

  /** Every number, one row for each activation and width. */
  Table widths() {
    Table table =
        Table.of(
            "All widths.",
            Table.Column.left("activation"),
            Table.Column.right("width"),
            Table.Column.right("networks"),
            Table.Column.right("first seed"),
            Table.Column.right("one network"),
            Table.Column.right("mean, with noise"),
            Table.Column.right("bias squared"),
            Table.Column.left("bias resolved"),
            Table.Column.right("error of the kernels"));
    for (KernelWidthGaps family : families) {
      for (Row row : family.byWidth()) {
        SummaryStatistics errors = errors(row);
        table =
            table.row(
                Cell.of(name(family)),
                Cell.of(row.width()),
                Cell.of(row.errors().size()),
                Cell.of(row.firstSeed()),
                Cell.measured(errors.getMean(), standardError(errors)),
                Cell.of(row.mean().normOfMean(), 3),
                Cell.measured(row.mean().squaredNorm(), row.mean().standardError()),
                Cell.of(row.biasResolved() ? "yes" : "no"),
                Cell.of(row.kernelError(), 2));
      }
    }
    return table;
  }

  /** The findings, one sentence each. */
  List<String> findings() {
    List<String> sentences = new ArrayList<>();
    for (KernelWidthGaps family : families) {
      sentences.add(
          String.format(
              "%s: in the width the relative error of one network's tangent kernel %s (theory"
                  + " −1/2).",
              name(family),
              fitOfNetworks(family)
                  .map(fit -> fit.words("n"))
                  .orElse("has no rate, which needs two widths")));
      sentences.add(
          String.format(
              "%s: its bias %s (theory −1).",
              name(family),
              fitOfBias(family)
                  .map(fit -> fit.words("n"))
                  .orElse("has no rate, which needs three widths at which it is resolved")));
      unresolved(family).ifPresent(sentences::add);
    }
    return sentences;
  }

  private static Optional<String> unresolved(KernelWidthGaps family) {
    String widths =
        family.byWidth().stream()
            .filter(row -> !row.biasResolved())
            .map(row -> String.valueOf(row.width()))
            .collect(Collectors.joining(", "));
    return widths.isEmpty()
        ? Optional.empty()
        : Optional.of(
            String.format(
                "%s: the bias at width %s is left out: it is less than %.0f of its standard errors,"
                    + " or less than %.0f times the error of the kernels themselves; more networks"
                    + " tell smaller biases.",
                name(family), widths, MeanDeviation.RESOLVED, KernelWidthGaps.LEAST_RATIO));
  }

  /** An array of the activations. */
  ArrayNode json() {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (KernelWidthGaps family : families) {
      ObjectNode node = list.addObject().put("activation", name(family));
      ObjectNode fits = node.putObject("exponent");
      PowerLaw.put(fits, "oneNetwork", "networks", fitOfNetworks(family));
      PowerLaw.put(fits, "bias", "widths", fitOfBias(family));
      ArrayNode widths = node.putArray("widths");
      for (Row row : family.byWidth()) {
        SummaryStatistics errors = errors(row);
        ObjectNode each =
            widths
                .addObject()
                .put("width", row.width())
                .put("networks", row.errors().size())
                .put("firstSeed", row.firstSeed())
                .put("oneNetwork", errors.getMean())
                .put("oneNetworkError", standardError(errors))
                .put("meanWithNoise", row.mean().normOfMean())
                .put("biasSquared", row.mean().squaredNorm())
                .put("biasSquaredError", row.mean().standardError())
                .put("kernelError", row.kernelError())
                .put("biasResolved", row.biasResolved());
        if (row.biasResolved()) {
          each.put("bias", row.mean().norm()).put("biasError", row.mean().normError());
        } else {
          each.putNull("bias").putNull("biasError");
        }
        each.put("biasBound", row.mean().bound());
      }
    }
    return list;
  }

  /** The geometric mean error of one network against n, and the fits, which are of logarithms. */
  Plot networkPlot() {
    Plot plot =
        plot("Tangent kernel of one network against its limit", "relative error ‖K − K∞‖ / ‖K∞‖");
    for (KernelWidthGaps family : families) {
      List<Point> points = new ArrayList<>();
      for (Row row : family.byWidth()) {
        SummaryStatistics logarithms = new SummaryStatistics();
        row.errors().forEach(error -> logarithms.addValue(Math.log(error)));
        double mean = Math.exp(logarithms.getMean());
        points.add(Point.withError(row.width(), mean, mean * standardError(logarithms)));
      }
      plot = plot.with(PowerLaw.fitted(name(family), "n", points, fitOfNetworks(family)));
    }
    return plot;
  }

  /** Resolved biases against n, with their fits; empty where there are none. */
  Optional<Plot> biasPlot() {
    Plot plot =
        plot("Bias of the tangent kernel at finite width", "relative bias ‖E K − K∞‖ / ‖K∞‖");
    for (KernelWidthGaps family : families) {
      List<Point> points = biasPoints(family);
      if (!points.isEmpty()) {
        plot = plot.with(PowerLaw.fitted(name(family), "n", points, fitOfBias(family)));
      }
    }
    return plot.series().isEmpty() ? Optional.empty() : Optional.of(plot);
  }

  private Plot plot(String title, String ordinate) {
    return Plot.of(title, Axis.log("width n").labelledByData(), Axis.log(ordinate))
        .subtitle(subject);
  }
}
