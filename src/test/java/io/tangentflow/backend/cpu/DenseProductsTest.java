package io.tangentflow.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.Networks;
import org.junit.jupiter.api.Test;

class DenseProductsTest {

  /** Of small integers, so that sums are exact in any order. */
  private static DenseMatrix integers(int rows, int columns, int seed) {
    DenseMatrix m = DenseMatrix.zeros(rows, columns);
    for (int k = 0; k < m.values().length; k++) {
      m.values()[k] = (k * 7 + seed) % 11 - 5;
    }
    return m;
  }

  @Test
  void productsAreThoseOfTheDefinition() {
    for (int[] shape : new int[][] {{1, 1, 1}, {2, 5, 3}, {17, 4, 9}, {3, 70, 40}, {1, 6, 1}}) {
      DenseMatrix a = integers(shape[0], shape[1], 1);
      DenseMatrix b = integers(shape[1], shape[2], 2);
      DenseMatrix expected = Networks.product(a, b);
      assertTrue(expected.norm() > 0);
      assertEquals(0, expected.distance(DenseProducts.product(a, b)));
      assertEquals(0, expected.distance(DenseProducts.transposedProduct(a.transpose(), b)));
      assertEquals(0, expected.distance(DenseProducts.productTransposed(a, b.transpose())));
    }
  }

  @Test
  void ofASymmetricMatrixTheLowerTriangleIsRead() {
    DenseMatrix a = integers(6, 6, 3);
    DenseMatrix k = DenseMatrix.zeros(6, 6);
    for (int i = 0; i < 6; i++) {
      for (int j = 0; j < 6; j++) {
        k.set(i, j, a.get(Math.max(i, j), Math.min(i, j)));
      }
    }
    DenseMatrix b = integers(6, 4, 4);
    assertEquals(0, Networks.product(k, b).distance(DenseProducts.symmetricProduct(a, b)));
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    DenseMatrix a = DenseMatrix.zeros(2, 3);
    assertThrows(IllegalArgumentException.class, () -> DenseProducts.product(a, a));
    assertThrows(
        IllegalArgumentException.class, () -> DenseProducts.transposedProduct(a, a.transpose()));
    assertThrows(
        IllegalArgumentException.class, () -> DenseProducts.productTransposed(a, a.transpose()));
    assertThrows(
        IllegalArgumentException.class, () -> DenseProducts.symmetricProduct(a, a.transpose()));
  }
}
