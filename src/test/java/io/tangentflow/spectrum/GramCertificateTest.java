package io.tangentflow.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.KernelNotPositive;
import io.tangentflow.model.DenseMatrix;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GramCertificateTest {

  private static final int N = 40;

  @Test
  void theBoundIsTheSumOfItsParts() {
    GramCertificate certificate = GramCertificate.of(Matrices.equicorrelated(N, 0.5), 1e-3, 1e-5);
    CertifiedEigenvalue least = certificate.least();
    assertEquals(N * 1e-3, least.evaluation());
    assertEquals(N * 1e-5, least.inputs());
    assertTrue(least.solver() > 0 && least.solver() < 1e-11);
    assertEquals(N * 1.01e-3, least.bound(), 1e-10);
    assertEquals(least.value() - least.bound(), least.lower());
    assertEquals(least.value() + least.bound(), least.upper());
  }

  /** The exact matrix's eigenvalues lie within the certificate of any matrix that near. */
  @Test
  void errorsOfTheEntriesMoveEigenvaluesWithinTheBound() {
    double error = 1e-3;
    Random random = new Random(3);
    for (int trial = 0; trial < 20; trial++) {
      DenseMatrix k = Matrices.equicorrelated(N, 0.5);
      for (int i = 0; i < N; i++) {
        for (int j = 0; j <= i; j++) {
          double e = random.nextBoolean() ? error : -error;
          k.set(i, j, k.get(i, j) + e);
          k.set(j, i, k.get(i, j));
        }
      }
      GramCertificate certificate = GramCertificate.of(k, error, 0);
      assertEquals(0.5, certificate.least().value(), certificate.least().bound());
      assertEquals(0.5 * (N + 1), certificate.greatest().value(), certificate.greatest().bound());
    }
  }

  /** E = ε11ᵀ, whose norm is Nε: no smaller bound would hold. */
  @Test
  void theBoundIsAttained() {
    double error = 1e-3;
    DenseMatrix k = Matrices.equicorrelated(N, 0.5);
    for (int i = 0; i < N * N; i++) {
      k.values()[i] += error;
    }
    CertifiedEigenvalue greatest = GramCertificate.of(k, error, 0).greatest();
    assertEquals(0.5 * (N + 1), greatest.lower(), 1e-10);
  }

  @Test
  void definitenessIsProvenExactlyWhereTheLeastEigenvalueExceedsItsBound() {
    DenseMatrix k = Matrices.equicorrelated(N, 0.5);
    assertTrue(GramCertificate.of(k, 0.499 / N, 0).positiveDefinite());
    assertFalse(GramCertificate.of(k, 0.501 / N, 0).positiveDefinite());
    assertFalse(GramCertificate.of(k, 0.25 / N, 0.251 / N).positiveDefinite());
    assertFalse(GramCertificate.of(Matrices.equicorrelated(N, 1), 0, 0).positiveDefinite());
  }

  @Test
  void aMatrixThatIsSurelyIndefiniteIsRefused() {
    DenseMatrix k = Matrices.equicorrelated(N, 1.001);
    KernelNotPositive refusal =
        assertThrows(KernelNotPositive.class, () -> GramCertificate.of(k, 0, 0));
    assertEquals(10, refusal.exitCode());
    assertTrue(refusal.getMessage().contains("λ_min = -1.000e-03"), refusal.getMessage());
    assertFalse(GramCertificate.of(k, 1e-3, 0).positiveDefinite());
  }

  @Test
  void theSafeLearningRateIsStableForEveryMatrixWithinTheErrors() {
    GramCertificate certificate = GramCertificate.of(Matrices.equicorrelated(N, 0.5), 1e-2, 0);
    assertEquals(2 / 20.5, certificate.greatestStableLearningRate(), 1e-13);
    // λ_max of the worst matrix is 20.5 + N·0.01.
    assertEquals(2 / 20.9, certificate.safeLearningRate(), 1e-13);
  }
}
