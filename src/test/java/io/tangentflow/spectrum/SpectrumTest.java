package io.tangentflow.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.util.Arrays;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.Test;

class SpectrumTest {

  /** The second-difference matrix has the eigenvalues 2 − 2 cos(kπ/(N+1)). */
  @Test
  void eigenvaluesOfTheDiscreteLaplacianAreTheKnownOnes() {
    int n = 200;
    DenseMatrix k = DenseMatrix.zeros(n, n);
    for (int i = 0; i < n; i++) {
      k.set(i, i, 2);
      if (i > 0) {
        k.set(i, i - 1, -1);
        k.set(i - 1, i, -1);
      }
    }
    double[] values = Spectrum.eigenvalues(k);
    for (int i = 0; i < n; i++) {
      assertEquals(2 - 2 * Math.cos((i + 1) * Math.PI / (n + 1)), values[i], n * 4 * 0x1p-53);
    }
    Spectrum.Extreme least = Spectrum.least(k);
    assertEquals(2 - 2 * Math.cos(Math.PI / (n + 1)), least.value(), least.errorBound());
    Spectrum.Extreme greatest = Spectrum.greatest(k);
    assertEquals(2 - 2 * Math.cos(n * Math.PI / (n + 1)), greatest.value(), greatest.errorBound());
    assertTrue(least.errorBound() < 1e-11);
  }

  @Test
  void agreesWithAnotherEigensolver() {
    for (int n : new int[] {1, 2, 3, 50}) {
      DenseMatrix k = wishart(n, 60);
      double[] expected = new EigenDecomposition(asRealMatrix(k)).getRealEigenvalues();
      Arrays.sort(expected);
      double bound = n * expected[n - 1] * 0x1p-50;
      double[] values = Spectrum.eigenvalues(k);
      for (int i = 0; i < n; i++) {
        assertEquals(expected[i], values[i], bound);
      }
      assertEquals(expected[0], Spectrum.least(k).value(), bound);
      assertEquals(expected[n - 1], Spectrum.greatest(k).value(), bound);
    }
  }

  /** V is orthogonal, V diag(λ) Vᵀ is K, and λ are those of another solver within their bound. */
  @Test
  void theDecompositionIsOneOfTheMatrix() {
    for (int n : new int[] {1, 2, 50}) {
      DenseMatrix k = wishart(n, 60);
      Spectrum.Decomposition found = Spectrum.decomposition(k);
      double[] expected = new EigenDecomposition(asRealMatrix(k)).getRealEigenvalues();
      Arrays.sort(expected);
      double bound = n * expected[n - 1] * 0x1p-50;
      RealMatrix v = asRealMatrix(found.vectors());
      RealMatrix one = v.transpose().multiply(v);
      assertEquals(0, one.subtract(MatrixUtils.createRealIdentityMatrix(n)).getNorm(), n * 0x1p-48);
      RealMatrix product =
          v.multiply(MatrixUtils.createRealDiagonalMatrix(found.values())).multiply(v.transpose());
      assertEquals(0, product.subtract(asRealMatrix(k)).getNorm(), 8 * bound);
      for (int i = 0; i < n; i++) {
        assertEquals(expected[i], found.values()[i], bound + found.errorBound());
      }
      assertTrue(found.errorBound() < 100 * bound, found.errorBound() + " and " + bound);
    }
  }

  @Test
  void zeroEigenvaluesOfTheDecompositionAreZeroWithinItsBound() {
    Spectrum.Decomposition found = Spectrum.decomposition(wishart(40, 35));
    for (int i = 0; i < 5; i++) {
      assertTrue(Math.abs(found.values()[i]) <= found.errorBound());
    }
    assertTrue(found.values()[5] > found.errorBound());
  }

  @Test
  void theDecompositionReadsTheLowerTriangle() {
    DenseMatrix k = wishart(8, 30);
    Spectrum.Decomposition whole = Spectrum.decomposition(k);
    DenseMatrix lower = new DenseMatrix(8, 8, k.values().clone());
    for (int j = 0; j < 8; j++) {
      for (int i = 0; i < j; i++) {
        lower.set(i, j, 1e3);
      }
    }
    assertEquals(0, whole.vectors().distance(Spectrum.decomposition(lower).vectors()));
  }

  /** A Gram matrix of rank below its order has least eigenvalue zero, to within the bound. */
  @Test
  void leastEigenvalueOfASingularGramIsZeroWithinItsBound() {
    Spectrum.Extreme least = Spectrum.least(wishart(40, 39));
    assertTrue(Math.abs(least.value()) <= least.errorBound(), least.toString());
    assertTrue(least.errorBound() < 1e-10, least.toString());
  }

  @Test
  void theMatrixIsNotModified() {
    DenseMatrix k = wishart(20, 30);
    double[] before = k.values().clone();
    Spectrum.eigenvalues(k);
    Spectrum.least(k);
    Spectrum.decomposition(k);
    assertTrue(Arrays.equals(before, k.values()));
  }

  @Test
  void aMatrixThatIsNotSquareIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> Spectrum.eigenvalues(DenseMatrix.zeros(2, 3)));
  }

  /** G Gᵀ for a Gaussian G of that rank. */
  private static DenseMatrix wishart(int n, int rank) {
    RealMatrix g = asRealMatrix(Parameters.gaussian(n, rank, 11, 0));
    RealMatrix product = g.multiply(g.transpose());
    return DenseMatrix.ofRows(n, n, product::getRow);
  }

  private static RealMatrix asRealMatrix(DenseMatrix m) {
    RealMatrix r = MatrixUtils.createRealMatrix(m.rows(), m.columns());
    for (int i = 0; i < m.rows(); i++) {
      for (int j = 0; j < m.columns(); j++) {
        r.setEntry(i, j, m.get(i, j));
      }
    }
    return r;
  }

  /** A power of two rounds nothing, so that values, residuals and bounds are those times it. */
  @Test
  void errorBoundsOfHugeAndTinyMatricesAreThoseOfTheMatrixNearOne() {
    DenseMatrix k = wishart(30, 60);
    for (int exponent : new int[] {-900, -600, 600, 900}) {
      DenseMatrix far =
          new DenseMatrix(
              30, 30, Arrays.stream(k.values()).map(v -> Math.scalb(v, exponent)).toArray());
      Spectrum.Ends near = Spectrum.ends(k);
      Spectrum.Ends ends = Spectrum.ends(far);
      assertScaled(near.least(), ends.least(), exponent);
      assertScaled(near.greatest(), ends.greatest(), exponent);
      double bound = Spectrum.decomposition(k).errorBound();
      assertEquals(
          Math.scalb(bound, exponent),
          Spectrum.decomposition(far).errorBound(),
          Math.scalb(bound, exponent));
    }
  }

  private static void assertScaled(Spectrum.Extreme near, Spectrum.Extreme far, int exponent) {
    assertEquals(Math.scalb(near.value(), exponent), far.value());
    assertEquals(Math.scalb(near.residual(), exponent), far.residual());
    double bound = Math.scalb(near.errorBound(), exponent);
    assertEquals(bound, far.errorBound(), 1e-14 * bound);
  }
}
