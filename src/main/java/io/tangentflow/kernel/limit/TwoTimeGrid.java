package io.tangentflow.kernel.limit;

import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Collocation of functions F(t, s) of two times in the unit square: F is an array of its values at
 * {@link #points} points, and integrals of its interpolant are linear maps of that array. Point p
 * is at times ({@code times()[first(p)]}, {@code times()[second(p)]}). Implementations are a tensor
 * product of one {@link GaussLegendre} rule with itself in two coordinates, value (i, j) of F being
 * at i·m + j, or two such.
 */
abstract sealed class TwoTimeGrid permits SquareGrid, TriangleGrid, TrianglesGrid {

  private static final ConcurrentMap<Integer, SquareGrid> SQUARES = new ConcurrentHashMap<>();
  private static final ConcurrentMap<Integer, TwoTimeGrid> TRIANGLES = new ConcurrentHashMap<>();

  final GaussLegendre rule;

  static SquareGrid square(int nodes) {
    return SQUARES.computeIfAbsent(nodes, m -> new SquareGrid(new GaussLegendre(m)));
  }

  static TwoTimeGrid triangle(int nodes) {
    return TRIANGLES.computeIfAbsent(nodes, m -> new TriangleGrid(new GaussLegendre(m)));
  }

  TwoTimeGrid(GaussLegendre rule) {
    this.rule = rule;
  }

  int points() {
    return rule.size() * rule.size();
  }

  /** The grid of these times for functions of which F(t, s) ≠ F(s, t). */
  TwoTimeGrid forPairs() {
    return this;
  }

  /** The distinct times of the points, and at last 1. */
  abstract double[] times();

  abstract int first(int point);

  abstract int second(int point);

  /** ∫₀ᵗ∫₀ˢ F at each point (t, s). */
  abstract double[] fromStart(double[] f);

  /** ∫ₜ¹∫ₛ¹ F at each point (t, s). */
  abstract double[] toEnd(double[] f);

  /** ∫₀ᵗ∫₀ᵗ F at each time t. */
  abstract double[] squares(double[] f);

  /** ∫₀¹∫₀¹ F. */
  abstract double total(double[] f);

  /** The values on this grid of the interpolant of f on a grid of the same kind. */
  double[] resample(double[] f, TwoTimeGrid from) {
    double[][] c = from.rule.cardinals(rule.nodes);
    return sandwich(c, f, c);
  }

  static double[] concat(double[] first, double[] second) {
    double[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  /** L F Rᵀ, row-major. */
  static double[] sandwich(double[][] left, double[] f, double[][] right) {
    int inner = right[0].length;
    double[] half = new double[left.length * inner];
    for (int i = 0; i < left.length; i++) {
      for (int k = 0; k < left[i].length; k++) {
        double l = left[i][k];
        for (int j = 0; j < inner; j++) {
          half[i * inner + j] += l * f[k * inner + j];
        }
      }
    }
    double[] product = new double[left.length * right.length];
    for (int i = 0; i < left.length; i++) {
      for (int j = 0; j < right.length; j++) {
        double sum = 0;
        for (int k = 0; k < inner; k++) {
          sum += half[i * inner + k] * right[j][k];
        }
        product[i * right.length + j] = sum;
      }
    }
    return product;
  }
}
