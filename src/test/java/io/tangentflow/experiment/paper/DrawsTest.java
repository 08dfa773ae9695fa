package io.tangentflow.experiment.paper;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Ensemble;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random networks one by one in plain loops, and what is made of many of them in naive sums. */
class DrawsTest {

  /**
   * Of FP32 through so few layers; sums of n terms that the two add in other orders are in error by
   * some roundoffs of 6e-8.
   */
  private static final double FP32 = 1e-5;

  @TempDir private Path directory;

  private SmallLaboratory laboratory() {
    return new SmallLaboratory(directory.resolve("run"));
  }

  /** The widest ensemble, the narrowest that is none, and small ones. */
  @ParameterizedTest
  @CsvSource({"1, 4, 1", "12, 5, 3", "512, 2, 2", "513, 2, 2"})
  void outputsAreThoseOfPlainNetworks(int width, int networks, int outputs) {
    assertEquals(512, Ensemble.GREATEST_WIDTH);
    Data data = SmallLaboratory.digits(3, 0);
    Draws draws = new Draws(data, Model.of("softplus", width), 4, outputs, networks, 11);
    DenseMatrix x = data.load().inputs();
    try (SmallLaboratory laboratory = laboratory()) {
      DenseMatrix f = draws.outputs(laboratory.laboratory(), "test");
      assertEquals(3 * outputs, f.rows());
      assertEquals(networks, f.columns());
      for (int b = 0; b < networks; b++) {
        PlainNetwork plain =
            new PlainNetwork(
                draws.model().on(x.rows(), outputs), PlainNetwork.Phi.SOFTPLUS, 11 + b);
        double[] expected = plain.outputs(x, 4);
        double scale = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        assertArrayEquals(expected, f.columnRange(b, 1).values(), FP32 * scale, "network " + b);
      }
      assertEquals(1, laboratory.progress(), 1e-12);
    }
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).sum() / values.length;
  }

  /** Σ (v − v̄)^p. */
  private static double central(double[] values, int p) {
    double mean = mean(values);
    return Arrays.stream(values).map(v -> Math.pow(v - mean, p)).sum();
  }

  /** Φ by Simpson's rule from 0. */
  private static double normal(double z) {
    int parts = 2000;
    double h = z / parts;
    double sum = 0;
    for (int k = 0; k <= parts; k++) {
      double weight = k == 0 || k == parts ? 1 : k % 2 == 1 ? 4 : 2;
      sum += weight * Math.exp(-0.5 * k * h * k * h);
    }
    return 0.5 + sum * h / 3 / Math.sqrt(2 * Math.PI);
  }

  /** Σ 2 (−1)^{k−1} exp(−2k²λ²), Stephens' λ (J. Roy. Statist. Soc. B 32, 1970). */
  private static double kolmogorov(double distance, int count) {
    double root = Math.sqrt(count);
    double lambda = (root + 0.12 + 0.11 / root) * distance;
    double sum = 0;
    for (int k = 1; k < 100; k++) {
      sum += 2 * (k % 2 == 1 ? 1 : -1) * Math.exp(-2 * k * k * lambda * lambda);
    }
    return sum;
  }

  @Test
  void distributionOfAnOutputIsThatOfNaiveSums() {
    int count = 400;
    MarginalTask task =
        new MarginalTask(
            new Draws(SmallLaboratory.digits(1, 0), Model.of("softplus", 8), 3, 1, count, 2));
    try (SmallLaboratory laboratory = laboratory()) {
      double[] f = task.draws().outputs(laboratory.laboratory(), "test").values();
      assertEquals(count, f.length);
      Results results = laboratory.results(task);
      double variance = central(f, 2) / (count - 1);
      double deviation = Math.sqrt(variance);
      assertEquals(mean(f), results.number(task, MarginalTask.MEAN), 1e-12 * deviation);
      assertEquals(variance, results.number(task, MarginalTask.VARIANCE), 1e-12 * variance);
      double fourth = central(f, 4) / count;
      // The unbiased one for normal samples; it differs from m₄/m₂² − 3 by terms of 1/B.
      double m2 = central(f, 2) / count;
      double plain = fourth / (m2 * m2) - 3;
      double n = count;
      double kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * plain + 6);
      assertEquals(kurtosis, results.number(task, MarginalTask.KURTOSIS), 1e-9);
      double error = variance * Math.sqrt((2 * n + (n - 1) * kurtosis) / (n * (n + 1)));
      assertEquals(error, results.number(task, MarginalTask.VARIANCE_ERROR), 1e-10 * error);

      double[] sorted = f.clone();
      Arrays.sort(sorted);
      double distance = 0;
      for (int i = 0; i < count; i++) {
        double phi = normal((sorted[i] - mean(f)) / deviation);
        distance = Math.max(distance, Math.max(phi - i / n, (i + 1) / n - phi));
      }
      assertEquals(distance, results.number(task, MarginalTask.DISTANCE), 1e-9);
      // Stephens' formula is an approximation, to some thousandths.
      assertEquals(kolmogorov(distance, count), results.number(task, MarginalTask.P_VALUE), 5e-3);
      histogram(f, deviation, results, task);
    }
  }

  private static void histogram(double[] f, double deviation, Results results, MarginalTask task) {
    double[] bins = results.numbers(task, MarginalTask.BINS);
    double[] density = results.numbers(task, MarginalTask.DENSITY);
    double mean = mean(f);
    double inside = 0;
    for (int k = 0; k < bins.length; k++) {
      double from = bins[k] - MarginalTask.BREADTH / 2;
      double to = bins[k] + MarginalTask.BREADTH / 2;
      double share =
          Arrays.stream(f).map(v -> (v - mean) / deviation).filter(z -> z >= from && z < to).count()
              / (double) f.length;
      assertEquals(share / MarginalTask.BREADTH, density[k], 1e-12, "bin " + k);
      inside += share;
    }
    assertTrue(inside > 0.98, "share within the bins " + inside);
    assertEquals(-4, bins[0] - MarginalTask.BREADTH / 2, 1e-12);
    assertEquals(4, bins[bins.length - 1] + MarginalTask.BREADTH / 2, 1e-12);
  }

  private static double correlation(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - mean(a)) * (b[i] - mean(b));
    }
    return sum / Math.sqrt(central(a, 2) * central(b, 2));
  }

  @Test
  void correlationsOfOutputsAreThoseOfNaiveSums() {
    int count = 450;
    OutputPairsTask task =
        new OutputPairsTask(
            new Draws(SmallLaboratory.digits(1, 0), Model.of("softplus", 6), 3, 3, count, 2));
    try (SmallLaboratory laboratory = laboratory()) {
      DenseMatrix all = task.draws().outputs(laboratory.laboratory(), "test");
      double[][] f = new double[3][count];
      double[][] squares = new double[3][count];
      for (int o = 0; o < 3; o++) {
        for (int b = 0; b < count; b++) {
          f[o][b] = all.get(o, b);
          squares[o][b] = f[o][b] * f[o][b];
        }
      }
      Results results = laboratory.results(task);
      double[] plain = {correlation(f[0], f[1]), correlation(f[0], f[2]), correlation(f[1], f[2])};
      double[] ofSquares = {
        correlation(squares[0], squares[1]),
        correlation(squares[0], squares[2]),
        correlation(squares[1], squares[2])
      };
      assertArrayEquals(plain, results.numbers(task, OutputPairsTask.CORRELATIONS), 1e-12);
      assertArrayEquals(ofSquares, results.numbers(task, OutputPairsTask.OF_SQUARES), 1e-12);
      for (int o = 0; o < 2; o++) {
        double deviation = Math.sqrt(central(f[o], 2) / (count - 1));
        double[] drawn = Arrays.stream(Arrays.copyOf(f[o], 400)).map(v -> v / deviation).toArray();
        assertArrayEquals(
            drawn,
            results.numbers(task, o == 0 ? OutputPairsTask.FIRST : OutputPairsTask.SECOND),
            1e-12);
      }
    }
  }

  /** Whether Cholesky's factors of sign·(A − shift·1) exist, that is, whether it is positive. */
  static boolean positive(DenseMatrix a, double shift, double sign) {
    int n = a.rows();
    double[][] l = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = sign * (a.get(i, j) - (i == j ? shift : 0));
        for (int k = 0; k < j; k++) {
          sum -= l[i][k] * l[j][k];
        }
        if (i == j && sum <= 0) {
          return false;
        }
        l[i][j] = i == j ? Math.sqrt(sum) : sum / l[j][j];
      }
    }
    return true;
  }

  @ParameterizedTest
  @CsvSource({"true, 60", "false, 60", "false, 4"})
  void covariancesAreNaiveSumsAndTheirEigenvaluesAreWhereTheirFactorsSay(
      boolean entries, int count) {
    int samples = 5;
    Data data = SmallLaboratory.digits(samples, 0);
    CovarianceTask task =
        new CovarianceTask(new Draws(data, Model.of("softplus", 8), 3, 1, count, 2), entries);
    DenseMatrix x = data.load().inputs();
    try (SmallLaboratory laboratory = laboratory()) {
      DenseMatrix f = task.draws().outputs(laboratory.laboratory(), "test");
      DenseMatrix covariance = DenseMatrix.zeros(samples, samples);
      for (int i = 0; i < samples; i++) {
        for (int j = 0; j < samples; j++) {
          double sum = 0;
          for (int b = 0; b < count; b++) {
            sum += f.get(i, b) * f.get(j, b);
          }
          covariance.set(i, j, sum / count);
        }
      }
      Results results = laboratory.results(task);
      double greatest = results.number(task, CovarianceTask.GREATEST);
      double least = results.number(task, CovarianceTask.LEAST);
      double error = results.number(task, CovarianceTask.LEAST_ERROR);
      double slack = 1e-12 * greatest;
      assertTrue(positive(covariance, greatest + slack, -1));
      assertFalse(positive(covariance, greatest - slack, -1));
      assertTrue(positive(covariance, least - slack, 1));
      assertFalse(positive(covariance, least + slack, 1));
      assertTrue(error >= 0 && error < slack, "error " + error);
      // Fewer networks than samples leave no rank for all of them.
      assertEquals(count > samples, least > 1e-9 * greatest, "least " + least);
      assertEquals(entries, results.has(task, CovarianceTask.OUTPUTS));
      if (entries) {
        entries(x, covariance, results, task);
      }
    }
  }

  private static void entries(
      DenseMatrix x, DenseMatrix covariance, Results results, CovarianceTask task) {
    List<Double> inputs = new ArrayList<>();
    List<Double> outputs = new ArrayList<>();
    List<Double> variances = new ArrayList<>();
    for (int i = 0; i < x.columns(); i++) {
      variances.add(covariance.get(i, i));
      for (int j = i + 1; j < x.columns(); j++) {
        double sum = 0;
        for (int k = 0; k < x.rows(); k++) {
          sum += x.get(k, i) * x.get(k, j);
        }
        inputs.add(sum / x.rows());
        outputs.add(covariance.get(i, j));
      }
    }
    assertClose(inputs, results.numbers(task, CovarianceTask.INPUTS));
    assertClose(outputs, results.numbers(task, CovarianceTask.OUTPUTS));
    assertClose(variances, results.numbers(task, CovarianceTask.VARIANCES));
  }

  private static void assertClose(List<Double> expected, double[] actual) {
    assertArrayEquals(expected.stream().mapToDouble(Double::doubleValue).toArray(), actual, 1e-12);
  }
}
