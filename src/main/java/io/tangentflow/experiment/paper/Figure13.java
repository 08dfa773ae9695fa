package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.GRADIENT_GAP;
import static io.tangentflow.experiment.TrainingQuantity.OUTPUT_GAP;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import io.tangentflow.experiment.TrainingQuantity;
import io.tangentflow.report.Numbers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** ReLU networks trained by both frameworks. */
final class Figure13 implements PaperFigure {

  /** Losses so near to each other are the same. */
  private static final double SAME = 0.05;

  /** A gradient gap below this is small. */
  private static final double SMALL = 0.1;

  private static final double RATE = 0.6;
  private static final int SEEDS = 3;

  /** A smooth curve turns a few times only. */
  private static final double OSCILLATING = 0.2;

  @Override
  public String name() {
    return "fig13";
  }

  @Override
  public String title() {
    return "ReLU networks trained by both frameworks";
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(
        String.format(
            "Chosen here: n = %d, N = %d, T = σu = σw = σv = 1, both frameworks with %d steps of Euler:"
                + " discretise-then-optimise takes the residual network's exact gradient,"
                + " optimise-then-discretise solves the continuous adjoint by as many steps; η = %s/N,"
                + " %d steps of descent, %d seeds. FP32.",
            width(r), samples(r), depth(r), RATE, steps(r), SEEDS));
  }

  private static int width(Reproduction r) {
    return r.scale().of(64, 500, 1000);
  }

  private static int samples(Reproduction r) {
    return r.scale().of(40, 200, 1000);
  }

  private static int depth(Reproduction r) {
    return r.scale().of(20, 50, 100);
  }

  private static int steps(Reproduction r) {
    return r.scale().of(40, 100, 100);
  }

  private static List<TrainingTask> trainings(Reproduction r, String method, String gapMethod) {
    return r.seeds(SEEDS).stream()
        .map(
            seed ->
                new TrainingTask(
                    r.data(Corpus.MNIST, samples(r), 0),
                    Model.of("relu", width(r)),
                    method + ":euler/" + depth(r),
                    seed,
                    RATE / samples(r),
                    false,
                    steps(r),
                    0,
                    gapMethod == null ? null : gapMethod + ":euler/" + depth(r)))
        .toList();
  }

  private static List<TrainingTask> discrete(Reproduction r) {
    return trainings(r, "discrete", "stored");
  }

  private static List<TrainingTask> continuous(Reproduction r) {
    return trainings(r, "stored", null);
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    List<Task> tasks = new ArrayList<>(discrete(r));
    tasks.addAll(continuous(r));
    return tasks;
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    List<TrainingTask> both = new ArrayList<>(discrete(r));
    both.addAll(continuous(r));
    Trainings all =
        new Trainings(
            results,
            both,
            task ->
                task.gradient().startsWith("discrete")
                    ? "discretise-then-optimise"
                    : "optimise-then-discretise");
    Trainings discrete = new Trainings(results, discrete(r), task -> "seed " + task.seed());
    String subtitle =
        String.format(
            "ReLU, n = %d, L = %d, %d samples of %s",
            width(r), depth(r), samples(r), r.nameOf(Corpus.MNIST));
    Findings findings =
        new Findings()
            .panel(
                "13",
                all.plot("Training loss", subtitle, "½ Σ (f − y)²", true, TRAIN_LOSS),
                "mean over seeds ± standard error.")
            .panel(
                "13-gradient",
                discrete.plot(
                    "Gap of the gradient in the course of the training",
                    subtitle,
                    "‖g − g'‖ / ‖g'‖",
                    true,
                    GRADIENT_GAP),
                "relative difference of the two frameworks' gradients of the loss at the same"
                    + " parameters.")
            .table(all.table("Trainings: mean over seeds ± standard error.", false));
    findings.verdict(
        Verdict.atMost(
            "13",
            "Both frameworks train alike.",
            "greatest relative difference of their losses at any step",
            Estimate.exact(Trainings.greatestDifference(results, continuous(r), discrete(r))),
            SAME));
    findings.verdict(
        Verdict.atMost(
            "13",
            "The gradient gap stays small.",
            "greatest relative gap of the gradients at any step",
            Estimate.exact(greatest(discrete, GRADIENT_GAP)),
            SMALL));
    findings.verdict(
        Verdict.within(
            "13",
            "The gradient gap oscillates.",
            "share of steps at which the gap turns from falling to rising or back",
            Estimate.mean(
                discrete.tasks().stream()
                    .filter(discrete::finished)
                    .mapToDouble(task -> turns(discrete.values(task, GRADIENT_GAP)))
                    .toArray()),
            OSCILLATING,
            1));
    findings.remark(
        "The two frameworks' outputs differ by "
            + Numbers.significant(greatest(discrete, OUTPUT_GAP), 2)
            + " at most, relatively: both are the same steps of Euler.");
    return all.tellOfDivergence(findings);
  }

  private static double greatest(Trainings trainings, TrainingQuantity quantity) {
    return trainings.tasks().stream()
        .filter(trainings::finished)
        .flatMapToDouble(task -> Arrays.stream(trainings.values(task, quantity)))
        .max()
        .orElse(Double.NaN);
  }

  private static double turns(double[] values) {
    int turns = 0;
    for (int k = 1; k + 1 < values.length; k++) {
      if ((values[k] - values[k - 1]) * (values[k + 1] - values[k]) < 0) {
        turns++;
      }
    }
    return turns / (double) Math.max(1, values.length - 2);
  }
}
