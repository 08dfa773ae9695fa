package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.DISTANCE;
import static io.tangentflow.experiment.TrainingQuantity.LEAST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.TEST_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import java.util.List;

/** Training of wide networks: least eigenvalue, distance from the start, losses. */
final class Figure2 implements PaperFigure {

  /** Bounded in the width: the widest moves no more than so many times as far as the narrowest. */
  private static final double DISTANCE_RATIO = 1.5;

  @Override
  public String name() {
    return "fig2";
  }

  @Override
  public String title() {
    return "training at several widths";
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(WideTraining.choice(r, WideTraining.RATE));
  }

  private static List<TrainingTask> trainings(Reproduction r) {
    return WideTraining.tasks(r, "softplus", 1, WideTraining.RATE);
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    return List.copyOf(trainings(r));
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Trainings all = new Trainings(results, trainings(r), task -> "n = " + task.model().width());
    Trainings wide = all.where(task -> task.model().width() > WideTraining.samples(r));
    String subtitle = "softplus, " + WideTraining.subtitle(r);
    Findings findings =
        new Findings()
            .panel(
                "2a",
                all.watched()
                    .plot(
                        "Least eigenvalue of the tangent kernel",
                        "softplus, " + WideTraining.watchedSubtitle(r),
                        "λ_min of the NTK",
                        true,
                        LEAST_EIGENVALUE),
                "mean over seeds ± standard error.")
            .panel(
                "2b",
                all.plot(
                    "Distance of the parameters from their start",
                    subtitle,
                    "‖θ − θ₀‖",
                    false,
                    DISTANCE),
                "Frobenius, of all parameters; mean over seeds ± standard error.")
            .panel(
                "2c",
                all.plot("Training loss", subtitle, "½ Σ (f − y)²", true, TRAIN_LOSS),
                "mean over seeds ± standard error.")
            .panel(
                "2d",
                all.plot("Test loss", subtitle, "½ Σ (f − y)²", true, TEST_LOSS),
                "mean over seeds ± standard error.")
            .table(all.table("Trainings: mean over seeds ± standard error.", true));
    findings.verdict(wide.positive("2a", "Widths above N"));
    findings.verdict(
        Verdict.atMost(
            "2b",
            "The distance from the start stays bounded as the width grows.",
            String.format(
                "ratio of ‖θ − θ₀‖ at the end, n = %d over n = %d",
                widest(r), WideTraining.widths(r).get(0)),
            widestOverNarrowest(r, all),
            DISTANCE_RATIO));
    findings.verdict(
        Verdict.atMost(
            "2b",
            "The distance from the start stays bounded in the course of the training.",
            "exponent of the step in ‖θ − θ₀‖ over the last half of the steps (1 is steady motion)",
            Estimate.mean(
                all.tasks().stream()
                    .filter(all::finished)
                    .mapToDouble(task -> lateExponent(all, task))
                    .toArray()),
            0.5));
    all.widerIsFaster(findings, "2c", "Softplus");
    findings.verdict(
        Verdict.atMost(
            "2d",
            "Wider networks generalise better.",
            "exponent of n in the test loss at the end",
            all.exponentOfWidth(task -> all.last(task, TEST_LOSS)),
            0));
    return all.tellOfDivergence(findings);
  }

  private static int widest(Reproduction r) {
    List<Integer> widths = WideTraining.widths(r);
    return widths.get(widths.size() - 1);
  }

  private static Estimate widestOverNarrowest(Reproduction r, Trainings all) {
    return Estimate.difference(
            logarithmsOfDistances(all, widest(r)),
            logarithmsOfDistances(all, WideTraining.widths(r).get(0)))
        .exp();
  }

  private static double[] logarithmsOfDistances(Trainings all, int width) {
    return all.tasks().stream()
        .filter(task -> task.model().width() == width && all.finished(task))
        .mapToDouble(task -> Math.log(all.last(task, DISTANCE)))
        .toArray();
  }

  /** d log ‖θ_k − θ₀‖ / d log k. */
  private static double lateExponent(Trainings all, TrainingTask task) {
    double[] distances = all.values(task, DISTANCE);
    int last = distances.length - 1;
    return Math.log(distances[last] / distances[last / 2])
        / Math.log(last / Math.floor(last / 2.0));
  }
}
