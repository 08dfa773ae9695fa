package io.tangentflow.experiment.paper;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.gradient.GradientSum;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gaps to the continuous model and to the limiting kernel, and solvers, against plain loops. */
class GapTasksTest {

  @TempDir private Path directory;

  private SmallLaboratory laboratory() {
    return new SmallLaboratory(directory.resolve("run"));
  }

  /**
   * The task's reference is solved to 1e-11, that of the loops is extrapolated as far; gaps are at
   * least 1e-4.
   */
  @Test
  void gapsInDepthAreThoseOfPlainLoops() {
    DepthGapTask task = DepthGapsOfPaper.task(SmallLaboratory.SMOKE, "softplus", 32);
    int outputs = new ObjectMapper().valueToTree(task).path("outputs").asInt(1);
    DenseMatrix x = task.data().load().inputs();
    PlainNetwork network =
        new PlainNetwork(
            task.model().on(x.rows(), outputs), PlainNetwork.Phi.SOFTPLUS, task.seed());
    DenseMatrix r = GradientSum.normalCotangents(outputs, x.columns(), task.seed());
    try (SmallLaboratory laboratory = laboratory()) {
      Results results = laboratory.results(task);
      for (Quantity quantity : List.of(Quantity.OUTPUTS, Quantity.GRADIENT)) {
        IntFunction<double[]> plain =
            depth ->
                quantity == Quantity.OUTPUTS
                    ? network.outputs(x, depth)
                    : network.gradient(x, r, depth);
        double[] continuous = PlainNetwork.continuous(plain);
        assertArrayEquals(
            task.depths().stream().mapToDouble(Integer::doubleValue).toArray(),
            results.numbers(task, DepthGapTask.depthsOf(quantity)));
        double[] gaps = results.numbers(task, DepthGapTask.NAMES.get(quantity));
        for (int k = 0; k < gaps.length; k++) {
          double expected =
              PlainNetwork.relativeDistance(plain.apply(task.depths().get(k)), continuous);
          assertTrue(expected > 1e-4, "gap " + expected);
          assertEquals(expected, gaps[k], 1e-6 * expected, quantity.label());
        }
      }
      assertEquals(1, laboratory.progress(), 1e-12);
    }
  }

  /** ⟨A, B⟩ of the entries. */
  private static double inner(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /** The mean of ⟨D_r, D_s⟩ over pairs r ≠ s; then the same without each of them. */
  private static double[] pairs(List<double[]> deviations) {
    int count = deviations.size();
    double[] rows = new double[count];
    for (int r = 0; r < count; r++) {
      for (int s = 0; s < count; s++) {
        rows[r] += r == s ? 0 : inner(deviations.get(r), deviations.get(s));
      }
    }
    double all = Arrays.stream(rows).sum();
    double[] means = new double[count + 1];
    means[0] = all / (count * (count - 1.0));
    for (int r = 0; r < count; r++) {
      means[r + 1] = (all - 2 * rows[r]) / ((count - 1.0) * (count - 2));
    }
    return means;
  }

  /** Each pair of samples by a gradient of its own; the limit's own tests are elsewhere. */
  private static List<double[]> deviations(KernelWidthTask task, DenseMatrix x) {
    NeuralOde model = task.model().on(x.rows(), 1);
    ForkJoinPool pool = new ForkJoinPool(1);
    DenseMatrix limit = new FiniteDepthLimit(model, task.depth()).gram(x, pool, n -> {}).ntk();
    pool.shutdown();
    List<double[]> deviations = new ArrayList<>();
    for (int r = 0; r < task.networks(); r++) {
      PlainNetwork network = new PlainNetwork(model, PlainNetwork.Phi.SOFTPLUS, task.seed() + r);
      double[][] gradients = new double[x.columns()][];
      DenseMatrix one = new DenseMatrix(1, 1, new double[] {1});
      Arrays.setAll(gradients, i -> network.gradient(x.columnRange(i, 1), one, task.depth()));
      double[] deviation = new double[x.columns() * x.columns()];
      for (int i = 0; i < x.columns(); i++) {
        for (int j = 0; j < x.columns(); j++) {
          deviation[j * x.columns() + i] =
              (inner(gradients[i], gradients[j]) - limit.get(i, j)) / limit.norm();
        }
      }
      deviations.add(deviation);
    }
    return deviations;
  }

  @ParameterizedTest
  @CsvSource({"4, 500", "16, 3"})
  void kernelsAreAsFarFromTheirLimitAsInPlainLoops(int width, int networks) {
    Data data = SmallLaboratory.digits(4, 0);
    KernelWidthTask task = new KernelWidthTask(data, Model.of("softplus", width), 3, networks, 9);
    List<double[]> deviations = deviations(task, data.load().inputs());
    double[] pairs = pairs(deviations);
    double square = pairs[0];
    double[] without = Arrays.copyOfRange(pairs, 1, networks + 1);
    double mean = Arrays.stream(without).average().orElseThrow();
    double spread = Arrays.stream(without).map(v -> (v - mean) * (v - mean)).sum();
    double bias = Math.sqrt(Math.max(0, square));
    double error = Math.sqrt(spread * (networks - 1) / networks) / (2 * bias);
    try (SmallLaboratory laboratory = laboratory()) {
      Results results = laboratory.results(task);
      double[] errors = results.numbers(task, KernelWidthTask.ONE_NETWORK);
      assertEquals(networks, errors.length);
      for (int r = 0; r < networks; r++) {
        double expected = Math.sqrt(inner(deviations.get(r), deviations.get(r)));
        assertEquals(expected, errors[r], 1e-10 * expected);
      }
      if (networks > 3) {
        assertTrue(bias > 3 * error, bias + " ± " + error);
        assertEquals(bias, results.number(task, KernelWidthTask.BIAS), 1e-10 * bias);
        assertEquals(error, results.number(task, KernelWidthTask.BIAS_ERROR), 1e-8 * error);
      } else {
        assertFalse(bias > 3 * error, bias + " ± " + error);
        assertFalse(results.has(task, KernelWidthTask.BIAS));
      }
    }
  }

  /** Euler's gradient by the loops; of finer methods an error no larger than what they promise. */
  @ParameterizedTest
  @CsvSource({"discrete:euler/10, 10, 10", "discrete:rk4/10, 40, 40", "stored:euler/7, 8, 7"})
  void errorsAndEvaluationsOfSolversAreThoseOfTheirSteps(
      String method, int evaluations, int backward) {
    Data data = SmallLaboratory.digits(5, 0);
    SolverTask task = new SolverTask(data, Model.of("softplus", 16), method, 3);
    DenseMatrix x = data.load().inputs();
    DenseMatrix r = GradientSum.normalCotangents(1, x.columns(), 3);
    PlainNetwork network =
        new PlainNetwork(task.model().on(x.rows(), 1), PlainNetwork.Phi.SOFTPLUS, 3);
    double[] exact = PlainNetwork.continuous(depth -> network.gradient(x, r, depth));
    double euler = PlainNetwork.relativeDistance(network.gradient(x, r, 10), exact);
    try (SmallLaboratory laboratory = laboratory()) {
      Results results = laboratory.results(task);
      double error = results.number(task, SolverTask.GRADIENT_ERROR);
      if (method.equals("discrete:euler/10")) {
        // The task's reference is within 1e-10 of the adjoint; errors add up over its steps.
        assertEquals(euler, error, 1e-7 * euler);
      } else if (method.startsWith("discrete")) {
        assertTrue(error > 0 && error < 1e-3 * euler, error + " " + euler);
      } else {
        assertTrue(error > 0.5 * euler && error < 4 * euler, error + " " + euler);
      }
      assertEquals(evaluations, results.number(task, SolverTask.EVALUATIONS));
      assertEquals(backward, results.number(task, SolverTask.BACKWARD));
      assertTrue(results.number(task, SolverTask.SECONDS) > 0);
    }
  }

  @Test
  void adaptiveSolverKeepsItsToleranceAndCountsItsEvaluations() {
    Data data = SmallLaboratory.digits(5, 0);
    double before = Double.POSITIVE_INFINITY;
    double cost = 0;
    try (SmallLaboratory laboratory = laboratory()) {
      for (double tolerance : new double[] {1e-3, 1e-5, 1e-7}) {
        SolverTask task =
            new SolverTask(data, Model.of("softplus", 16), "stored:dormand-prince/" + tolerance, 3);
        Results results = laboratory.results(task);
        double error = results.number(task, SolverTask.GRADIENT_ERROR);
        double evaluations = results.number(task, SolverTask.EVALUATIONS);
        // The tolerance is that of a step; the adjoint takes the state's error along.
        assertTrue(error < 10 * tolerance && error < before, tolerance + ": " + error);
        assertTrue(evaluations > cost && evaluations >= 7, tolerance + ": " + evaluations);
        before = error;
        cost = evaluations;
      }
    }
  }
}
