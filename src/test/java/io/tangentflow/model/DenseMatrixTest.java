package io.tangentflow.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DenseMatrixTest {

  private static DenseMatrix column(double... values) {
    return new DenseMatrix(values.length, 1, values);
  }

  @Test
  void normsOfWhateverSizeAreThoseOfTheMatrixNearOne() {
    DenseMatrix near = column(3, -4, 12, 0);
    DenseMatrix other = column(1, -2, 11, 4);
    assertEquals(13, near.norm());
    assertEquals(5, near.distance(other));
    for (int exponent : new int[] {-1060, -1022, -700, -500, -400, 400, 508, 509, 700, 1019}) {
      DenseMatrix far = scaled(near, exponent);
      assertEquals(Math.scalb(13.0, exponent), far.norm(), "2^" + exponent);
      assertEquals(
          Math.scalb(5.0, exponent), far.distance(scaled(other, exponent)), "2^" + exponent);
    }
  }

  /** Thousands of squares that would each be rounded to nothing or to a multiple of 2⁻¹⁰⁷⁴. */
  @Test
  void manySmallSquaresAreNotLost() {
    double[] values = new double[10_000];
    Arrays.fill(values, 1e-162);
    double rounding = values.length * 0x1p-53; // of a sum of so many, relatively
    assertEquals(1e-160, column(values).norm(), rounding * 1e-160);
    values[0] = 1e-158;
    double expected = Math.hypot(1e-158, Math.sqrt(9_999) * 1e-162);
    assertEquals(expected, column(values).norm(), rounding * expected);
  }

  @Test
  void normsThatAreNoFiniteNumbersAreSaid() {
    assertEquals(0, column(0, -0.0).norm());
    assertEquals(0, column().norm());
    assertEquals(0, column(1e300, 1e-300).distance(column(1e300, 1e-300)));
    assertEquals(Double.POSITIVE_INFINITY, column(1e308, 1.7e308).norm());
    assertEquals(Double.POSITIVE_INFINITY, column(1, Double.NEGATIVE_INFINITY).norm());
    assertEquals(Double.NaN, column(1, Double.NaN, Double.POSITIVE_INFINITY).norm());
  }

  private static DenseMatrix scaled(DenseMatrix matrix, int exponent) {
    return column(
        Arrays.stream(matrix.values()).map(value -> Math.scalb(value, exponent)).toArray());
  }
}
