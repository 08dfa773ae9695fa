package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.DoubleBinaryOperator;
import org.junit.jupiter.api.Test;

class TwoTimeGridTest {

  /** Polynomials of degree below the number of nodes are integrated exactly. */
  @Test
  void theSquareIntegratesPolynomialsExactly() {
    TwoTimeGrid grid = TwoTimeGrid.square(8);
    double[] f = sample(grid, (t, s) -> Math.pow(t, 5) * s * s);
    assertIntegrals(grid, f, (t, s) -> Math.pow(t, 6) / 6 * Math.pow(s, 3) / 3, 1e-15);
    assertEquals(1.0 / 18, grid.total(f), 1e-15);
    double[] toEnd = grid.toEnd(f);
    for (int p = 0; p < grid.points(); p++) {
      double t = grid.times()[grid.first(p)];
      double s = grid.times()[grid.second(p)];
      assertEquals((1 - Math.pow(t, 6)) / 6 * (1 - Math.pow(s, 3)) / 3, toEnd[p], 1e-15);
    }
  }

  /** |t − s| = t(1 − q)², a polynomial in t and q, so that only the rule along strips errs. */
  @Test
  void theTriangleIntegratesAKinkOnTheDiagonal() {
    TwoTimeGrid grid = TwoTimeGrid.triangle(10);
    double[] f = sample(grid, (t, s) -> Math.abs(t - s));
    DoubleBinaryOperator integral =
        (t, s) -> s * s * s / 3 + s * (t * t - s * s) / 2 - s * s * (t - s) / 2; // s ≤ t
    assertIntegrals(grid, f, integral, 1e-14);
    assertEquals(1.0 / 3, grid.total(f), 1e-14);
    double[] toEnd = grid.toEnd(f);
    for (int p = 0; p < grid.points(); p++) {
      double t = grid.times()[grid.first(p)];
      double s = grid.times()[grid.second(p)];
      assertEquals(integral.applyAsDouble(1 - s, 1 - t), toEnd[p], 1e-14);
    }
  }

  /** (t − s)₊, whose mirror image it is not. */
  @Test
  void bothTrianglesIntegrateWhatIsNotSymmetric() {
    TwoTimeGrid grid = TwoTimeGrid.triangle(10).forPairs();
    double[] f = sample(grid, (t, s) -> Math.max(0, t - s));
    DoubleBinaryOperator integral =
        (t, s) -> (Math.pow(t, 3) - Math.pow(Math.max(0, t - s), 3)) / 6;
    assertIntegrals(grid, f, integral, 1e-14);
    assertEquals(1.0 / 6, grid.total(f), 1e-14);
    double[] toEnd = grid.toEnd(f);
    for (int p = 0; p < grid.points(); p++) {
      double t = grid.times()[grid.first(p)];
      double s = grid.times()[grid.second(p)];
      assertEquals(integral.applyAsDouble(1 - s, 1 - t), toEnd[p], 1e-14);
    }
    TwoTimeGrid coarse = TwoTimeGrid.triangle(6).forPairs();
    double[] resampled = grid.resample(sample(coarse, (t, s) -> Math.max(0, t - s)), coarse);
    for (int p = 0; p < f.length; p++) {
      assertEquals(f[p], resampled[p], 1e-14);
    }
  }

  @Test
  void finerGridsReproducePolynomials() {
    TwoTimeGrid coarse = TwoTimeGrid.square(6);
    TwoTimeGrid fine = TwoTimeGrid.square(8);
    DoubleBinaryOperator f = (t, s) -> 1 + t * s - 3 * Math.pow(t, 4) * s;
    double[] expected = sample(fine, f);
    double[] resampled = fine.resample(sample(coarse, f), coarse);
    for (int p = 0; p < expected.length; p++) {
      assertEquals(expected[p], resampled[p], 1e-14);
    }
  }

  private static double[] sample(TwoTimeGrid grid, DoubleBinaryOperator f) {
    double[] values = new double[grid.points()];
    for (int p = 0; p < values.length; p++) {
      values[p] = f.applyAsDouble(grid.times()[grid.first(p)], grid.times()[grid.second(p)]);
    }
    return values;
  }

  private static void assertIntegrals(
      TwoTimeGrid grid, double[] f, DoubleBinaryOperator expected, double tolerance) {
    double[] fromStart = grid.fromStart(f);
    for (int p = 0; p < fromStart.length; p++) {
      double t = grid.times()[grid.first(p)];
      double s = grid.times()[grid.second(p)];
      assertEquals(expected.applyAsDouble(t, s), fromStart[p], tolerance, t + " " + s);
    }
    double[] squares = grid.squares(f);
    for (int k = 0; k < squares.length; k++) {
      double t = grid.times()[k];
      assertEquals(expected.applyAsDouble(t, t), squares[k], tolerance);
    }
  }
}
