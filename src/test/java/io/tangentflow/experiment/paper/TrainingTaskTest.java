package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.TrainingQuantity.DISTANCE;
import static io.tangentflow.experiment.TrainingQuantity.EIGENVALUE_DOUBT;
import static io.tangentflow.experiment.TrainingQuantity.GRADIENT_GAP;
import static io.tangentflow.experiment.TrainingQuantity.LEAST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.TEST_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException;
import io.tangentflow.experiment.Targets;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.experiment.TrainingQuantity;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.sweep.RunDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingTaskTest {

  private static final int SAMPLES = 6;
  private static final int TEST = 3;
  private static final int WIDTH = 16;
  private static final int DEPTH = 4;
  private static final int STEPS = 8;

  @TempDir private Path directory;

  private SmallLaboratory laboratory() {
    return new SmallLaboratory(directory.resolve("run"));
  }

  private static TrainingTask task(double rate, boolean mean, int kernelEvery, String gapMethod) {
    return new TrainingTask(
        SmallLaboratory.digits(SAMPLES, TEST),
        new Model("softplus", WIDTH, 1, 0.8),
        "discrete:euler/" + DEPTH,
        3,
        rate,
        mean,
        STEPS,
        kernelEvery,
        gapMethod);
  }

  private static double half(double[] f, DenseMatrix y, int first) {
    double sum = 0;
    for (int k = 0; k < f.length; k++) {
      double residual = f[k] - y.values()[first * y.rows() + k];
      sum += 0.5 * residual * residual;
    }
    return sum;
  }

  private static double[] kernel(PlainNetwork network, DenseMatrix x, int outputs) {
    double[] mean = new double[x.columns() * x.columns()];
    for (int o = 0; o < outputs; o++) {
      double[][] gradients = new double[x.columns()][];
      DenseMatrix unit = DenseMatrix.zeros(outputs, 1);
      unit.set(o, 0, 1);
      Arrays.setAll(gradients, i -> network.gradient(x.columnRange(i, 1), unit, DEPTH));
      for (int i = 0; i < x.columns(); i++) {
        for (int j = 0; j < x.columns(); j++) {
          double sum = 0;
          for (int p = 0; p < gradients[i].length; p++) {
            sum += gradients[i][p] * gradients[j][p];
          }
          mean[j * x.columns() + i] += sum / outputs;
        }
      }
    }
    return mean;
  }

  /**
   * Losses, distances and λ_min of FP32 against descent in FP64 by plain loops. Each step adds some
   * roundoffs of 6e-8 to what it has, and the few steps do not grow them.
   */
  @ParameterizedTest
  @CsvSource({"0.05, false", "0.2, true"})
  void trainingIsTheDescentOfPlainLoops(double rate, boolean mean) {
    TrainingTask task = task(rate, mean, 3, null);
    Data data = task.data();
    DenseMatrix x = data.load().inputs();
    DenseMatrix y = Targets.of(data.load(), data.targets(), SAMPLES).values();
    int outputs = y.rows();
    DenseMatrix training = x.columnRange(0, SAMPLES);
    DenseMatrix test = x.columnRange(SAMPLES, TEST);
    PlainNetwork network =
        new PlainNetwork(
            task.model().on(x.rows(), outputs), PlainNetwork.Phi.SOFTPLUS, task.seed());
    double[] start = network.parameters();
    double[] losses = new double[STEPS + 1];
    double[] testLosses = new double[STEPS + 1];
    double[] distances = new double[STEPS + 1];
    DenseMatrix first = new DenseMatrix(SAMPLES, SAMPLES, kernel(network, training, outputs));
    for (int k = 0; k <= STEPS; k++) {
      double[] f = network.outputs(training, DEPTH);
      losses[k] = half(f, y, 0) / (mean ? SAMPLES : 1);
      testLosses[k] = half(network.outputs(test, DEPTH), y, SAMPLES) / (mean ? TEST : 1);
      double[] now = network.parameters();
      for (int p = 0; p < now.length; p++) {
        distances[k] += (now[p] - start[p]) * (now[p] - start[p]);
      }
      distances[k] = Math.sqrt(distances[k]);
      DenseMatrix residual = DenseMatrix.zeros(outputs, SAMPLES);
      for (int p = 0; p < f.length; p++) {
        residual.values()[p] = (f[p] - y.values()[p]) / (mean ? SAMPLES : 1);
      }
      network.descend(rate, network.gradient(training, residual, DEPTH));
    }
    assertTrue(losses[STEPS] < 0.8 * losses[0], "it learns: " + Arrays.toString(losses));
    try (SmallLaboratory laboratory = laboratory()) {
      Results results = laboratory.results(task);
      assertTrue(TrainingTask.diverged(results, task).isEmpty());
      assertSeen(losses, results, task, TRAIN_LOSS);
      assertSeen(testLosses, results, task, TEST_LOSS);
      assertSeen(distances, results, task, DISTANCE);
      assertArrayEquals(
          new double[] {0, 3, 6, 8}, results.numbers(task, TrainingTask.steps(LEAST_EIGENVALUE)));
      double least = results.numbers(task, LEAST_EIGENVALUE.key())[0];
      double doubt = results.numbers(task, EIGENVALUE_DOUBT.key())[0];
      // λ_min of the FP64 kernel is within the doubt and a roundoff of the kernel's norm.
      double slack = doubt + 1e-6 * first.norm();
      assertTrue(DrawsTest.positive(first, least - slack, 1), least + " ± " + slack);
      assertFalse(DrawsTest.positive(first, least + slack, 1), least + " ± " + slack);
      assertTrue(least > 10 * slack, least + " ± " + slack);
      assertFalse(results.has(task, GRADIENT_GAP.key()));
      assertEquals(1, laboratory.progress(), 1e-12);
    }
  }

  private static void assertSeen(
      double[] expected, Results results, TrainingTask task, TrainingQuantity quantity) {
    double[] values = results.numbers(task, quantity.key());
    double[] steps = results.numbers(task, TrainingTask.steps(quantity));
    assertEquals(STEPS + 1, values.length, quantity.key());
    for (int k = 0; k < values.length; k++) {
      assertEquals(k, steps[k]);
      assertEquals(expected[k], values[k], 1e-5 * expected[STEPS], quantity.key() + " " + k);
    }
  }

  /** One rate is another's task, and both go on where the other's directory is not. */
  @Test
  void eachTaskHasARunOfItsOwnAndFinishedOnesAreReadAgain() throws IOException {
    TrainingTask one = task(0.05, false, 0, "stored:euler/4");
    TrainingTask other = task(0.025, false, 0, "stored:euler/4");
    try (SmallLaboratory laboratory = laboratory()) {
      var numbers = laboratory.compute(one);
      assertFalse(numbers.equals(laboratory.compute(other)));
      try (Stream<Path> runs = Files.list(directory.resolve("run/trainings"))) {
        assertEquals(2, runs.count());
      }
      assertEquals(STEPS + 1, numbers.get(GRADIENT_GAP.key()).size());
      var again = laboratory.compute(one);
      again.remove(TrainingTask.SECONDS);
      numbers.remove(TrainingTask.SECONDS);
      assertEquals(numbers, again);
    }
  }

  @Test
  void divergenceIsAResultWithAWarning() {
    TrainingTask task = task(1e4, false, 0, null);
    try (SmallLaboratory laboratory = laboratory()) {
      Results results = laboratory.results(task);
      OptionalInt diverged = TrainingTask.diverged(results, task);
      assertTrue(diverged.isPresent() && diverged.getAsInt() <= STEPS, diverged.toString());
      assertEquals(1, laboratory.warnings().size(), laboratory.warnings().toString());
      assertTrue(
          laboratory.warnings().get(0).contains("step " + diverged.getAsInt()),
          laboratory.warnings().toString());
      Trainings trainings = new Trainings(results, List.of(task), t -> "all");
      assertFalse(trainings.finished(task));
      Findings findings = trainings.tellOfDivergence(new Findings());
      assertEquals(1, findings.remarks().size());
      assertTrue(Double.isNaN(trainings.ratio(t -> t, t -> 1).value()));
    }
  }

  /** A run that somebody put where a task's is expected is not taken for it. */
  @Test
  void runOfAnotherConfigurationIsRefused() throws IOException {
    TrainingTask one = task(0.05, false, 0, null);
    TrainingTask other = task(0.025, false, 0, null);
    try (SmallLaboratory laboratory = laboratory()) {
      laboratory.compute(one);
      Path of = onlyRun();
      Path kept = directory.resolve("kept");
      Files.move(of, kept);
      laboratory.compute(other);
      Path replaced = onlyRun();
      Files.move(replaced, directory.resolve("other"));
      Files.move(kept, replaced);
      TangentFlowException refusal =
          assertThrows(TangentFlowException.class, () -> laboratory.compute(other));
      assertTrue(refusal.getMessage().contains(replaced.toString()), refusal.getMessage());
      assertEquals(11, refusal.exitCode());
    }
  }

  private Path onlyRun() throws IOException {
    try (Stream<Path> runs = Files.list(directory.resolve("run/trainings"))) {
      List<Path> all = runs.toList();
      assertEquals(1, all.size());
      return all.get(0);
    }
  }

  /** As on a cluster, where an executor that is taken for lost may still be at it. */
  @Test
  void aTrainingThatIsHeldByAnotherAttemptIsDoneBesideIt() throws IOException {
    TrainingTask task = task(0.05, false, 0, null);
    try (SmallLaboratory laboratory = laboratory()) {
      var once = laboratory.compute(task);
      Path trainings = directory.resolve("run/trainings");
      Path first;
      try (Stream<Path> all = Files.list(trainings)) {
        first = all.findFirst().orElseThrow();
      }
      try (RunDirectory held = RunDirectory.open(first)) {
        var again = laboratory.compute(task);
        assertEquals(once.get(TRAIN_LOSS.key()), again.get(TRAIN_LOSS.key()));
        assertTrue(Files.exists(trainings.resolve(first.getFileName() + "-2/run.json")));
        assertTrue(Files.exists(held.file("run.json")));
      }
    }
  }
}
