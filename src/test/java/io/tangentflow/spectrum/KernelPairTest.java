package io.tangentflow.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import org.junit.jupiter.api.Test;

class KernelPairTest {

  @Test
  void theMostDependentPairHasTheLargestCosineWhateverItsSign() {
    DenseMatrix k = new DenseMatrix(3, 3, new double[] {4, 1, -5.6, 1, 1, 0.3, -5.6, 0.3, 9});
    KernelPair pair = KernelPair.mostDependent(k).orElseThrow();
    assertEquals(0, pair.first());
    assertEquals(2, pair.second());
    assertEquals(-5.6 / 6, pair.cosine(), 1e-15);
    // The roots of (4 − λ)(9 − λ) = 5.6².
    assertEquals(6.5 - Math.sqrt(6.25 + 31.36), pair.leastEigenvalue(), 1e-14);
  }

  @Test
  void samplesOfNormZeroAreInNoMostDependentPair() {
    DenseMatrix k = new DenseMatrix(2, 2, new double[] {0, 0, 0, 3});
    assertTrue(KernelPair.mostDependent(k).isEmpty());
    assertTrue(KernelPair.mostDependent(new DenseMatrix(1, 1, new double[] {1})).isEmpty());
  }

  /** Cauchy's interlacing. */
  @Test
  void noMinorHasASmallerEigenvalueThanTheWhole() {
    DenseMatrix g = Parameters.gaussian(30, 12, 5, 0);
    DenseMatrix k = DenseMatrix.zeros(12, 12);
    for (int i = 0; i < 12; i++) {
      for (int j = 0; j < 12; j++) {
        for (int r = 0; r < 30; r++) {
          k.set(i, j, k.get(i, j) + g.get(r, i) * g.get(r, j));
        }
      }
    }
    double least = Spectrum.least(k).value();
    for (int j = 1; j < 12; j++) {
      for (int i = 0; i < j; i++) {
        assertTrue(KernelPair.of(k, i, j).leastEigenvalue() >= least);
      }
    }
  }
}
