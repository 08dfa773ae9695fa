package io.tangentflow.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.DenseMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VerifiedEigenvalueTest {

  /** (1 − ρ)I + ρ11ᵀ has the eigenvalues 1 − ρ and 1 + (N − 1)ρ. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.25, 0.5, 0.99609375, 1})
  void boundsHoldTheEigenvaluesOfEquicorrelatedMatrices(double rho) {
    int n = 60;
    DenseMatrix k = Matrices.equicorrelated(n, rho);
    assertWithin(1 - rho, VerifiedEigenvalue.least(k));
    assertWithin(1 + (n - 1) * rho, VerifiedEigenvalue.greatest(k));
  }

  /** The circulant of 2, −1, 0 … 0, −1 has the eigenvalues 2 − 2 cos(2πk/N). */
  @Test
  void boundsHoldTheEigenvaluesOfACirculant() {
    int n = 64;
    DenseMatrix k = DenseMatrix.zeros(n, n);
    for (int i = 0; i < n; i++) {
      k.set(i, i, 2);
      k.set(i, (i + 1) % n, -1);
      k.set((i + 1) % n, i, -1);
    }
    assertWithin(0, VerifiedEigenvalue.least(k));
    assertWithin(4, VerifiedEigenvalue.greatest(k));
  }

  @Test
  void boundsHoldForIndefiniteAndNegativeMatrices() {
    DenseMatrix k = new DenseMatrix(2, 2, new double[] {1, 2, 2, 1});
    assertWithin(-1, VerifiedEigenvalue.least(k));
    assertWithin(3, VerifiedEigenvalue.greatest(k));
    DenseMatrix negative = new DenseMatrix(2, 2, new double[] {-3, 1, 1, -3});
    assertWithin(-4, VerifiedEigenvalue.least(negative));
    assertWithin(-2, VerifiedEigenvalue.greatest(negative));
    assertWithin(7, VerifiedEigenvalue.least(new DenseMatrix(1, 1, new double[] {7})));
  }

  /** The solver's errors are relative to the largest eigenvalue, and the bound says so. */
  @Test
  void boundsHoldForEigenvaluesOfVeryDifferentSizes() {
    DenseMatrix k = new DenseMatrix(3, 3, new double[] {1e10, 0, 0, 0, 1, 0, 0, 0, 1e-3});
    VerifiedEigenvalue least = VerifiedEigenvalue.least(k);
    assertEquals(1e-3, least.value(), least.bound());
    assertTrue(least.bound() < 3 * 3 * 16 * 0x1p-53 * 1e10, least.toString());
    assertWithin(1e10, VerifiedEigenvalue.greatest(k));
  }

  @Test
  void theZeroMatrixHasTheEigenvalueZeroExactly() {
    VerifiedEigenvalue least = VerifiedEigenvalue.least(DenseMatrix.zeros(4, 4));
    assertEquals(0, least.value());
    assertEquals(0, least.bound());
  }

  /** A true eigenvalue with a small residual, and not the extreme one: a residual alone passes. */
  @Test
  void anEigenvalueThatIsNotExtremeIsNotConfirmed() {
    DenseMatrix k = new DenseMatrix(2, 2, new double[] {2, 1, 1, 2});
    Spectrum.Extreme other = new Spectrum.Extreme(3, 0, 1e-15);
    assertThrows(ArithmeticException.class, () -> VerifiedEigenvalue.verified(other, k, 1));
    Spectrum.Extreme low = new Spectrum.Extreme(1, 0, 1e-15);
    assertThrows(ArithmeticException.class, () -> VerifiedEigenvalue.verified(low, k, -1));
    assertWithin(1, VerifiedEigenvalue.verified(low, k, 1));
  }

  /** What verification adds is N²u·tr K/N at most, with a factor. */
  private static void assertWithin(double expected, VerifiedEigenvalue lambda) {
    assertEquals(expected, lambda.value(), lambda.bound());
    assertTrue(lambda.bound() < 1e-11 * Math.max(1, Math.abs(expected)), lambda.toString());
  }
}
