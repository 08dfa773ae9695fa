package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MeanDeviationTest {

  private static final int ENTRIES = 4;

  /** Standard normal matrices, 4×1, moved by b. */
  private static List<DenseMatrix> samples(int count, double b, long seed) {
    List<DenseMatrix> samples = new ArrayList<>();
    for (int r = 0; r < count; r++) {
      DenseMatrix d = Parameters.gaussian(ENTRIES, 1, seed, r);
      for (int i = 0; i < ENTRIES; i++) {
        d.set(i, 0, d.get(i, 0) + b / Math.sqrt(ENTRIES));
      }
      samples.add(d);
    }
    return samples;
  }

  private static double meanOverPairs(List<DenseMatrix> samples) {
    double sum = 0;
    int pairs = 0;
    for (int r = 0; r < samples.size(); r++) {
      for (int s = 0; s < samples.size(); s++) {
        if (r != s) {
          for (int i = 0; i < ENTRIES; i++) {
            sum += samples.get(r).get(i, 0) * samples.get(s).get(i, 0);
          }
          pairs++;
        }
      }
    }
    return sum / pairs;
  }

  /** The definition, pair by pair, and the jackknife, leaving out one after another. */
  @Test
  void isTheMeanOverPairsAndItsErrorTheJackknife() {
    List<DenseMatrix> samples = samples(7, 1.5, 3);
    MeanDeviation found = MeanDeviation.of(samples);
    assertEquals(meanOverPairs(samples), found.squaredNorm(), 1e-13);
    double[] without = new double[7];
    double mean = 0;
    for (int r = 0; r < 7; r++) {
      List<DenseMatrix> rest = new ArrayList<>(samples);
      rest.remove(r);
      without[r] = meanOverPairs(rest);
      mean += without[r] / 7;
    }
    double variance = 0;
    for (double each : without) {
      variance += (each - mean) * (each - mean) * 6 / 7;
    }
    assertEquals(Math.sqrt(variance), found.standardError(), 1e-13);
    double[] sum = new double[ENTRIES];
    samples.forEach(
        d -> {
          for (int i = 0; i < ENTRIES; i++) {
            sum[i] += d.get(i, 0) / 7;
          }
        });
    assertEquals(new DenseMatrix(ENTRIES, 1, sum).norm(), found.normOfMean(), 1e-14);
  }

  /**
   * Means over 2,000 repetitions: the estimate is unbiased, its true spread is 4‖b‖²/R +
   * 2·4/(R(R−1)) for these normal samples, and the jackknife's variance is not below that: Var
   * itself plus what it overestimates of the second term, at most once again.
   */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3, 2})
  void isUnbiasedAndItsErrorNotTooSmall(double b) {
    int count = 10;
    int repetitions = 2000;
    double sum = 0;
    double squares = 0;
    double variances = 0;
    for (int k = 0; k < repetitions; k++) {
      MeanDeviation found = MeanDeviation.of(samples(count, b, 1000 + k));
      sum += found.squaredNorm();
      squares += Math.pow(found.squaredNorm() - b * b, 2);
      variances += found.standardError() * found.standardError();
    }
    double first = 4 * b * b / count;
    double second = 2.0 * ENTRIES / (count * (count - 1));
    double variance = first + second;
    assertEquals(b * b, sum / repetitions, 4 * Math.sqrt(variance / repetitions));
    // A variance of 2,000 numbers, with heavier tails than normal, is known to some five per cent.
    assertEquals(variance, squares / repetitions, 0.2 * variance);
    double jackknife = variances / repetitions;
    assertTrue(jackknife > 0.95 * variance, jackknife + " < " + variance);
    assertTrue(jackknife < 1.1 * first + 2.5 * second, jackknife + " > " + variance);
  }

  /** In four directions alike noise passes for a bias in about three cases of a thousand. */
  @Test
  void noiseIsNotResolvedAndABiasIs() {
    int resolved = 0;
    for (int k = 0; k < 2000; k++) {
      resolved += MeanDeviation.of(samples(50, 0, 5000 + k)).resolved() ? 1 : 0;
    }
    assertTrue(resolved < 17 * 2, resolved + " of 2000 were taken for a bias");
    MeanDeviation found = MeanDeviation.of(samples(400, 1, 9));
    assertTrue(found.resolved());
    assertEquals(1, found.norm(), 4 * found.normError());
    // ‖b‖ has the error of the mean along b, 1/√400, up to the spread of a variance of 400.
    assertEquals(0.05, found.normError(), 0.01);
    // Four entries of variance 1/400 each: the noise is 0.1.
    assertEquals(found.normOfMean() + 0.3, found.bound(), 0.03);
  }

  @Test
  void samplesThatAreAllAlikeHaveNoError() {
    DenseMatrix d = new DenseMatrix(2, 1, new double[] {3, -4});
    MeanDeviation same = MeanDeviation.of(List.of(d, d, d));
    assertEquals(25, same.squaredNorm());
    assertEquals(0, same.standardError());
    assertEquals(5, same.norm());
    assertEquals(5, same.bound());
    DenseMatrix zero = DenseMatrix.zeros(2, 1);
    assertFalse(MeanDeviation.of(List.of(zero, zero, zero)).resolved());
    assertThrows(IllegalArgumentException.class, () -> MeanDeviation.of(List.of(d, d)));
  }
}
