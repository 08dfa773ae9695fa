package io.tangentflow.experiment.paper;

import io.tangentflow.experiment.TrainingConfiguration.Data;
import java.util.ArrayList;
import java.util.List;

/** The trainings of figures 2, 7 and 8: full batches of MNIST, the tangent kernel watched. */
final class WideTraining {

  /** η times N of figures 2 and 7. */
  static final double RATE = 0.6;

  /** Of each width. */
  private static final int SEEDS = 3;

  /** Layers of the residual network, of T = 1. */
  private static final int DEPTH = 10;

  /** Looks at the tangent kernel, beside the one at the start. */
  private static int looks(Reproduction r) {
    return r.scale().of(4, 2, 4);
  }

  /** Seeds whose tangent kernel is looked at: of many samples it takes longer than the training. */
  private static int watchedSeeds(Reproduction r) {
    return r.scale().of(3, 1, 1);
  }

  private WideTraining() {}

  static int samples(Reproduction r) {
    return r.scale().of(48, 1000, 1000);
  }

  private static Data data(Reproduction r) {
    return r.data(Corpus.MNIST, samples(r), samples(r));
  }

  static int steps(Reproduction r) {
    return r.scale().of(60, 100, 100);
  }

  static List<Integer> widths(Reproduction r) {
    return r.scale()
        .of(List.of(64, 128, 256), List.of(500, 1000, 2000), List.of(500, 1000, 2000, 4000));
  }

  static List<TrainingTask> tasks(Reproduction r, String activation, double sigmaW, double rate) {
    Data data = data(r);
    List<TrainingTask> tasks = new ArrayList<>();
    for (int width : widths(r)) {
      for (long seed : r.seeds(SEEDS, widths(r).indexOf(width))) {
        tasks.add(
            new TrainingTask(
                data,
                new Model(activation, width, 1, sigmaW),
                "discrete:euler/" + DEPTH,
                seed,
                rate / samples(r),
                false,
                steps(r),
                tasks.size() % SEEDS < watchedSeeds(r) ? steps(r) / looks(r) : 0,
                null));
      }
    }
    return tasks;
  }

  static String choice(Reproduction r, double rate) {
    return String.format(
        "Chosen here: one-hot targets less 1/m, the sum of squares, full-batch descent with η ="
            + " %s/N for N = %d samples, %d steps, %d seeds, residual networks of depth %d with T ="
            + " σu = σv = 1, inputs scaled to ‖x‖² = d, %d test samples; the tangent kernel"
            + " is the mean over outputs, of the first %d seeds. FP32.",
        rate, samples(r), steps(r), SEEDS, DEPTH, data(r).testSamples(), watchedSeeds(r));
  }

  static String watchedSubtitle(Reproduction r) {
    return subtitle(r, watchedSeeds(r));
  }

  static String subtitle(Reproduction r) {
    return subtitle(r, SEEDS);
  }

  private static String subtitle(Reproduction r, int seeds) {
    return String.format(
        "%d samples of %s, %s",
        samples(r),
        r.nameOf(Corpus.MNIST),
        seeds == 1 ? "one seed" : "mean of " + seeds + " seeds");
  }
}
