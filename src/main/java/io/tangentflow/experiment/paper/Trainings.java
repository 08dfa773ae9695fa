package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.DISTANCE;
import static io.tangentflow.experiment.TrainingQuantity.EIGENVALUE_DOUBT;
import static io.tangentflow.experiment.TrainingQuantity.LEAST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import io.tangentflow.experiment.TrainingQuantity;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * What trainings say that differ in width, activation or solver, with several seeds of each.
 *
 * @param results of finished trainings
 * @param tasks all of them
 * @param named what tells those of different lines apart, like {@code width 500}
 */
record Trainings(Results results, List<TrainingTask> tasks, Function<TrainingTask, String> named) {

  /** After this share of the steps the few largest eigenvalues have done their work. */
  private static final double EARLY = 0.1;

  /** In words, for statistics. */
  static final String LATE_SHARE =
      "the training loss at the end over that after a tenth of the steps";

  static final String LAST_LOSS = "the training loss at the end";
  private static final int MOST_MARKERS = 12;

  Trainings {
    tasks = tasks.stream().distinct().toList(); // Two settings may be one network.
  }

  /** Those of some tasks. */
  Trainings where(Predicate<TrainingTask> condition) {
    return new Trainings(results, tasks.stream().filter(condition).toList(), named);
  }

  /** Those whose tangent kernel was looked at. */
  Trainings watched() {
    return where(task -> task.kernelEvery() > 0);
  }

  /** In the order of their first tasks. */
  private Map<String, List<TrainingTask>> lines() {
    Map<String, List<TrainingTask>> lines = new LinkedHashMap<>();
    tasks.forEach(
        task -> lines.computeIfAbsent(named.apply(task), n -> new ArrayList<>()).add(task));
    return lines;
  }

  double[] values(TrainingTask task, TrainingQuantity quantity) {
    return results.numbers(task, quantity.key());
  }

  private double[] steps(TrainingTask task, TrainingQuantity quantity) {
    return results.numbers(task, TrainingTask.steps(quantity));
  }

  double last(TrainingTask task, TrainingQuantity quantity) {
    double[] values = values(task, quantity);
    return values[values.length - 1];
  }

  /** The loss at a step. */
  double loss(TrainingTask task, long step) {
    double[] steps = steps(task, TRAIN_LOSS);
    int at = Arrays.binarySearch(steps, (double) step);
    if (at < 0) {
      throw new IllegalArgumentException(task.words() + " has no loss of step " + step);
    }
    return values(task, TRAIN_LOSS)[at];
  }

  /** Whether it did not diverge. */
  boolean finished(TrainingTask task) {
    return TrainingTask.diverged(results, task).isEmpty();
  }

  /**
   * L_K/L_{K/10}: what decides the first steps is the random size of the outputs at the start, in
   * the directions of few large eigenvalues; what comes later is the speed.
   */
  double lateShare(TrainingTask task) {
    return lastLoss(task) / earlyLoss(task);
  }

  private double earlyLoss(TrainingTask task) {
    return loss(task, Math.max(1, Math.round(EARLY * task.steps())));
  }

  double lastLoss(TrainingTask task) {
    return loss(task, task.steps());
  }

  /** Trainings that diverged are said to have. */
  Findings tellOfDivergence(Findings findings) {
    for (TrainingTask task : tasks) {
      TrainingTask.diverged(results, task)
          .ifPresent(
              step ->
                  findings.remark(
                      task.words()
                          + " diverged at step "
                          + step
                          + ": left out of the statistics."));
    }
    return findings;
  }

  /**
   * A quantity against steps: the mean over seeds of each line, and its standard error, of
   * trainings that did not diverge; a line of none is left out.
   */
  Plot plot(
      String title, String subtitle, String ordinate, boolean logarithmic, TrainingQuantity q) {
    Plot plot =
        Plot.of(
                title,
                Axis.linear("step of gradient descent"),
                logarithmic ? Axis.log(ordinate) : Axis.linear(ordinate))
            .subtitle(subtitle);
    for (Map.Entry<String, List<TrainingTask>> line : lines().entrySet()) {
      List<TrainingTask> finished = line.getValue().stream().filter(this::finished).toList();
      if (!finished.isEmpty()) {
        plot = plot.with(series(line.getKey(), means(finished, q)));
      }
    }
    return plot;
  }

  private static Series series(String name, List<Point> points) {
    return points.size() <= MOST_MARKERS ? Series.joined(name, points) : Series.line(name, points);
  }

  private List<Point> means(List<TrainingTask> seeds, TrainingQuantity quantity) {
    List<Point> points = new ArrayList<>();
    double[] steps = steps(seeds.get(0), quantity);
    for (int i = 0; i < steps.length; i++) {
      SummaryStatistics s = new SummaryStatistics();
      for (TrainingTask task : seeds) {
        s.addValue(values(task, quantity)[i]);
      }
      double error =
          s.getN() < 2 ? Double.NaN : s.getStandardDeviation() / Math.sqrt((double) s.getN());
      points.add(Point.withError(steps[i], s.getMean(), error));
    }
    return points;
  }

  /** The exponent of n in a positive number of each training that did not diverge. */
  Estimate exponentOfWidth(ToDoubleFunction<TrainingTask> number) {
    return Estimate.exponent(
        tasks.stream()
            .filter(this::finished)
            .map(task -> new Point(task.model().width(), number.applyAsDouble(task)))
            .toList());
  }

  /** The claim that the wider network is faster: in its loss, and in the rate of its fall. */
  void widerIsFaster(Findings findings, String figure, String what) {
    findings.verdict(
        Verdict.atMost(
            figure,
            what + ": wider networks have the lower training loss.",
            "exponent of n in " + LAST_LOSS,
            exponentOfWidth(this::lastLoss),
            0));
    findings.verdict(
        Verdict.atMost(
            figure,
            what + ": the loss of wider networks falls faster.",
            "exponent of n in " + LATE_SHARE,
            exponentOfWidth(this::lateShare),
            0));
  }

  /**
   * The geometric mean of ratios between trainings that differ in one thing: of a number of the
   * other over that of this one.
   *
   * @param other the task beside a task of these
   */
  Estimate ratio(
      Function<TrainingTask, TrainingTask> other, ToDoubleFunction<TrainingTask> number) {
    double[] logarithms =
        tasks.stream()
            .filter(task -> finished(task) && finished(other.apply(task)))
            .mapToDouble(
                task ->
                    Math.log(number.applyAsDouble(other.apply(task)) / number.applyAsDouble(task)))
            .toArray();
    return logarithms.length == 0 ? Estimate.unknown() : Estimate.mean(logarithms).exp();
  }

  /**
   * The claim that these converge faster than others: in their loss, and in the rate of its fall.
   */
  void fasterThan(
      Findings findings,
      String figure,
      String what,
      String slower,
      Function<TrainingTask, TrainingTask> other) {
    findings.verdict(
        Verdict.atLeast(
            figure,
            what + ": lower training loss than " + slower + ".",
            slower + " over it: " + LAST_LOSS,
            ratio(other, this::lastLoss),
            1));
    findings.verdict(
        Verdict.atLeast(
            figure,
            what + ": its loss falls faster than that of " + slower + ".",
            slower + " over it: " + LATE_SHARE,
            ratio(other, this::lateShare),
            1));
  }

  /** The least λ_min seen, with so many times what rounding leaves uncertain. */
  private double least(double doubtWeight) {
    double least = Double.POSITIVE_INFINITY;
    for (TrainingTask task : tasks) {
      double[] values = values(task, LEAST_EIGENVALUE);
      double[] doubts = values(task, EIGENVALUE_DOUBT);
      for (int i = 0; i < values.length; i++) {
        least = Math.min(least, values[i] + doubtWeight * doubts[i]);
      }
    }
    return least;
  }

  /** The greatest relative difference of losses from those of others, one by one. */
  static double greatestDifference(
      Results results, List<TrainingTask> ones, List<TrainingTask> others) {
    Trainings all = new Trainings(results, ones, TrainingTask::words);
    double greatest = 0;
    for (int s = 0; s < ones.size(); s++) {
      greatest = Math.max(greatest, all.greatestDifference(ones.get(s), others.get(s)));
    }
    return greatest;
  }

  /** The greatest relative difference of losses, 0 for none; ∞ where one of the two diverged. */
  private double greatestDifference(TrainingTask one, TrainingTask other) {
    if (!finished(one) || !finished(other)) {
      return finished(one) == finished(other) ? Double.NaN : Double.POSITIVE_INFINITY;
    }
    double[] a = values(one, TRAIN_LOSS);
    double[] b = values(other, TRAIN_LOSS);
    double greatest = 0;
    for (int k = 0; k < a.length; k++) {
      greatest = Math.max(greatest, Math.abs(a[k] - b[k]) / b[k]);
    }
    return greatest;
  }

  /** The claim that λ_min stays positive, of trainings that did not diverge. */
  Verdict positive(String figure, String what) {
    Trainings seen = watched().where(this::finished);
    return Verdict.positive(
        figure,
        what + ": the NTK's least eigenvalue stays positive.",
        "least λ_min seen, with what rounding leaves uncertain",
        seen.tasks.isEmpty()
            ? Estimate.unknown()
            : new Estimate(seen.least(0), seen.least(-1), seen.least(1)));
  }

  /** A row for each line: means over seeds, with standard errors. */
  Table table(String caption, boolean test) {
    boolean looked = !watched().tasks.isEmpty();
    List<Table.Column> columns =
        new ArrayList<>(
            List.of(
                Table.Column.left("networks"),
                Table.Column.right("seeds"),
                Table.Column.right("loss at the start"),
                Table.Column.right("after a tenth"),
                Table.Column.right("at the end"),
                Table.Column.right("end / tenth")));
    if (test) {
      columns.add(Table.Column.right("test loss"));
    }
    columns.add(Table.Column.right("‖θ − θ₀‖"));
    if (looked) {
      columns.add(Table.Column.right("λ_min at the start"));
      columns.add(Table.Column.right("at the end"));
    }
    Table table = Table.of(caption, columns.toArray(Table.Column[]::new));
    for (Map.Entry<String, List<TrainingTask>> line : lines().entrySet()) {
      List<TrainingTask> all = line.getValue().stream().filter(this::finished).toList();
      if (!all.isEmpty()) {
        table = table.row(row(line.getKey(), all, test, looked).toArray(Cell[]::new));
      }
    }
    return table;
  }

  private List<Cell> row(String name, List<TrainingTask> all, boolean test, boolean looked) {
    List<Cell> cells = new ArrayList<>();
    cells.add(Cell.of(name));
    cells.add(Cell.of(all.size()));
    cells.add(mean(all, task -> loss(task, 0)));
    cells.add(mean(all, this::earlyLoss));
    cells.add(mean(all, this::lastLoss));
    cells.add(mean(all, this::lateShare));
    if (test) {
      cells.add(mean(all, task -> last(task, TrainingQuantity.TEST_LOSS)));
    }
    cells.add(mean(all, task -> last(task, DISTANCE)));
    if (looked) {
      List<TrainingTask> watched = all.stream().filter(task -> task.kernelEvery() > 0).toList();
      cells.add(mean(watched, task -> values(task, LEAST_EIGENVALUE)[0]));
      cells.add(mean(watched, task -> last(task, LEAST_EIGENVALUE)));
    }
    return cells;
  }

  private static Cell mean(List<TrainingTask> all, ToDoubleFunction<TrainingTask> number) {
    SummaryStatistics s = new SummaryStatistics();
    all.forEach(task -> s.addValue(number.applyAsDouble(task)));
    if (s.getN() == 0) { // All that were looked at diverged.
      return Cell.of("–");
    }
    return s.getN() < 2
        ? Cell.of(s.getMean(), 4)
        : Cell.measured(s.getMean(), s.getStandardDeviation() / Math.sqrt((double) s.getN()));
  }
}
