package io.tangentflow.kernel.limit;

import java.util.Arrays;

/**
 * For functions F(t, s) that are smooth in either triangle of the square but not symmetric, such as
 * the kernels of two inputs of different norms: their values at the points of a {@link
 * TriangleGrid}, then those at the points mirrored. An integral over a rectangle is the sum of
 * those over its parts in both triangles.
 */
final class TrianglesGrid extends TwoTimeGrid {

  private final TriangleGrid triangle;
  private final double[][] fromStartOwn;
  private final double[][] fromStartOther;
  private final double[][] toEndOwn;
  private final double[][] toEndOther;

  /**
   * @param fromStartOwn ∫₀ᵗ∫₀ˢ F over the triangle that (t, s) lies in
   * @param fromStartOther the same over the other one
   */
  TrianglesGrid(
      TriangleGrid triangle,
      double[][] fromStartOwn,
      double[][] fromStartOther,
      double[][] toEndOwn,
      double[][] toEndOther) {
    super(triangle.rule);
    this.triangle = triangle;
    this.fromStartOwn = fromStartOwn;
    this.fromStartOther = fromStartOther;
    this.toEndOwn = toEndOwn;
    this.toEndOther = toEndOther;
  }

  /** The map of symmetric functions. */
  double[][] fromStartAlone() {
    return TriangleGrid.plus(fromStartOwn, fromStartOther);
  }

  double[][] toEndAlone() {
    return TriangleGrid.plus(toEndOwn, toEndOther);
  }

  @Override
  int points() {
    return 2 * triangle.points();
  }

  @Override
  double[] times() {
    return triangle.times();
  }

  @Override
  int first(int point) {
    int mirrored = point - triangle.points();
    return mirrored < 0 ? triangle.first(point) : triangle.second(mirrored);
  }

  @Override
  int second(int point) {
    int mirrored = point - triangle.points();
    return mirrored < 0 ? triangle.second(point) : triangle.first(mirrored);
  }

  @Override
  double[] fromStart(double[] f) {
    return apply(fromStartOwn, fromStartOther, f);
  }

  @Override
  double[] toEnd(double[] f) {
    return apply(toEndOwn, toEndOther, f);
  }

  @Override
  double[] squares(double[] f) {
    double[] sum = triangle.squares(later(f));
    double[] other = triangle.squares(earlier(f));
    for (int k = 0; k < sum.length; k++) {
      sum[k] = 0.5 * (sum[k] + other[k]);
    }
    return sum;
  }

  @Override
  double total(double[] f) {
    return 0.5 * (triangle.total(later(f)) + triangle.total(earlier(f)));
  }

  @Override
  double[] resample(double[] f, TwoTimeGrid from) {
    int n = from.points() / 2;
    return concat(
        triangle.resample(Arrays.copyOf(f, n), from),
        triangle.resample(Arrays.copyOfRange(f, n, 2 * n), from));
  }

  private double[] apply(double[][] own, double[][] other, double[] f) {
    double[] later = later(f);
    double[] earlier = earlier(f);
    double[] values = new double[f.length];
    for (int p = 0; p < later.length; p++) {
      values[p] = TriangleGrid.dot(own[p], later) + TriangleGrid.dot(other[p], earlier);
      values[later.length + p] =
          TriangleGrid.dot(own[p], earlier) + TriangleGrid.dot(other[p], later);
    }
    return values;
  }

  /** The values at t ≥ s. */
  private double[] later(double[] f) {
    return Arrays.copyOf(f, triangle.points());
  }

  /** The values at t ≤ s. */
  private double[] earlier(double[] f) {
    return Arrays.copyOfRange(f, triangle.points(), f.length);
  }
}
