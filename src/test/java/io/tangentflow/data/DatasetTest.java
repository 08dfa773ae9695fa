package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DatasetTest {

  /** Worked out from the rule in {@link Permutation} by another program. */
  @Test
  void aSeedMeansTheSameSamplesForEver() {
    assertArrayEquals(new int[] {279, 178, 695, 943, 411}, order(numbered(1000).subset(5, 42)));
  }

  @Test
  void aSubsetDrawsEachSampleAtMostOnceWithItsTargetAndLabel() {
    Dataset drawn = numbered(100).subset(100, 1);
    int[] order = order(drawn);
    assertArrayEquals(IntStream.range(0, 100).toArray(), IntStream.of(order).sorted().toArray());
    for (int j = 0; j < 100; j++) {
      assertEquals(-order[j], drawn.inputs().get(1, j));
      assertEquals(2.0 * order[j], drawn.targets().orElseThrow().get(0, j));
      assertEquals(order[j] % 3, drawn.classes().orElseThrow().labels()[j]);
    }
  }

  @Test
  void aSmallerSubsetIsTheBeginningOfAGreaterOne() {
    Dataset data = numbered(100);
    assertArrayEquals(order(data.subset(7, 9)), Arrays.copyOf(order(data.subset(60, 9)), 7));
    assertEquals(false, Arrays.equals(order(data.subset(60, 9)), order(data.subset(60, 10))));
  }

  /** Each place is hit n/N times in the mean, with variance below that; five standard errors. */
  @Test
  void everySampleIsEquallyLikelyToBeDrawnFirst() {
    int samples = 10;
    int draws = 10_000;
    int[] hits = new int[samples];
    for (int seed = 0; seed < draws; seed++) {
      hits[Permutation.prefix(1, samples, seed, Permutation.SUBSET_STREAM)[0]]++;
    }
    double mean = (double) draws / samples;
    for (int hit : hits) {
      assertEquals(mean, hit, 5 * Math.sqrt(mean));
    }
  }

  @Test
  void aSubsetOfMoreThanThereIsNamesBothNumbers() {
    Dataset data = numbered(10);
    assertEquals(
        "--samples: 11 were asked for, and numbers has 10; choose between 1 and 10",
        assertThrows(InvalidConfiguration.class, () -> data.subset(11, 0)).getMessage());
    assertThrows(InvalidConfiguration.class, () -> data.subset(0, 0));
  }

  @Test
  void aSplitSharesNothingAndLosesNothing() {
    Dataset.Split split = numbered(11).split(0.7, 5);
    assertEquals(8, split.train().samples());
    int[] both =
        IntStream.concat(IntStream.of(order(split.train())), IntStream.of(order(split.test())))
            .sorted()
            .toArray();
    assertArrayEquals(IntStream.range(0, 11).toArray(), both);
    assertEquals(3, split.test().targets().orElseThrow().columns());
  }

  @Test
  void aSplitWithAnEmptyPartIsRefused() {
    for (double fraction : new double[] {0, 1, -0.5, 1.5, 0.01, 0.99, Double.NaN}) {
      assertThrows(InvalidConfiguration.class, () -> numbered(10).split(fraction, 0));
    }
  }

  @Test
  void onTheSphereEverySampleHasSquaredNormD() {
    Dataset data =
        inputs(3, 4, 1e200, -2e200, Double.MIN_VALUE, 0).normalised(Normalisation.SPHERE);
    double[] x = data.inputs().values();
    assertArrayEquals(
        new double[] {
          Math.sqrt(2) * 0.6, Math.sqrt(2) * 0.8, Math.sqrt(0.4), -Math.sqrt(1.6), Math.sqrt(2), 0
        },
        x,
        1e-15);
  }

  @Test
  void aSampleOfZerosCannotGoToTheSphere() {
    Dataset data = inputs(1, 2, 0, -0.0);
    DataFormat fault = assertThrows(DataFormat.class, () -> data.normalised(Normalisation.SPHERE));
    assertEquals(
        "numbers, sample 1: all features are zero, so it cannot be scaled to the sphere; remove"
            + " it, or choose another normalisation",
        fault.getMessage());
  }

  @Test
  void aSampleThatIsRefusedAfterADrawIsNamedByItsPlaceInTheSource() {
    Dataset drawn = numbered(5).subset(5, 3);
    assertArrayEquals(order(drawn), drawn.places().numbers());
    DataFormat fault = assertThrows(DataFormat.class, () -> drawn.normalised(Normalisation.SPHERE));
    assertEquals(true, fault.getMessage().startsWith("numbers, sample 0: "), fault.getMessage());
    assertArrayEquals(
        order(drawn.split(0.5, 1).test()), drawn.split(0.5, 1).test().places().numbers());
  }

  @Test
  void standardFeaturesHaveMeanZeroAndVarianceOne() {
    Dataset data = numbered(7).normalised(Normalisation.STANDARD);
    for (int i = 0; i < 2; i++) {
      double sum = 0;
      double squares = 0;
      for (int j = 0; j < 7; j++) {
        sum += data.inputs().get(i, j);
        squares += data.inputs().get(i, j) * data.inputs().get(i, j);
      }
      assertEquals(0, sum, 1e-14);
      assertEquals(7, squares, 1e-14);
    }
    assertArrayEquals(
        new double[] {1, -1},
        dataset(new DenseMatrix(1, 2, new double[] {1e308, -1e308}))
            .normalised(Normalisation.STANDARD)
            .inputs()
            .values(),
        1e-15);
  }

  /** 0.1 added up ten times is not 1, so a naive variance of this feature is not zero. */
  @Test
  void aConstantFeatureBecomesExactlyZero() {
    double[] constant = new double[10];
    Arrays.fill(constant, 0.1);
    Dataset data = dataset(new DenseMatrix(1, 10, constant));
    assertArrayEquals(new double[10], data.normalised(Normalisation.STANDARD).inputs().values());
  }

  @Test
  void unitScalesAllSamplesByOneNumber() {
    Dataset data = numbered(5).normalised(Normalisation.UNIT);
    for (int j = 0; j < 5; j++) {
      assertEquals(j / 4.0, data.inputs().get(0, j));
      assertEquals(-j / 4.0, data.inputs().get(1, j));
    }
    assertArrayEquals(
        new double[2],
        dataset(DenseMatrix.zeros(1, 2)).normalised(Normalisation.UNIT).inputs().values());
  }

  @Test
  void testSamplesAreScaledAsTheTrainingSamplesAre() {
    Dataset data = inputs(2, 4, 4, 4, 6, -7);
    assertArrayEquals(
        new double[] {-1, 0, 1, 0, 3, 0},
        data.normalised(Normalisation.STANDARD, 2).inputs().values());
    assertArrayEquals(
        new double[] {0.5, 1, 1, 1, 1.5, -1.75},
        data.normalised(Normalisation.UNIT, 2).inputs().values());
  }

  @Test
  void trainingSamplesAreTheSameWhateverIsTestedOn() {
    double[] numbers = IntStream.range(0, 18).mapToDouble(k -> Math.exp(k % 7)).toArray();
    for (Normalisation how : Normalisation.values()) {
      assertArrayEquals(
          inputs(Arrays.copyOf(numbers, 10)).normalised(how).inputs().values(),
          Arrays.copyOf(inputs(numbers).normalised(how, 5).inputs().values(), 10));
    }
  }

  @Test
  void normalisationModifiesNothing() {
    Dataset data = numbered(5);
    double[] before = data.inputs().values().clone();
    data.subset(5, 1).normalised(Normalisation.STANDARD);
    data.normalised(Normalisation.STANDARD);
    assertArrayEquals(before, data.inputs().values());
    assertArrayEquals(before, data.normalised(Normalisation.NONE).inputs().values());
  }

  @Test
  void aNumberThatIsNotFiniteIsNamedBySampleAndFeature() {
    DataFormat fault = assertThrows(DataFormat.class, () -> inputs(1, 2, 3, Double.NaN, 5, 6));
    assertEquals(
        "numbers, sample 1: feature 1 is NaN; remove or repair the sample", fault.getMessage());
  }

  @Test
  void oneHotTargetsAreUnitVectors() {
    assertArrayEquals(
        new double[] {0, 0, 1, 1, 0, 0}, new Classes(3, new int[] {2, 0}).oneHot().values());
    assertThrows(IllegalArgumentException.class, () -> new Classes(2, new int[] {2}));
  }

  /** Sample j is (j, −j), its target 2j and its class j mod 3. */
  private static Dataset numbered(int samples) {
    DenseMatrix inputs = DenseMatrix.zeros(2, samples);
    DenseMatrix targets = DenseMatrix.zeros(1, samples);
    int[] labels = new int[samples];
    for (int j = 0; j < samples; j++) {
      inputs.set(0, j, j);
      inputs.set(1, j, -j);
      targets.set(0, j, 2 * j);
      labels[j] = j % 3;
    }
    return new Dataset(
        "numbers", inputs, Optional.of(targets), Optional.of(new Classes(3, labels)), List.of());
  }

  private static Dataset inputs(double... pairs) {
    return dataset(new DenseMatrix(2, pairs.length / 2, pairs));
  }

  private static Dataset dataset(DenseMatrix inputs) {
    return new Dataset("numbers", inputs, Optional.empty(), Optional.empty(), List.of());
  }

  private static int[] order(Dataset data) {
    return IntStream.range(0, data.samples()).map(j -> (int) data.inputs().get(0, j)).toArray();
  }
}
