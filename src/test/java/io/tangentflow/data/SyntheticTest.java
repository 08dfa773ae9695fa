package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.Arrays;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SyntheticTest {

  /** Two sums of d squares err by d ulp/2 each, the scaling between them by six. */
  @Test
  void everyPointHasSquaredNormD() {
    for (int d : new int[] {1, 2, 33}) {
      Dataset data = new Synthetic(d, OptionalLong.empty()).load(100, 7);
      for (int j = 0; j < 100; j++) {
        double squares = 0;
        for (int i = 0; i < d; i++) {
          squares += data.inputs().get(i, j) * data.inputs().get(i, j);
        }
        assertEquals(d, squares, d * (2 * d + 6) * 0x1p-53);
      }
    }
  }

  /**
   * On the sphere of squared norm d, E xᵢ = 0, E xᵢ² = 1, E xᵢxₖ = 0, E xᵢ⁴ = 3d/(d + 2), of
   * variances 1, 2(d − 1)/(d + 2), d/(d + 2), and below 105. Each mean over N points must be within
   * five standard errors; the generator is fixed, so this either holds or not.
   */
  @Test
  void itsMomentsAreThoseOfTheUniformDistribution() {
    int d = 6;
    int samples = 20_000;
    Dataset data = new Synthetic(d, OptionalLong.empty()).load(samples, 11);
    for (int i = 0; i < d; i++) {
      int k = (i + 1) % d;
      double first = 0;
      double second = 0;
      double mixed = 0;
      double fourth = 0;
      for (int j = 0; j < samples; j++) {
        double x = data.inputs().get(i, j);
        first += x / samples;
        second += x * x / samples;
        mixed += x * data.inputs().get(k, j) / samples;
        fourth += x * x * x * x / samples;
      }
      assertEquals(0, first, 5 * Math.sqrt(1.0 / samples));
      assertEquals(1, second, 5 * Math.sqrt(2.0 * (d - 1) / (d + 2) / samples));
      assertEquals(0, mixed, 5 * Math.sqrt((double) d / (d + 2) / samples));
      assertEquals(3.0 * d / (d + 2), fourth, 5 * Math.sqrt(105.0 / samples));
    }
  }

  @Test
  void fewerPointsAreTheBeginningOfMore() {
    Synthetic source = new Synthetic(5, OptionalLong.empty());
    assertArrayEquals(
        source.load(3, 1).inputs().values(),
        Arrays.copyOf(source.load(10, 1).inputs().values(), 15));
  }

  @Test
  void itsOwnSeedOverrulesTheGivenOne() {
    Dataset own = new Synthetic(5, OptionalLong.of(4)).load(3, 1);
    Dataset given = new Synthetic(5, OptionalLong.empty()).load(3, 4);
    Dataset other = new Synthetic(5, OptionalLong.empty()).load(3, 1);
    assertArrayEquals(given.inputs().values(), own.inputs().values());
    assertEquals("synthetic:d=5,seed=4", own.name());
    assertEquals(false, Arrays.equals(other.inputs().values(), own.inputs().values()));
  }

  @Test
  void theTargetIsTheSineOfTheFirstCoordinate() {
    Dataset data = new Synthetic(5, OptionalLong.empty()).load(3, 1);
    for (int j = 0; j < 3; j++) {
      assertEquals(
          Math.sin(data.inputs().get(0, j)), data.targets().orElseThrow().get(0, j), 1e-15);
    }
  }

  @Test
  void impossibleSizesAreRefused() {
    assertThrows(InvalidConfiguration.class, () -> new Synthetic(0, OptionalLong.empty()));
    Synthetic source = new Synthetic(1 << 20, OptionalLong.empty());
    assertThrows(InvalidConfiguration.class, () -> source.load(0, 1));
    assertThrows(InvalidConfiguration.class, () -> source.load(1 << 20, 1));
  }
}
