package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.DISTANCE;
import static io.tangentflow.experiment.TrainingQuantity.LEAST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.TEST_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Softplus against another activation on figure 2's data: figures 7 and 8. */
abstract class ActivationFigure implements PaperFigure {

  private static final String SOFTPLUS = "softplus";
  private static final String LOSS = "½ Σ (f − y)²";

  private final int figure;
  private final String other;
  private final String label;
  private final double sigmaW;
  private final double rate;
  private final boolean closer;

  /**
   * @param figure its number
   * @param other the other's label
   * @param label of the other in sentences
   * @param sigmaW of both
   * @param rate η of both, times N
   * @param closer whether the paper finds Softplus closer to its start
   */
  ActivationFigure(
      int figure, String other, String label, double sigmaW, double rate, boolean closer) {
    this.figure = figure;
    this.other = other;
    this.label = label;
    this.sigmaW = sigmaW;
    this.rate = rate;
    this.closer = closer;
  }

  @Override
  public String name() {
    return "fig" + figure;
  }

  @Override
  public String title() {
    return label + " against Softplus in training";
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(WideTraining.choice(r, rate));
  }

  private List<TrainingTask> softplus(Reproduction r) {
    return WideTraining.tasks(r, SOFTPLUS, sigmaW, rate);
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    List<Task> tasks = new ArrayList<>(softplus(r));
    tasks.addAll(WideTraining.tasks(r, other, sigmaW, rate));
    return tasks;
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    List<TrainingTask> both = new ArrayList<>(softplus(r));
    both.addAll(WideTraining.tasks(r, other, sigmaW, rate));
    Trainings all = new Trainings(results, both, task -> task.model().words());
    int width = WideTraining.widths(r).get(WideTraining.widths(r).size() - 1);
    Trainings widest = all.where(task -> task.model().width() == width);
    String subtitle = WideTraining.subtitle(r);
    String caption = "of the widest networks; mean over seeds ± standard error.";
    Findings findings = new Findings();
    findings
        .panel(
            figure + "a", widest.plot("Training loss", subtitle, LOSS, true, TRAIN_LOSS), caption)
        .panel(figure + "b", widest.plot("Test loss", subtitle, LOSS, true, TEST_LOSS), caption)
        .panel(
            figure + "c",
            widest.plot(
                "Distance of the parameters from their start",
                subtitle,
                "‖θ − θ₀‖",
                false,
                DISTANCE),
            caption)
        .panel(
            figure + "d",
            widest
                .watched()
                .plot(
                    "Least eigenvalue of the tangent kernel",
                    WideTraining.watchedSubtitle(r),
                    "λ_min of the NTK",
                    true,
                    LEAST_EIGENVALUE),
            caption)
        .table(all.table("Trainings: mean over seeds ± standard error.", true));
    new Trainings(results, softplus(r), all.named())
        .fasterThan(findings, figure + "a", "Softplus", label, task -> task.withActivation(other));
    if (closer) {
      findings.verdict(
          Verdict.atLeast(
              figure + "c",
              "Softplus stays closer to its start than " + label + ".",
              label + " over Softplus: ‖θ − θ₀‖ at the end",
              ratio(r, all, task -> all.last(task, DISTANCE)),
              1));
    }
    Trainings others =
        all.where(task -> task.model().activation().equals(other) && all.finished(task));
    if (!others.tasks().isEmpty()) {
      findings.verdict(
          others
              .where(task -> task.model().width() > WideTraining.samples(r))
              .positive(figure + "d", label + ", widths above N"));
    }
    findings.verdict(
        all.where(
                task ->
                    task.model().activation().equals(SOFTPLUS)
                        && task.model().width() > WideTraining.samples(r))
            .positive(figure + "d", "Softplus, widths above N"));
    findings.verdict(
        Verdict.atLeast(
            figure + "d",
            label + "'s least eigenvalue is the larger one.",
            label + " over Softplus: λ_min at the start",
            new Trainings(results, softplus(r), all.named())
                .watched()
                .ratio(
                    task -> task.withActivation(other),
                    task -> all.values(task, LEAST_EIGENVALUE)[0]),
            1));
    return all.tellOfDivergence(findings);
  }

  private Estimate ratio(Reproduction r, Trainings all, ToDoubleFunction<TrainingTask> number) {
    return new Trainings(all.results(), softplus(r), all.named())
        .ratio(task -> task.withActivation(other), number);
  }
}
