package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import io.tangentflow.report.Axis;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Series;
import java.util.ArrayList;
import java.util.List;

/** Long horizons: the variance of outputs and the first steps of training, with σw ∝ 1/T or not. */
final class Figure3 implements PaperFigure {

  private static final String SOFTPLUS = "softplus";

  /** Of the residual networks, for each unit of time. */
  private static final int STEPS_PER_TIME = 20;

  /** "Early" are the steps up to this one. */
  private static final int EARLY = 10;

  private static final int SEEDS = 4;

  /** A loss of at most a quarter more than that of T = 1 is not damped. */
  private static final double NOT_DAMPED = 1.25;

  @Override
  public String name() {
    return "fig3";
  }

  @Override
  public String title() {
    return "long horizons, with σw = 1 and σw = 1/T";
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(
        String.format(
            "Chosen here: σu = σv = 1, σw = 1 or 1/T, %d layers for each unit of T; variances of one"
                + " output at one sample over %d networks; trainings of width %d on %d samples by full"
                + " batches with half of the rate 2/λ_max of each network's own tangent kernel, %d"
                + " seeds. FP32.",
            STEPS_PER_TIME, networks(r), trainingWidth(r), samples(r), SEEDS),
        "On [0, T] the equation with σw = 1/T is that of T = 1 in another unit of time; so what scaling"
            + " removes is all that a long horizon does, and 3c tests the program more than the claim.",
        String.format(
            "The paper does not say by what number damping is told; here by the training loss after"
                + " %d steps over that of T = 1. 3d has the share of the loss that is left.",
            EARLY));
  }

  private static List<Double> horizons(Reproduction r) {
    return r.scale()
        .of(
            List.of(1.0, 2.0, 4.0),
            List.of(0.5, 1.0, 2.0, 4.0, 8.0),
            List.of(0.5, 1.0, 2.0, 4.0, 8.0));
  }

  private static List<Integer> widths(Reproduction r) {
    return r.scale().of(List.of(16, 64), List.of(16, 64, 256), List.of(64, 256, 512));
  }

  private static int networks(Reproduction r) {
    return r.scale().of(400, 4000, 10_000);
  }

  private static int trainingWidth(Reproduction r) {
    return r.scale().of(64, 500, 2000);
  }

  private static int samples(Reproduction r) {
    return r.scale().of(40, 200, 1000);
  }

  private static int trainingSteps(Reproduction r) {
    return r.scale().of(20, 50, 100);
  }

  private static Model model(int width, double horizon, boolean scaled) {
    return new Model(SOFTPLUS, width, horizon, scaled ? 1 / horizon : 1);
  }

  private static int depth(double horizon) {
    return (int) Math.max(STEPS_PER_TIME, Math.round(STEPS_PER_TIME * horizon));
  }

  private static MarginalTask variance(Reproduction r, int width, double horizon, boolean scaled) {
    return new MarginalTask(
        new Draws(
            r.data(Corpus.MNIST, 1, 0),
            model(width, horizon, scaled),
            depth(horizon),
            1,
            networks(r),
            firstSeed(r, width, horizon, scaled)));
  }

  /** Of networks that no other variance is of: ratios take variances as independent. */
  private static long firstSeed(Reproduction r, int width, double horizon, boolean scaled) {
    int group = widths(r).indexOf(width) * horizons(r).size() + horizons(r).indexOf(horizon);
    return r.firstSeed(networks(r), 2 * group + (scaled ? 1 : 0));
  }

  private static List<TrainingTask> trainings(Reproduction r, double horizon, boolean scaled) {
    return r.seeds(SEEDS).stream()
        .map(
            seed ->
                new TrainingTask(
                    r.data(Corpus.MNIST, samples(r), 0),
                    model(trainingWidth(r), horizon, scaled),
                    "discrete:euler/" + depth(horizon),
                    seed,
                    null,
                    false,
                    trainingSteps(r),
                    0,
                    null))
        .toList();
  }

  /** Those that are trained: from T = 1 on. */
  private static List<Double> trained(Reproduction r) {
    return horizons(r).stream().filter(horizon -> horizon >= 1).toList();
  }

  private static List<TrainingTask> trainings(Reproduction r, boolean scaled) {
    List<TrainingTask> all = new ArrayList<>();
    trained(r).forEach(horizon -> all.addAll(trainings(r, horizon, scaled)));
    return all;
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    List<Task> tasks = new ArrayList<>();
    for (boolean scaled : List.of(false, true)) {
      for (int width : widths(r)) {
        for (double horizon : horizons(r)) {
          tasks.add(variance(r, width, horizon, scaled));
        }
      }
      tasks.addAll(trainings(r, scaled));
    }
    return tasks;
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Findings findings = new Findings();
    variances(r, results, findings);
    List<TrainingTask> all = new ArrayList<>(trainings(r, false));
    all.addAll(trainings(r, true));
    Trainings trainings = new Trainings(results, all, task -> horizon(task.model().horizon()));
    early(r, trainings, findings);
    return trainings.tellOfDivergence(findings);
  }

  private static String horizon(double horizon) {
    return "T = " + Numbers.shortest(horizon);
  }

  private static void variances(Reproduction r, Results results, Findings findings) {
    Plot plot =
        Plot.of(
                "Variance of an output against the horizon",
                Axis.log("horizon T").labelledByData(),
                Axis.log("variance of f(x)"))
            .subtitle(
                String.format(
                    "softplus, one sample of %s, %d networks",
                    r.nameOf(Corpus.MNIST), networks(r)));
    for (boolean scaled : List.of(false, true)) {
      for (int width : widths(r)) {
        plot =
            plot.with(
                Series.joined(
                    (scaled ? "σw = 1/T" : "σw = 1") + ", n = " + width,
                    variances(r, results, width, scaled)));
      }
    }
    findings.panel("3a", plot, "standard errors of the variance.");
    int narrowest = widths(r).get(0);
    int widest = widths(r).get(widths(r).size() - 1);
    double longest = horizons(r).get(horizons(r).size() - 1);
    findings.verdict(
        Verdict.atLeast(
            "3a",
            "Without scaling the variance of outputs grows with T.",
            String.format(
                "variance at %s over that at %s, n = %d, σw = 1",
                horizon(longest), horizon(horizons(r).get(0)), widest),
            ratio(
                results,
                variance(r, widest, longest, false),
                variance(r, widest, horizons(r).get(0), false)),
            1));
    findings.verdict(
        Verdict.atMost(
            "3a",
            "The variance of outputs shrinks with the width.",
            String.format(
                "variance at n = %d over that at n = %d, %s, σw = 1",
                widest, narrowest, horizon(longest)),
            ratio(
                results,
                variance(r, widest, longest, false),
                variance(r, narrowest, longest, false)),
            1));
  }

  private static List<Point> variances(Reproduction r, Results results, int width, boolean scaled) {
    return horizons(r).stream()
        .map(
            horizon -> {
              MarginalTask task = variance(r, width, horizon, scaled);
              return Point.withError(
                  horizon,
                  results.number(task, MarginalTask.VARIANCE),
                  results.number(task, MarginalTask.VARIANCE_ERROR));
            })
        .toList();
  }

  /** Of two independent variances. */
  private static Estimate ratio(Results results, MarginalTask above, MarginalTask below) {
    double a = results.number(above, MarginalTask.VARIANCE);
    double b = results.number(below, MarginalTask.VARIANCE);
    double error =
        Math.hypot(
            results.number(above, MarginalTask.VARIANCE_ERROR) / a,
            results.number(below, MarginalTask.VARIANCE_ERROR) / b);
    return Estimate.normal(Math.log(a / b), error).exp();
  }

  private static void early(Reproduction r, Trainings trainings, Findings findings) {
    String subtitle =
        String.format(
            "softplus, n = %d, %d samples of %s, mean of %d seeds",
            trainingWidth(r), samples(r), r.nameOf(Corpus.MNIST), SEEDS);
    for (boolean scaled : List.of(false, true)) {
      Trainings these = trainings.where(task -> isScaled(task) == scaled || oneLong(task));
      findings.panel(
          scaled ? "3c" : "3b",
          these.plot(
              "First steps, " + (scaled ? "σw = 1/T" : "σw = 1"),
              subtitle,
              "½ Σ (f − y)²",
              true,
              TRAIN_LOSS),
          "training loss; mean over seeds ± standard error.");
    }
    Plot plot =
        Plot.of(
                "Loss left after " + EARLY + " steps",
                Axis.log("horizon T").labelledByData(),
                Axis.log("loss at step " + EARLY + " / loss at the start"))
            .subtitle(subtitle);
    for (boolean scaled : List.of(false, true)) {
      List<Point> points = new ArrayList<>();
      for (double horizon : trained(r)) {
        double[] logarithms = logarithms(trainings, trainings(r, horizon, scaled));
        if (logarithms.length > 1) {
          Estimate mean = Estimate.mean(logarithms).exp();
          points.add(new Point(horizon, mean.value(), mean.low(), mean.high()));
        }
      }
      if (!points.isEmpty()) {
        plot = plot.with(Series.joined(scaled ? "σw = 1/T" : "σw = 1", points));
      }
    }
    findings.panel("3d", plot, "geometric mean over seeds with 95 % intervals.");
    double longest = trained(r).get(trained(r).size() - 1);
    findings.verdict(
        Verdict.atLeast(
            "3b",
            "Without scaling a long horizon damps early training.",
            String.format(
                "training loss after %d steps, %s over T = 1, σw = 1", EARLY, horizon(longest)),
            againstOne(r, trainings, longest, false),
            1));
    findings.verdict(
        Verdict.atMost(
            "3c",
            "σw = 1/T removes the damping.",
            String.format(
                "training loss after %d steps, %s over T = 1, σw = 1/T", EARLY, horizon(longest)),
            againstOne(r, trainings, longest, true),
            NOT_DAMPED));
  }

  private static boolean isScaled(TrainingTask task) {
    return task.model().sigmaW() != 1;
  }

  /** At T = 1 both are the same network. */
  private static boolean oneLong(TrainingTask task) {
    return task.model().horizon() == 1;
  }

  private static double share(Trainings trainings, TrainingTask task) {
    return trainings.loss(task, EARLY) / trainings.loss(task, 0);
  }

  private static double[] logarithms(Trainings trainings, List<TrainingTask> tasks) {
    return tasks.stream()
        .filter(trainings::finished)
        .mapToDouble(task -> Math.log(share(trainings, task)))
        .toArray();
  }

  private static Estimate againstOne(
      Reproduction r, Trainings trainings, double horizon, boolean scaled) {
    List<TrainingTask> ones = trainings(r, 1, scaled);
    List<TrainingTask> others = trainings(r, horizon, scaled);
    return new Trainings(trainings.results(), ones, trainings.named())
        .ratio(task -> others.get(ones.indexOf(task)), task -> trainings.loss(task, EARLY));
  }
}
