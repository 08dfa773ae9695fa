package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.data.SamplePairs.Match;
import io.tangentflow.data.SamplePairs.Pair;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.util.List;
import org.junit.jupiter.api.Test;

class SamplePairsTest {

  @Test
  void theExtremePairsAreThoseOfAllCorrelations() {
    DenseMatrix x = Parameters.gaussian(6, 40, 9, 0);
    double greatest = -1;
    double least = 1;
    for (int j = 1; j < 40; j++) {
      for (int i = 0; i < j; i++) {
        greatest = Math.max(greatest, rho(x, i, j));
        least = Math.min(least, rho(x, i, j));
      }
    }
    SamplePairs pairs = SamplePairs.of(x);
    Pair closest = pairs.closest().orElseThrow();
    Pair opposite = pairs.mostOpposite().orElseThrow();
    assertEquals(greatest, closest.rho(), 1e-14);
    assertEquals(greatest, rho(x, closest.first(), closest.second()), 1e-14);
    assertEquals(Math.acos(greatest), closest.angle(), 1e-14);
    assertEquals(least, opposite.rho(), 1e-14);
    assertEquals(least, rho(x, opposite.first(), opposite.second()), 1e-14);
    assertEquals(Math.acos(least), opposite.angle(), 1e-14);
    assertEquals(Math.max(greatest, -least), pairs.greatestCorrelation(), 1e-14);
    assertEquals(List.of(), pairs.duplicates());
    assertEquals(List.of(), pairs.antipodes());
    assertEquals(List.of(), pairs.zeros());
  }

  /** ρ is 1 to the last bit for both pairs; the angle tells them apart. */
  @Test
  void nearlyEqualDirectionsAreToldApart() {
    DenseMatrix x =
        new DenseMatrix(2, 4, new double[] {1, 0, 1, 2e-9, -3, -6e-9 - 3e-9, 0.5, 1e-9});
    SamplePairs pairs = SamplePairs.of(x);
    Pair closest = pairs.closest().orElseThrow();
    assertEquals(1, closest.first());
    assertEquals(3, closest.second());
    assertEquals(0, closest.angle(), 1e-16);
    Pair opposite = pairs.mostOpposite().orElseThrow();
    assertEquals(-1, opposite.rho());
    assertEquals(1, opposite.first());
    assertEquals(2, opposite.second());
    assertEquals(Math.PI - 1e-9, opposite.angle(), 1e-15);
    DenseMatrix near = new DenseMatrix(2, 2, new double[] {1, 0, 1, 1e-9});
    Pair pair = SamplePairs.of(near).closest().orElseThrow();
    assertEquals(1e-9, pair.angle(), 1e-24);
    assertEquals(1e-9, pair.distance(), 1e-24);
    assertEquals(1, pair.rho());
  }

  @Test
  void repeatedOppositeAndZeroSamplesAreNamed() {
    DenseMatrix x =
        new DenseMatrix(2, 7, new double[] {1, 2, 0, 0, 1, 2, -1, -2, -0.0, 0, 1, 2, 1, -2});
    SamplePairs pairs = SamplePairs.of(x);
    assertEquals(List.of(new Match(0, 2), new Match(1, 4), new Match(0, 5)), pairs.duplicates());
    assertEquals(List.of(new Match(0, 3), new Match(3, 5)), pairs.antipodes());
    assertEquals(List.of(1, 4), pairs.zeros());
    assertEquals(0, pairs.leastNorm());
    assertEquals(2.5, pairs.greatestNorm(), 1e-15);
  }

  @Test
  void oneSampleHasNoPair() {
    SamplePairs pairs = SamplePairs.of(new DenseMatrix(2, 1, new double[] {3, 4}));
    assertTrue(pairs.closest().isEmpty() && pairs.mostOpposite().isEmpty());
    assertEquals(0, pairs.greatestCorrelation());
    assertEquals(12.5, pairs.leastNorm(), 1e-14);
  }

  private static double rho(DenseMatrix x, int i, int j) {
    return dot(x, i, j) / Math.sqrt(dot(x, i, i) * dot(x, j, j));
  }

  private static double dot(DenseMatrix x, int i, int j) {
    double sum = 0;
    for (int k = 0; k < x.rows(); k++) {
      sum += x.get(k, i) * x.get(k, j);
    }
    return sum;
  }
}
