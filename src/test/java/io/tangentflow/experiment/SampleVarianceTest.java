package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleVarianceTest {

  /** Over all samples with replacement of {0, 1, 5} it has the mean Var(s²), to rounding. */
  @ParameterizedTest
  @ValueSource(ints = {4, 5, 6, 9})
  void squaredErrorIsUnbiased(int n) {
    double[] population = {0, 1, 5};
    int count = (int) Math.pow(population.length, n);
    double sum = 0;
    double squares = 0;
    double estimates = 0;
    for (int index = 0; index < count; index++) {
      double[] samples = new double[n];
      int rest = index;
      for (int i = 0; i < n; i++) {
        samples[i] = population[rest % population.length];
        rest /= population.length;
      }
      SampleVariance variance = SampleVariance.of(samples);
      sum += variance.value();
      squares += variance.value() * variance.value();
      // Equal samples: s² = 0, with the estimate 0 of which nothing is told.
      estimates += variance.value() == 0 ? 0 : variance.squaredError();
    }
    double mean = sum / count;
    double exact = squares / count - mean * mean;
    double second = 14.0 / 3;
    double fourth = (Math.pow(2, 4) + 1 + Math.pow(3, 4)) / 3;
    assertEquals(second, mean, 1e-12 * second);
    assertEquals(fourth / n - second * second * (n - 3) / (n * (n - 1.0)), exact, 1e-10 * exact);
    assertEquals(exact, estimates / count, 1e-10 * exact);
  }

  /**
   * Var(s²) = κ₄/n + 2σ⁴/(n − 1): normal numbers have κ₄ = 0, exponential ones of mean 1 κ₄ = 6.
   */
  @ParameterizedTest
  @ValueSource(ints = {5, 20, 200})
  void squaredErrorIsThatOfRandomNumbers(int n) {
    double ofNormal = 2 / (n - 1.0);
    assertMean(ofNormal, n, Random::nextGaussian);
    assertMean(ofNormal + 6.0 / n, n, random -> -Math.log1p(-random.nextDouble()));
  }

  /** Both the estimate's mean and the spread of s² itself, within five standard errors. */
  private static void assertMean(double exact, int n, ToDoubleFunction<Random> number) {
    Random random = new Random(n);
    int trials = 40_000;
    double[] estimates = new double[trials];
    double[] deviations = new double[trials];
    for (int trial = 0; trial < trials; trial++) {
      double[] samples = new double[n];
      Arrays.setAll(samples, i -> number.applyAsDouble(random));
      SampleVariance variance = SampleVariance.of(samples);
      estimates[trial] = variance.squaredError();
      deviations[trial] = Math.pow(variance.value() - 1, 2);
    }
    for (double[] values : new double[][] {estimates, deviations}) {
      SampleVariance of = SampleVariance.of(values);
      assertEquals(exact, of.mean(), 5 * Math.sqrt(of.value() / trials));
    }
  }

  @Test
  void thereIsNoErrorOfFewSamplesOrOfTwoValues() {
    assertFalse(SampleVariance.of(1, 2).error().isPresent());
    assertFalse(SampleVariance.of(1, 2, 4).error().isPresent());
    assertFalse(SampleVariance.of(3, 3, 3, 3).error().isPresent());
    assertTrue(SampleVariance.of(1, 1, 2, 2).squaredError() < 0);
    assertFalse(SampleVariance.of(1, 1, 2, 2).error().isPresent());
    assertEquals(7.0 / 3, SampleVariance.of(1, 2, 4).value(), 1e-15);
  }

  @Test
  void errorScalesWithTheVariance() {
    double[] samples = {1, 2, 4, 8, 16};
    double error = SampleVariance.of(samples).error().orElseThrow();
    double[] small = Arrays.stream(samples).map(x -> Math.scalb(x, -200)).toArray();
    assertEquals(Math.scalb(error, -400), SampleVariance.of(small).error().orElseThrow());
  }
}
