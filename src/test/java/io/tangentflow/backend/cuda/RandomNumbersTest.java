package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Weights;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.stat.inference.KolmogorovSmirnovTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights: by Philox those of every other backend, by cuRAND of the same distribution. */
@Tag("emulator")
class RandomNumbersTest {

  private static final NeuralOde MODEL =
      new NeuralOde(17, 61, StandardActivation.SOFTPLUS).withOutputs(3);

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "FP64"})
  void theSameSeedGivesTheWeightsOfTheHostToTwoUlp(Precision precision) {
    try (Backend backend = Emulated.open(precision);
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      for (long seed : new long[] {0, 1, -1, 0x123456789abcdefL}) {
        Weights weights = Weights.place(MODEL, new Parameters.Seeded(seed), workspace);
        Matrix[] placed = {weights.u(), weights.w(), weights.v()};
        for (int stream = 0; stream < placed.length; stream++) {
          DenseMatrix expected =
              Parameters.gaussian(placed[stream].rows(), placed[stream].columns(), seed, stream);
          DenseMatrix actual = backend.download(placed[stream]);
          for (int e = 0; e < expected.values().length; e++) {
            double z = expected.values()[e];
            double ulp = precision == Precision.FP32 ? Math.ulp((float) z) : Math.ulp(z);
            assertEquals(z, actual.values()[e], 2 * ulp, "number " + e);
          }
        }
      }
    }
  }

  @Test
  void curandFillsEvenAndOddSizesWithNormalNumbersThatTheSeedFixes() {
    for (Precision precision : new Precision[] {Precision.FP32, Precision.FP64}) {
      try (Backend backend = Emulated.open(precision, GaussianSource.CURAND);
          Workspace workspace = backend.workspace("a test", 1 << 24)) {
        assertTrue(backend.description().contains("cuRAND"), backend.description());
        for (int size : new int[] {1, 2, 7, 20_000, 20_001}) {
          double[] numbers = fill(backend, size, 3, 0, workspace);
          assertArrayEquals(numbers, fill(backend, size, 3, 0, workspace));
          for (double z : numbers) {
            assertTrue(Double.isFinite(z) && z != 0);
          }
          if (size >= 20_000) {
            double p =
                new KolmogorovSmirnovTest()
                    .kolmogorovSmirnovTest(new NormalDistribution(null, 0, 1), numbers);
            assertTrue(p > 1e-4, "p = " + p);
            double[] otherStream = fill(backend, size, 3, 1, workspace);
            double[] otherSeed = fill(backend, size, 4, 0, workspace);
            double[] philox = Parameters.gaussian(size, 1, 3, 0).values();
            for (double[] other : new double[][] {otherStream, otherSeed, philox}) {
              // The correlation of independent numbers has standard deviation 1/√size.
              assertTrue(Math.abs(correlation(numbers, other)) < 5 / Math.sqrt(size));
            }
          }
        }
      }
    }
  }

  private static double[] fill(
      Backend backend, int size, long seed, int stream, Workspace workspace) {
    Matrix target = workspace.allocate(size, 1);
    backend.gaussian(target, seed, stream);
    return backend.download(target).values();
  }

  private static double correlation(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum / a.length;
  }
}
