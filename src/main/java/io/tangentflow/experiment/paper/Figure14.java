package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import io.tangentflow.experiment.PowerLaw;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Euler, Runge–Kutta and an adaptive method: accuracy, training, cost. */
final class Figure14 implements PaperFigure {

  private static final double RATE = 0.6;

  /** Losses and gradients so near to each other are the same for a training. */
  private static final double SAME = 0.05;

  private static final String ADAPTIVE = "dopri5";
  private static final int SEEDS = 3;

  /** A tenth more is more. */
  private static final double GROWING = 1.1;

  @Override
  public String name() {
    return "fig14";
  }

  @Override
  public String title() {
    return "Euler, RK4 and dopri5";
  }

  /** What each is called, and the methods of accuracy and of training. */
  private static Map<String, String> methods() {
    Map<String, String> methods = new LinkedHashMap<>();
    methods.put("Euler", "discrete:euler/100");
    methods.put("RK4", "discrete:rk4/10");
    methods.put(ADAPTIVE, "stored:dormand-prince/1e-4");
    return methods;
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(
        String.format(
            "Chosen here: Euler with 100 steps, RK4 with 10 (both with their exact gradients), dopri5"
                + " within 1e-4, forward and on the way back; softplus, T = σu = σw = σv = 1; accuracy"
                + " and cost of one gradient of %d samples in FP64, trainings of width %d on %d samples"
                + " with η = %s/N in FP32, %d seeds.",
            gradientSamples(r), trainingWidth(r), trainingSamples(r), RATE, SEEDS),
        "Cost is counted in evaluations of the right-hand side, forward and back, each of which is a"
            + " product of W with the states of all samples; seconds are drawn, and differ from run to"
            + " run.");
  }

  private static List<Integer> widths(Reproduction r) {
    return r.scale()
        .of(
            List.of(32, 64, 128),
            List.of(50, 100, 200, 400, 800, 1600),
            List.of(500, 1000, 2000, 4000));
  }

  private static int gradientSamples(Reproduction r) {
    return r.scale().of(20, 50, 100);
  }

  private static int trainingWidth(Reproduction r) {
    return r.scale().of(64, 500, 1000);
  }

  private static int trainingSamples(Reproduction r) {
    return r.scale().of(40, 200, 1000);
  }

  private static int steps(Reproduction r) {
    return r.scale().of(30, 100, 100);
  }

  private static SolverTask gradient(Reproduction r, String method, int width) {
    return new SolverTask(
        r.data(Corpus.MNIST, gradientSamples(r), 0),
        Model.of("softplus", width),
        method,
        r.firstSeed());
  }

  private static List<TrainingTask> trainings(Reproduction r, String method) {
    return r.seeds(SEEDS).stream()
        .map(
            seed ->
                new TrainingTask(
                    r.data(Corpus.MNIST, trainingSamples(r), 0),
                    Model.of("softplus", trainingWidth(r)),
                    method,
                    seed,
                    RATE / trainingSamples(r),
                    false,
                    steps(r),
                    0,
                    null))
        .toList();
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    List<Task> tasks = new ArrayList<>();
    methods()
        .values()
        .forEach(
            method -> {
              widths(r).forEach(width -> tasks.add(gradient(r, method, width)));
              tasks.addAll(trainings(r, method));
            });
    return tasks;
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Findings findings = new Findings();
    accuracy(r, results, findings);
    training(r, results, findings);
    cost(r, results, findings);
    return findings;
  }

  private static void accuracy(Reproduction r, Results results, Findings findings) {
    Plot plot =
        Plot.of(
                "Error of the gradient",
                Axis.log("width n").labelledByData(),
                Axis.log("relative error of the gradient"))
            .subtitle("against the continuous adjoint within 1e-10");
    double greatest = 0;
    for (Map.Entry<String, String> method : methods().entrySet()) {
      List<Point> points = points(r, results, method.getValue(), SolverTask.GRADIENT_ERROR);
      plot = plot.with(Series.joined(method.getKey(), points));
      greatest = Math.max(greatest, points.stream().mapToDouble(Point::y).max().orElseThrow());
    }
    findings.panel(
        "14a", plot, "relative Frobenius error of the gradient of a random combination.");
    findings.verdict(
        Verdict.atMost(
            "14a",
            "Euler, RK4 and dopri5 give the same gradients.",
            "greatest relative error of a gradient by any of them at any width",
            Estimate.exact(greatest),
            SAME));
  }

  private static List<Point> points(
      Reproduction r, Results results, String method, String quantity) {
    return widths(r).stream()
        .map(width -> new Point(width, results.number(gradient(r, method, width), quantity)))
        .toList();
  }

  private static void training(Reproduction r, Results results, Findings findings) {
    List<TrainingTask> all = new ArrayList<>();
    Map<String, String> names = new LinkedHashMap<>();
    methods()
        .forEach(
            (name, method) -> {
              all.addAll(trainings(r, method));
              names.put(method, name);
            });
    Trainings trainings = new Trainings(results, all, task -> names.get(task.gradient()));
    findings
        .panel(
            "14b",
            trainings.plot(
                "Training loss",
                String.format(
                    "softplus, n = %d, %d samples of %s, mean of %d seeds",
                    trainingWidth(r), trainingSamples(r), r.nameOf(Corpus.MNIST), SEEDS),
                "½ Σ (f − y)²",
                true,
                TRAIN_LOSS),
            "mean over seeds ± standard error.")
        .table(trainings.table("Trainings: mean over seeds ± standard error.", false));
    double greatest = 0;
    List<TrainingTask> first = trainings(r, methods().get("RK4"));
    for (String method : methods().values()) {
      greatest =
          Math.max(greatest, Trainings.greatestDifference(results, trainings(r, method), first));
    }
    findings.verdict(
        Verdict.atMost(
            "14b",
            "All three train alike.",
            "greatest relative difference of a loss from RK4's at any step",
            Estimate.exact(greatest),
            SAME));
    trainings.tellOfDivergence(findings);
  }

  private static void cost(Reproduction r, Results results, Findings findings) {
    Plot seconds =
        Plot.of("Time of one gradient", Axis.log("width n").labelledByData(), Axis.log("time [s]"))
            .subtitle(gradientSamples(r) + " samples, FP64, best of three");
    Table table =
        Table.of(
            "One gradient: error, evaluations forward and back, time.",
            Table.Column.left("method"),
            Table.Column.right("width"),
            Table.Column.right("relative error"),
            Table.Column.right("evaluations"),
            Table.Column.right("back"),
            Table.Column.right("seconds"));
    for (Map.Entry<String, String> method : methods().entrySet()) {
      List<Point> points = points(r, results, method.getValue(), SolverTask.SECONDS);
      Optional<PowerLaw> fit = PowerLaw.through(points);
      seconds =
          seconds.with(
              Series.joined(
                  method.getKey() + fit.map(law -> ": " + law.symbol("n")).orElse(""), points));
      for (int width : widths(r)) {
        SolverTask task = gradient(r, method.getValue(), width);
        table =
            table.row(
                Cell.of(method.getKey()),
                Cell.of(width),
                Cell.of(results.number(task, SolverTask.GRADIENT_ERROR), 3),
                Cell.of((long) results.number(task, SolverTask.EVALUATIONS)),
                Cell.of((long) results.number(task, SolverTask.BACKWARD)),
                Cell.of(results.number(task, SolverTask.SECONDS), 3));
      }
    }
    findings.panel("14c", seconds, "against the width.").table(table);
    findings.remark(
        String.format(
            "In this run a gradient by %s took %s times as long as one by RK4 at n = %d, and %s times"
                + " at n = %d.",
            ADAPTIVE,
            againstRk4(r, results, widths(r).get(0)),
            widths(r).get(0),
            againstRk4(r, results, widths(r).get(widths(r).size() - 1)),
            widths(r).get(widths(r).size() - 1)));
    findings.verdict(
        Verdict.atLeast(
            "14c",
            "The adaptive method costs more as the width grows.",
            String.format(
                "evaluations of %s, forward and back, at n = %d over those at n = %d",
                ADAPTIVE, widths(r).get(widths(r).size() - 1), widths(r).get(0)),
            Estimate.exact(
                evaluations(r, results, widths(r).size() - 1) / evaluations(r, results, 0)),
            GROWING));
  }

  private static String againstRk4(Reproduction r, Results results, int width) {
    return Numbers.significant(
        results.number(gradient(r, methods().get(ADAPTIVE), width), SolverTask.SECONDS)
            / results.number(gradient(r, methods().get("RK4"), width), SolverTask.SECONDS),
        2);
  }

  private static double evaluations(Reproduction r, Results results, int width) {
    SolverTask task = gradient(r, methods().get(ADAPTIVE), widths(r).get(width));
    return results.number(task, SolverTask.EVALUATIONS) + results.number(task, SolverTask.BACKWARD);
  }
}
