package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.TEST_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import io.tangentflow.experiment.TrainingConfiguration.Data;
import java.util.ArrayList;
import java.util.List;

/** Activations and widths on one corpus: figures 9, 10 and 11. */
abstract class CorpusFigure implements PaperFigure {

  /** The paper's, which is stable for the mean over samples. */
  private static final double RATE = 0.1;

  private static final int DEPTH = 10;

  private static final List<String> ACTIVATIONS = List.of("softplus", "relu", "gelu");

  private static int samples(Reproduction r) {
    return r.scale().of(64, 500, 1000);
  }

  private static int steps(Reproduction r) {
    return r.scale().of(60, 200, 100);
  }

  private static int seeds(Reproduction r) {
    return r.scale().of(3, 4, 3);
  }

  private static List<Integer> widths(Reproduction r) {
    return r.scale()
        .of(List.of(32, 64, 128), List.of(100, 200, 400, 800), List.of(500, 1000, 2000, 4000));
  }

  private final int figure;
  private final Corpus corpus;

  /**
   * @param figure its number
   */
  CorpusFigure(int figure, Corpus corpus) {
    this.figure = figure;
    this.corpus = corpus;
  }

  @Override
  public String name() {
    return "fig" + figure;
  }

  @Override
  public String title() {
    return "three activations on " + corpus.label();
  }

  @Override
  public List<String> choices(Reproduction r) {
    return r.dataDir() == null
        ? List.of(choice(r), "On the digits figures 9, 10 and 11 are one and the same experiment.")
        : List.of(choice(r));
  }

  private static String choice(Reproduction r) {
    return String.format(
        "The paper's rate 0.1, taken for the mean over N = %d samples, for which it is stable;"
            + " chosen here: full batches, %d steps, %d seeds, residual networks of depth %d, T = σu ="
            + " σw = σv = 1, %d test samples. FP32.",
        samples(r), steps(r), seeds(r), DEPTH, testSamples(r));
  }

  private static int testSamples(Reproduction r) {
    return samples(r) / 2;
  }

  private List<TrainingTask> trainings(Reproduction r, String activation) {
    Data data = r.data(corpus, samples(r), testSamples(r));
    List<TrainingTask> tasks = new ArrayList<>();
    for (int width : widths(r)) {
      for (long seed : r.seeds(seeds(r), widths(r).indexOf(width))) {
        tasks.add(
            new TrainingTask(
                data,
                Model.of(activation, width),
                "discrete:euler/" + DEPTH,
                seed,
                RATE,
                true,
                steps(r),
                0,
                null));
      }
    }
    return tasks;
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    List<Task> tasks = new ArrayList<>();
    ACTIVATIONS.forEach(activation -> tasks.addAll(trainings(r, activation)));
    return tasks;
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Findings findings = new Findings();
    List<TrainingTask> all = new ArrayList<>();
    char panel = 'a';
    for (String activation : ACTIVATIONS) {
      Trainings trainings =
          new Trainings(results, trainings(r, activation), task -> "n = " + task.model().width());
      String subtitle = subtitle(r) + ", " + activation;
      String name = figure + String.valueOf(panel);
      findings.panel(
          name,
          trainings.plot("Training loss", subtitle, LOSS, true, TRAIN_LOSS),
          "mean over seeds ± standard error.");
      trainings.widerIsFaster(findings, name, r.nameOf(corpus) + ", " + activation);
      all.addAll(trainings.tasks());
      panel++;
    }
    Trainings together = new Trainings(results, all, task -> task.model().words());
    int widest = widths(r).get(widths(r).size() - 1);
    Trainings widestOnes = together.where(task -> task.model().width() == widest);
    findings
        .panel(
            figure + String.valueOf(panel),
            widestOnes.plot("Test loss", subtitle(r), LOSS, true, TEST_LOSS),
            "of the widest networks; mean over seeds ± standard error.")
        .table(together.table("Trainings: mean over seeds ± standard error.", true));
    return together.tellOfDivergence(findings);
  }

  private static final String LOSS = "½ Σ (f − y)² / samples";

  private String subtitle(Reproduction r) {
    return String.format(
        "%d samples of %s, η = %s, mean of %d seeds", samples(r), r.nameOf(corpus), RATE, seeds(r));
  }

  /** The claim that one activation converges faster than another, at the same widths and seeds. */
  void faster(Findings findings, Reproduction r, Results results, String faster, String slower) {
    new Trainings(results, trainings(r, faster), task -> "")
        .fasterThan(
            findings,
            String.valueOf(figure),
            r.nameOf(corpus) + ", " + faster,
            slower,
            task -> task.withActivation(slower));
  }
}
