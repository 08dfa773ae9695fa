package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.spectrum.Spectrum;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolynomialRankTest {

  private static final int SAMPLES = 40;

  /** The rank is counted from the eigenvalues of a Gram with more samples than it. */
  @ParameterizedTest
  @CsvSource({
    "QUADRATIC, 1, 2, true, 9",
    "QUADRATIC, 2, 2, true, 17",
    "QUADRATIC, 1, 2, false, 12",
    "QUADRATIC, 1, 3, true, 25",
    "QUADRATIC, 1, 3, false, 31",
    "QUADRATIC, 1, 1, true, 2",
    "QUADRATIC, 1, 1, false, 3",
    "IDENTITY, 3, 5, true, 5",
    "IDENTITY, 3, 5, false, 5"
  })
  void theLimitIsTheRankOfTheGram(
      StandardActivation phi, int depth, int dimension, boolean onSphere, int expected) {
    assertEquals(
        OptionalLong.of(expected),
        PolynomialRank.below(SAMPLES, phi, OptionalInt.of(depth), dimension, onSphere));
    DenseMatrix x = Parameters.gaussian(dimension, SAMPLES, 17, 0);
    for (int j = 0; j < SAMPLES; j++) {
      double norm = 0;
      for (int i = 0; i < dimension; i++) {
        norm = Math.hypot(norm, x.get(i, j));
      }
      // Off the sphere within a shell: high powers of small samples would drown in rounding.
      double radius = onSphere ? 1 : 0.8 + 0.8 * j / SAMPLES;
      for (int i = 0; i < dimension; i++) {
        x.set(i, j, x.get(i, j) * radius * Math.sqrt(dimension) / norm);
      }
    }
    NeuralOde ode = new NeuralOde(dimension, 1, phi);
    double[] values = Spectrum.eigenvalues(new FiniteDepthLimit(ode, depth).gram(x).ntk());
    double greatest = values[SAMPLES - 1];
    // Rounding of the entries is N·1e-14 of the largest; the least of the others is counted.
    long rank = Arrays.stream(values).filter(value -> value > 1e-12 * greatest).count();
    assertEquals(expected, rank, Arrays.toString(values));
  }

  @Test
  void thereIsNoLimitWhereTheFeaturesSufficeOrHaveNoEnd() {
    assertEquals(OptionalLong.empty(), below(9, StandardActivation.QUADRATIC, OptionalInt.of(1)));
    assertEquals(OptionalLong.of(9), below(10, StandardActivation.QUADRATIC, OptionalInt.of(1)));
    assertEquals(
        OptionalLong.empty(), below(1000, StandardActivation.QUADRATIC, OptionalInt.of(8192)));
    assertEquals(
        OptionalLong.empty(), below(1000, StandardActivation.QUADRATIC, OptionalInt.empty()));
    assertEquals(OptionalLong.of(2), below(1000, StandardActivation.IDENTITY, OptionalInt.empty()));
    assertEquals(OptionalLong.empty(), below(2, StandardActivation.IDENTITY, OptionalInt.empty()));
    assertEquals(OptionalLong.empty(), below(1000, StandardActivation.TANH, OptionalInt.of(1)));
  }

  private static OptionalLong below(int samples, StandardActivation phi, OptionalInt depth) {
    return PolynomialRank.below(samples, phi, depth, 2, true);
  }
}
