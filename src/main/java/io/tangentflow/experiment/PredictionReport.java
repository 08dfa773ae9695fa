package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.experiment.KernelPrediction.Losses;
import io.tangentflow.experiment.KernelPrediction.Row;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.ReferenceLine;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import io.tangentflow.train.SpectralFilter;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Predictions as a table, a JSON object and a plot.
 *
 * @param subject what was computed, for captions
 * @param timeAxis the name and unit of the times, as in {@code "steps"}
 * @param trainSamples N
 * @param testSamples M
 * @param rows at the times that were asked for
 * @param curve losses in between, for the plot
 */
public record PredictionReport(
    String subject,
    String timeAxis,
    int trainSamples,
    int testSamples,
    List<Row> rows,
    List<Losses> curve) {

  public PredictionReport {
    rows = List.copyOf(rows);
    curve = List.copyOf(curve);
  }

  /** One row per time. */
  public Table table() {
    Table table =
        Table.of(
            subject + ":",
            Table.Column.right(timeAxis),
            Table.Column.right("train loss"),
            Table.Column.right("per train sample"),
            Table.Column.right("train accuracy"),
            Table.Column.right("test loss"),
            Table.Column.right("per test sample"),
            Table.Column.right("test accuracy"),
            Table.Column.right("test variance"));
    for (Row row : rows) {
      table =
          table.row(
              Cell.of(row.filter().label()),
              Cell.of(row.trainLoss(), 4),
              Cell.of(row.trainLoss() / trainSamples, 4),
              cell(row.trainAccuracy()),
              cell(row.testLoss()),
              cell(perTestSample(row)),
              cell(row.testAccuracy()),
              cell(meanVariance(row)));
    }
    return table;
  }

  private static Cell cell(OptionalDouble value) {
    return value.isPresent() ? Cell.of(value.getAsDouble(), 4) : Cell.of("–");
  }

  private OptionalDouble perTestSample(Row row) {
    return row.testLoss().isPresent()
        ? OptionalDouble.of(row.testLoss().getAsDouble() / testSamples)
        : OptionalDouble.empty();
  }

  /** Over test outputs. */
  private static OptionalDouble meanVariance(Row row) {
    return row.variance()
        .map(DenseMatrix::values)
        .map(values -> Arrays.stream(values).average())
        .orElse(OptionalDouble.empty());
  }

  /** The same as JSON: one object per time, which is "inf" at the end; what is unknown is null. */
  public ArrayNode json() {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (Row row : rows) {
      ObjectNode node = list.addObject();
      putTime(node, row.filter());
      node.put("trainLoss", row.trainLoss())
          .put("trainLossPerSample", row.trainLoss() / trainSamples);
      put(node, "trainAccuracy", row.trainAccuracy());
      put(node, "testLoss", row.testLoss());
      put(node, "testLossPerSample", perTestSample(row));
      put(node, "testAccuracy", row.testAccuracy());
      put(node, "testVariance", meanVariance(row));
    }
    return list;
  }

  /** A number, or "inf". */
  private static void putTime(ObjectNode node, SpectralFilter filter) {
    if (filter instanceof SpectralFilter.Descent descent) {
      node.put("time", descent.steps());
    } else if (filter instanceof SpectralFilter.Flow flow) {
      node.put("time", flow.time());
    } else {
      node.put("time", filter.label());
    }
  }

  private static void put(ObjectNode node, String name, OptionalDouble value) {
    if (value.isPresent()) {
      node.put(name, value.getAsDouble());
    } else {
      node.putNull(name);
    }
  }

  /** Losses per sample against time; empty with fewer than two times on a logarithmic axis. */
  public Optional<Plot> plot() {
    if (curve.size() < 2) {
      return Optional.empty();
    }
    Plot plot =
        Plot.of(
                "Loss of the mean prediction",
                Axis.log(timeAxis),
                Axis.log("½ Σ (f − y)² / samples"))
            .subtitle(subject)
            .with(
                Series.line(
                    "training",
                    curve.stream()
                        .map(at -> new Point(at.time(), at.trainLoss() / trainSamples))
                        .toList()));
    if (curve.get(0).testLoss().isPresent()) {
      plot =
          plot.with(
              Series.line(
                  "test",
                  curve.stream()
                      .map(at -> new Point(at.time(), at.testLoss().orElseThrow() / testSamples))
                      .toList()));
    }
    for (Row row : rows) {
      if (row.filter() instanceof SpectralFilter.Converged && row.testLoss().isPresent()) {
        plot =
            plot.with(
                new ReferenceLine("test, at the end", row.testLoss().getAsDouble() / testSamples));
      }
    }
    return Optional.of(plot);
  }
}
