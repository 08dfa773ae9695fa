package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.Classes;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.Targets.Coding;
import io.tangentflow.model.DenseMatrix;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class TargetsTest {

  private static final DenseMatrix INPUTS = DenseMatrix.zeros(2, 3);
  private static final DenseMatrix NUMBERS = new DenseMatrix(1, 3, new double[] {5, -1, 0.5});

  private static Dataset classes(int... labels) {
    return new Dataset(
        "three", INPUTS, Optional.empty(), Optional.of(new Classes(4, labels)), List.of());
  }

  private static Dataset numbers() {
    return new Dataset("three", INPUTS, Optional.of(NUMBERS), Optional.empty(), List.of());
  }

  @Test
  void oneHotTargetsSumToZero() {
    Targets targets = Targets.of(classes(2, 0, 2), Coding.ONEHOT, 3);
    assertArrayEquals(
        new double[] {
          -0.25, -0.25, 0.75, -0.25, 0.75, -0.25, -0.25, -0.25, -0.25, -0.25, 0.75, -0.25
        },
        targets.values().values());
  }

  @Test
  void theClassOfTheGreatestOutputIsRead() {
    Targets targets = Targets.of(classes(2, 0, 3), Coding.ONEHOT, 3);
    DenseMatrix outputs =
        new DenseMatrix(4, 3, new double[] {0, 0.1, 0.3, 0.2, 7, 8, 0, 0, -3, -2, -4, -1});
    assertEquals(OptionalDouble.of(2 / 3.0), targets.accuracy(outputs));
    assertEquals(OptionalDouble.of(1), targets.accuracy(targets.values()));
  }

  @Test
  void theNearestNumberOfAClassIsRead() {
    Targets targets = Targets.of(classes(2, 0, 3), Coding.LABELS, 3);
    assertArrayEquals(new double[] {2, 0, 3}, targets.values().values());
    DenseMatrix outputs = new DenseMatrix(1, 3, new double[] {2.4, -0.6, 2.6});
    assertEquals(OptionalDouble.of(2 / 3.0), targets.accuracy(outputs));
  }

  @Test
  void lossIsHalfTheSumOfSquares() {
    Targets targets = Targets.of(numbers(), Coding.DATA, 3);
    DenseMatrix outputs = new DenseMatrix(1, 3, new double[] {4, -1, 2.5});
    assertEquals(0.5 * (1 + 4), targets.loss(outputs), 1e-15);
    assertTrue(targets.accuracy(outputs).isEmpty());
  }

  @Test
  void aRangeIsOfValuesAndLabels() {
    Targets part = Targets.of(classes(2, 0, 3), Coding.ONEHOT, 3).range(1, 3);
    assertEquals(2, part.samples());
    assertEquals(0.75, part.values().get(0, 0));
    assertEquals(0.75, part.values().get(3, 1));
    assertEquals(OptionalDouble.of(1), part.accuracy(part.values()));
  }

  @Test
  void theCodingFollowsTheData() {
    assertEquals(Coding.ONEHOT, Targets.defaultCoding(classes(1, 2, 3)));
    assertEquals(Coding.DATA, Targets.defaultCoding(numbers()));
    for (Coding coding : List.of(Coding.ONEHOT, Coding.LABELS)) {
      InvalidConfiguration failure =
          assertThrows(InvalidConfiguration.class, () -> Targets.of(numbers(), coding, 3));
      assertTrue(failure.getMessage().contains("needs classes"), failure.getMessage());
    }
    assertThrows(InvalidConfiguration.class, () -> Targets.of(classes(1, 2, 3), Coding.DATA, 3));
  }

  /** Mean and deviation are those of the first four numbers of each output: 2.5, √1.25; 3, 3. */
  @Test
  void standardTargetsAreInDeviationsOfTheTrainingSamples() {
    DenseMatrix numbers = new DenseMatrix(2, 5, new double[] {1, 0, 2, 0, 3, 6, 4, 6, 10, -9});
    Targets targets = Targets.of(of(numbers), Coding.STANDARD, 4);
    double s = Math.sqrt(1.25);
    double[] expected = {-1.5 / s, -1, -0.5 / s, -1, 0.5 / s, 1, 1.5 / s, 1, 7.5 / s, -4};
    assertArrayEquals(expected, targets.values().values(), 1e-14);
    assertEquals(Coding.STANDARD, targets.coding());
    assertTrue(targets.accuracy(targets.values()).isEmpty());
  }

  @Test
  void standardTargetsNeedNumbersThatVaryOverTheTrainingSamples() {
    assertRefused("needs numbers to be learnt", classes(1, 2, 3), 3);
    DenseMatrix constant = new DenseMatrix(1, 3, new double[] {0.1, 0.1, 5});
    assertRefused("of target 0 of three over 2 training samples is 0.0", of(constant), 2);
    DenseMatrix huge = new DenseMatrix(1, 3, new double[] {1e300, -1e300, 5});
    assertRefused("over 3 training samples is Infinity", of(huge), 3);
    assertRefused("over 1 training sample is 0.0", numbers(), 1);
  }

  private static Dataset of(DenseMatrix numbers) {
    return new Dataset(
        "three",
        DenseMatrix.zeros(2, numbers.columns()),
        Optional.of(numbers),
        Optional.empty(),
        List.of());
  }

  private static void assertRefused(String words, Dataset dataset, int training) {
    InvalidConfiguration failure =
        assertThrows(
            InvalidConfiguration.class, () -> Targets.of(dataset, Coding.STANDARD, training));
    assertTrue(failure.getMessage().contains(words), failure.getMessage());
  }
}
