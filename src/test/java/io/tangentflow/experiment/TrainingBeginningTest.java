package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.Normalisation;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.train.Loss;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is made of the tangent kernel before the first step. */
class TrainingBeginningTest {

  @TempDir private Path temporary;

  private int runs;

  /** Says nothing and never stops. */
  private static final class Silence implements TrainingRun.Listener {
    @Override
    public void ready(double learningRate, int stepsPerEpoch) {}

    @Override
    public void status(String line) {}

    @Override
    public void warning(String line) {}

    @Override
    public void limit(long pairs, long of) {}

    @Override
    public void line(TrainingLine line) {}

    @Override
    public void step(long done) {}

    @Override
    public boolean stopRequested() {
      return false;
    }
  }

  /** Of seven digits; what differs between the tests is given. */
  private record Case(
      String activation,
      double sigmaV,
      String gradient,
      Precision precision,
      boolean mean,
      int batch,
      Double rate,
      long kernelEvery,
      long gapEvery) {

    static Case automatic(boolean mean, int batch) {
      return new Case("softplus", 1, "discrete:euler/4", Precision.FP64, mean, batch, null, 0, 0);
    }

    TrainingConfiguration configuration() {
      return new TrainingConfiguration(
          new TrainingConfiguration.Data("digits", 7, 0, 1, Normalisation.SPHERE, null),
          new TrainingConfiguration.Network(
              activation, 48, 1, 1, 1, sigmaV, "pre-activation", gradient, 3),
          new TrainingConfiguration.Descent(
              Loss.SQUARED, mean, "", "descent", 0.9, 0.9, 0.999, 1e-8, rate, 0.5, batch, 1, 40),
          new TrainingConfiguration.Watch(
              1, 0, 0, kernelEvery, 0, null, gapEvery, "stored:rk4/4", false, false, 0, 1),
          new TrainingConfiguration.Machine(precision, "cpu-vector", 1));
    }
  }

  private TrainingReport train(Case which) {
    TrainingConfiguration configuration = which.configuration();
    Dataset dataset = configuration.data().load();
    try (Backend backend = configuration.machine().open();
        RunDirectory directory =
            RunDirectory.create(
                last(1),
                Manifest.of(
                    TrainingRun.KIND,
                    "train",
                    configuration,
                    dataset.provenance(),
                    Manifest.device(backend),
                    MemoryBudget.shared(1L << 28)))) {
      new TrainingRun(
              configuration,
              directory,
              dataset,
              backend,
              MemoryBudget.of(backend, 1L << 28),
              new Silence())
          .run();
      return TrainingReport.of(directory);
    }
  }

  private Path last(int more) {
    runs += more;
    return temporary.resolve("run" + runs);
  }

  private double rate(Case which) {
    return train(which).json().get("start").get("learningRate").asDouble();
  }

  /**
   * With λ_max the same, 2/λ_max is for the weight of the sum in a step: 1, or one over the samples
   * of the smallest batch, of which the mean is steepest. Lanczos and its products round alike.
   */
  @Test
  void anAutomaticRateIsForTheSteepestStep() {
    double sum = rate(Case.automatic(false, 0));
    assertTrue(sum > 0);
    assertEquals(sum, rate(Case.automatic(false, 3)), 1e-12 * sum);
    assertEquals(7 * sum, rate(Case.automatic(true, 0)), 1e-12 * sum);
    // Batches of 3, 3 and 1; of 4 and 3; of one sample each.
    assertEquals(sum, rate(Case.automatic(true, 3)), 1e-12 * sum);
    assertEquals(3 * sum, rate(Case.automatic(true, 4)), 1e-12 * sum);
    assertEquals(sum, rate(Case.automatic(true, 1)), 1e-12 * sum);
  }

  @Test
  void aKernelOfZeroGivesNoRateAndNothingIsKeptOfIt() {
    Case zero = new Case("softplus", 0, "discrete:euler/4", Precision.FP64, false, 0, null, 0, 0);
    InvalidConfiguration refusal = assertThrows(InvalidConfiguration.class, () -> train(zero));
    assertTrue(refusal.getMessage().contains("--learning-rate"), refusal.getMessage());
    assertFalse(Files.exists(last(0).resolve("start.json")));
  }

  /** A kernel, watched or for the rate, that cannot be had from fewer nodes in time. */
  @Test
  void kinksAreNoObstacle() {
    Case relu = new Case("relu", 1, "discrete:euler/40", Precision.FP32, false, 0, null, 20, 0);
    TrainingReport report = train(relu);
    for (String series : List.of("leastEigenvalue", "kernelChange")) {
      assertEquals(3, report.json().get("series").get(series).get("values").size(), series);
    }
    assertTrue(
        rate(new Case("relu", 1, "discrete:euler/40", Precision.FP32, true, 2, null, 0, 0)) > 0);
  }

  /** Who looks first at a network that has diverged says the same as the step. */
  @Test
  void divergenceIsToldWhateverIsWatched() {
    for (long[] every : new long[][] {{0, 0}, {1, 0}, {0, 1}}) {
      Case steep =
          new Case(
              "quadratic",
              1,
              "discrete:euler/4",
              Precision.FP32,
              false,
              0,
              10.0,
              every[0],
              every[1]);
      assertThrows(TrainingDiverged.class, () -> train(steep));
    }
  }
}
