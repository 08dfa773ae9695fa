package io.tangentflow.experiment.timing;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.check.Runs;
import io.tangentflow.backend.check.Stopwatch;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.experiment.PowerLaw;
import io.tangentflow.experiment.timing.ScalingLaw.Quantity;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Json;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How time and memory of jobs grow with the width, the samples, the depth and the nodes in time,
 * one varied at a time.
 *
 * @param subject what was run, for captions
 * @param laws by job, then by axis
 * @param threads what the threads bring each job, empty where one thread is all there is
 */
public record Scaling(String subject, List<ScalingLaw> laws, List<Threads> threads) {

  public Scaling {
    laws = List.copyOf(laws);
    threads = List.copyOf(threads);
  }

  /**
   * A job by all threads and by one.
   *
   * @param threads how many all are
   */
  public record Threads(ScalingJob job, int threads, Runs byAll, Runs byOne) {

    /** How many times as fast. */
    public double gain() {
      return byOne.best() / byAll.best();
    }
  }

  /**
   * Measures a job along an axis.
   *
   * @param model whose width is replaced
   * @param base the size that the axis' value replaces a part of
   * @param runs that are timed of each size
   * @param finished is called after each size
   */
  public static ScalingLaw along(
      ScalingAxis axis,
      List<Integer> values,
      ScalingJob job,
      NeuralOde model,
      ScalingJob.Size base,
      int runs,
      Backend backend,
      long budgetBytes,
      Runnable finished) {
    List<ScalingPoint> points = new ArrayList<>();
    for (int value : values) {
      points.add(point(value, job, model, base.with(axis, value), runs, backend, budgetBytes));
      finished.run();
    }
    return new ScalingLaw(job, axis, points);
  }

  private static ScalingPoint point(
      int value,
      ScalingJob job,
      NeuralOde model,
      ScalingJob.Size size,
      int runs,
      Backend backend,
      long budgetBytes) {
    ScalingJob.Prepared prepared = job.of(model, size, backend, budgetBytes);
    try (TimedJob timed = prepared.job();
        Stopwatch watch = new Stopwatch(backend)) {
      Runs times = watch.runs(timed::run, runs);
      timed.requireFinite();
      return new ScalingPoint(
          value, times, timed.flops().orElseThrow(), timed.peakBytes(), prepared.bytes());
    }
  }

  /** A job of that size on one backend. */
  public static Runs runs(
      ScalingJob job,
      NeuralOde model,
      ScalingJob.Size size,
      int runs,
      Backend backend,
      long budgetBytes) {
    return point(0, job, model, size, runs, backend, budgetBytes).runs();
  }

  /** One row per job and axis. */
  public Table table() {
    Table table =
        Table.of(
            subject
                + ": exponents ± half their 95 % intervals, of the scatter about a straight line, to which"
                + " what small sizes cost besides belongs; those of the counts over the same sizes, and of"
                + " their leading terms:",
            Table.Column.left("job"),
            Table.Column.left("against"),
            Table.Column.left("over"),
            Table.Column.right("time"),
            Table.Column.right("FLOPs"),
            Table.Column.right("leading"),
            Table.Column.right("memory"),
            Table.Column.right("bytes"),
            Table.Column.right("leading"));
    for (ScalingLaw law : laws) {
      int first = law.points().get(0).value();
      int last = law.points().get(law.points().size() - 1).value();
      table =
          table.row(
              Cell.of(law.job().label()),
              Cell.of(law.axis().symbol()),
              Cell.of(first + " … " + last),
              PowerLaw.cell(law.fit(Quantity.TIME)),
              Cell.of(law.countedExponent(Quantity.TIME), 3),
              Cell.of(law.leadingExponent(Quantity.TIME), 1),
              PowerLaw.cell(law.fit(Quantity.MEMORY)),
              Cell.of(law.countedExponent(Quantity.MEMORY), 3),
              Cell.of(law.leadingExponent(Quantity.MEMORY), 1));
    }
    return table;
  }

  /** What threads bring; empty where there is one. */
  public Optional<Table> threadsTable() {
    if (threads.isEmpty()) {
      return Optional.empty();
    }
    Table table =
        Table.of(
            "Threads:",
            Table.Column.left("job"),
            Table.Column.right("threads"),
            Table.Column.right("seconds"),
            Table.Column.right("by one thread"),
            Table.Column.right("times as fast"));
    for (Threads each : threads) {
      table =
          table.row(
              Cell.of(each.job.label()),
              Cell.of(each.threads),
              Cell.of(each.byAll.best(), 3),
              Cell.of(each.byOne.best(), 3),
              Cell.of(each.gain(), 3));
    }
    return Optional.of(table);
  }

  /** The same as one JSON object. */
  public ObjectNode json() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("confidence", PowerLaw.CONFIDENCE);
    ArrayNode list = root.putArray("laws");
    laws.forEach(law -> law.describe(list.addObject()));
    ArrayNode gains = root.putArray("threads");
    for (Threads each : threads) {
      gains
          .addObject()
          .put("job", each.job.key())
          .put("threads", each.threads)
          .put("seconds", each.byAll.best())
          .put("secondsByOne", each.byOne.best())
          .put("gain", each.gain());
    }
    return root;
  }

  /** A plot for each axis and quantity, of all jobs, by the names of their files. */
  public Map<String, Plot> plots() {
    Map<String, Plot> plots = new LinkedHashMap<>();
    for (Map.Entry<ScalingAxis, List<ScalingLaw>> axis : byAxis().entrySet()) {
      for (Quantity quantity : Quantity.values()) {
        plots.put(
            quantity.key() + "-" + axis.getKey().key() + ".svg",
            plot(axis.getKey(), quantity, axis.getValue()));
      }
    }
    return plots;
  }

  private Map<ScalingAxis, List<ScalingLaw>> byAxis() {
    Map<ScalingAxis, List<ScalingLaw>> byAxis = new EnumMap<>(ScalingAxis.class);
    for (ScalingLaw law : laws) {
      byAxis.computeIfAbsent(law.axis(), axis -> new ArrayList<>()).add(law);
    }
    return byAxis;
  }

  private Plot plot(ScalingAxis axis, Quantity quantity, List<ScalingLaw> ofAxis) {
    Plot plot =
        Plot.of(
                (quantity == Quantity.TIME ? "Time" : "Peak memory") + " against " + axis.symbol(),
                Axis.log(axis.key() + " " + axis.symbol()).labelledByData(),
                Axis.log(quantity.key() + " [" + quantity.unit() + "]"))
            .subtitle(subject);
    for (ScalingLaw law : ofAxis) {
      Series series =
          PowerLaw.fitted(
              law.job().label(), axis.symbol(), law.measured(quantity), law.fit(quantity));
      plot = plot.with(series);
    }
    return plot;
  }

  /** Writes {@code scaling.json} and the plots into an existing directory. */
  public void write(Path directory, ObjectNode provenance) {
    plots().forEach((name, plot) -> AtomicFile.write(directory.resolve(name), plot.toSvg()));
    ObjectNode all = json();
    all.set("provenance", provenance);
    AtomicFile.write(directory.resolve("scaling.json"), Json.text(all) + "\n");
  }
}
