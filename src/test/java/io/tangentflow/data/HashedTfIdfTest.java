package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.DenseMatrix;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HashedTfIdfTest {

  private static final List<String> TEXTS =
      List.of(
          "The solver steps; the solver stops.",
          "A kernel at the start is a kernel at the end",
          "Steps of the solver, steps of descent: 20 steps",
          "No word in common",
          "ÉTÉ à Delhi: 42 °C, 𝐱 and Ωmega");

  private static final int[] ALL = {0, 1, 2, 3, 4};

  /**
   * MurmurHash3 x64-128 of "hello", seed 0, as its published implementations have it. The only term
   * of the only text weighs 1.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 1000, 1024, 1_000_003})
  void bucketAndSignAreThePublishedHash(int dimension) {
    BigInteger first = new BigInteger("cbd8a7b341bd9b02", 16);
    BigInteger second = new BigInteger("5b1e906a48ae1d19", 16);
    DenseMatrix features = new HashedTfIdf(dimension, 0).of(List.of("hello"), new int[] {0});
    int bucket = first.mod(BigInteger.valueOf(dimension)).intValueExact();
    assertEquals(second.testBit(0) ? -1 : 1, features.get(bucket, 0));
    assertEquals(1, features.norm());
  }

  /** Rounding: some twenty products of a few operations each, sums of at most 100. */
  @Test
  void withoutCollisionsProductsAreThoseOfTheTermsThemselves() {
    PlainTfIdf plain = new PlainTfIdf(TEXTS);
    DenseMatrix features = new HashedTfIdf(1 << 20, 7).of(TEXTS, ALL);
    for (int i : ALL) {
      Map<String, Double> weights = plain.weights(i);
      assertEquals(weights.size(), Arrays.stream(column(features, i)).filter(x -> x != 0).count());
      for (int j : ALL) {
        double expected = PlainTfIdf.dot(weights, plain.weights(j));
        assertEquals(expected, dot(features, i, j), 1e-13 * 100);
      }
    }
    assertTrue(dot(features, 0, 2) > 1); // They have words in common.
    assertEquals(0, dot(features, 0, 3));
  }

  /**
   * Lemma 2 of Weinberger et al.: over hashes, x·x' has the mean of the exact product and the
   * variance (‖x‖²‖x'‖² + (x·x')² − 2 Σ x_t² x'_t²)/d. Means over independent seeds are within 5 of
   * their standard errors but for one time in a million.
   */
  @Test
  void productsHaveTheirMeanAndVarianceOverHashes() {
    int seeds = 4000;
    int dimension = 16;
    PlainTfIdf plain = new PlainTfIdf(TEXTS);
    Map<String, Double> x = plain.weights(0);
    Map<String, Double> y = plain.weights(2);
    double exact = PlainTfIdf.dot(x, y);
    double same =
        x.keySet().stream().mapToDouble(t -> Math.pow(x.get(t) * y.getOrDefault(t, 0.0), 2)).sum();
    double variance =
        (PlainTfIdf.dot(x, x) * PlainTfIdf.dot(y, y) + exact * exact - 2 * same) / dimension;
    SummaryStatistics products = new SummaryStatistics();
    SummaryStatistics squares = new SummaryStatistics();
    for (int seed = 0; seed < seeds; seed++) {
      DenseMatrix features = new HashedTfIdf(dimension, seed).of(TEXTS, new int[] {0, 2});
      double product = dot(features, 0, 1);
      products.addValue(product);
      squares.addValue((product - exact) * (product - exact));
    }
    assertEquals(exact, products.getMean(), 5 * Math.sqrt(variance / seeds));
    assertEquals(
        variance, squares.getMean(), 5 * squares.getStandardDeviation() / Math.sqrt(seeds));
  }

  @Test
  void wordsAreRunsOfLettersAndDigitsInLowerCase() {
    List<String> texts =
        List.of("Don't STOP-it\\ÉCOLE 42nd x_y 3.5", "don t stop it école 42nd x y 3 5");
    DenseMatrix features = new HashedTfIdf(1 << 16, 0).of(texts, new int[] {0, 1});
    assertArrayEquals(column(features, 1), column(features, 0));
    assertTrue(features.norm() > 0);
    assertTrue(HashedTfIdf.hasWord("— 7"));
    assertFalse(HashedTfIdf.hasWord("— _ \\ …\n"));
  }

  @Test
  void aTextHasItsFeaturesWhateverElseIsDrawn() {
    HashedTfIdf hashed = new HashedTfIdf(64, 3);
    DenseMatrix all = hashed.of(TEXTS, ALL);
    DenseMatrix some = hashed.of(TEXTS, new int[] {4, 1});
    assertArrayEquals(column(all, 4), column(some, 0));
    assertArrayEquals(column(all, 1), column(some, 1));
  }

  @Test
  void anotherSeedIsAnotherHash() {
    DenseMatrix one = new HashedTfIdf(64, 0).of(TEXTS, ALL);
    DenseMatrix other = new HashedTfIdf(64, -1).of(TEXTS, ALL);
    assertNotEquals(0, one.distance(other));
  }

  @Test
  void dimensionsThatCannotBeAreRefused() {
    assertThrows(InvalidConfiguration.class, () -> new HashedTfIdf(0, 0));
    HashedTfIdf wide = new HashedTfIdf(Integer.MAX_VALUE, 0);
    InvalidConfiguration fault =
        assertThrows(InvalidConfiguration.class, () -> wide.of(TEXTS, new int[] {0, 1}));
    assertTrue(fault.getMessage().startsWith("--samples: 2 were asked for"), fault.getMessage());
  }

  private static double[] column(DenseMatrix features, int j) {
    return features.columnRange(j, 1).values();
  }

  private static double dot(DenseMatrix features, int i, int j) {
    double sum = 0;
    for (int k = 0; k < features.rows(); k++) {
      sum += features.get(k, i) * features.get(k, j);
    }
    return sum;
  }
}
