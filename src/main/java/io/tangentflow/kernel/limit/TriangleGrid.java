package io.tangentflow.kernel.limit;

import java.util.Arrays;

/**
 * For symmetric functions F(t, s) = F(s, t) that are smooth in the triangle s ≤ t alone, with a
 * kink across t = s or a conical point at the origin, as the kernels of ReLU have at x̄ = ±x. In
 * the coordinates (t, r = s/t) of Duffy the triangle is a square in which F is smooth; both carry
 * Gauss–Legendre nodes. With
 *
 * <pre>
 *   G(t, s) = ∫₀ˢ F(t, s') ds' = t ∫₀^(s/t) F(t, r) dr     for s ≤ t,
 *   ∫₀ᵗ∫₀ˢ F = 2 ∫₀ˢ G(t', t') dt' + ∫ₛᵗ G(t', s) dt',
 *   ∫ₜ¹∫ₛ¹ F = ∫ₜ¹ (2G(t', t') − G(t', t) − G(t', s)) dt',
 * </pre>
 *
 * where integrals over t' from a time τ are taken in √log(t'/τ), in which G is smooth even for s =
 * τ. Functions that are smooth, but all but kinked, as the kernels of Softplus are at large
 * variances, are resolved as well.
 */
final class TriangleGrid extends TwoTimeGrid {

  private final double[] times;
  private final double[][] fromStart;
  private final double[][] toEnd;
  private final double[][] squares;
  private final TrianglesGrid both;

  TriangleGrid(GaussLegendre rule) {
    super(rule);
    int m = rule.size();
    times = new double[m + m * m + 1];
    System.arraycopy(rule.nodes, 0, times, 0, m);
    for (int p = 0; p < m * m; p++) {
      times[m + p] = rule.nodes[p / m] * ratio(rule.nodes[p % m]);
    }
    times[m + m * m] = 1;
    squares = new double[times.length][];
    for (int k = 0; k < times.length; k++) {
      squares[k] = square(times[k]);
    }
    GaussLegendre fine = new GaussLegendre(2 * m + 16);
    double[][] squareFromStart = new double[m * m][];
    double[][] squareToEnd = new double[m * m][];
    double[][] strip = new double[m * m][m * m];
    double[][] stripBeside = new double[m * m][m * m];
    double[][] stripAlong = new double[m * m][m * m];
    for (int p = 0; p < m * m; p++) {
      double t = times[first(p)];
      double s = times[second(p)];
      squareFromStart[p] = halved(squares[second(p)]);
      squareToEnd[p] = halved(minus(squares[times.length - 1], squares[first(p)]));
      addStrip(strip[p], 1, s, t, s, fine);
      addStrip(stripBeside[p], -1, t, 1, t, fine);
      addStrip(stripAlong[p], -1, t, 1, s, fine);
    }
    both =
        new TrianglesGrid(
            this,
            plus(squareFromStart, strip),
            squareFromStart,
            plus(squareToEnd, stripAlong),
            plus(squareToEnd, stripBeside));
    fromStart = both.fromStartAlone();
    toEnd = both.toEndAlone();
  }

  /** The map to 2 ∫₀ˢ G(t', t') dt'. */
  private double[] square(double s) {
    int m = rule.size();
    double[] inner = rule.integral(s);
    double[] map = new double[m * m];
    for (int p = 0; p < m * m; p++) {
      double q = rule.nodes[p % m];
      map[p] = 2 * inner[p / m] * rule.nodes[p / m] * rule.weights[p % m] * slope(q);
    }
    return map;
  }

  /** Adds sign · the map to ∫ G(t', s) dt' over low ≤ t' ≤ high. */
  private void addStrip(
      double[] map, double sign, double low, double high, double s, GaussLegendre fine) {
    int m = rule.size();
    double logRatio = Math.log(high / low);
    for (int k = 0; k < fine.size(); k++) {
      double x = fine.nodes[k];
      double t = low * Math.exp(logRatio * x * x);
      double weight = sign * fine.weights[k] * 2 * x * logRatio * t * t; // dt' and the t' of G
      double[] inT = rule.cardinal(t);
      double[] inQ =
          rule.integral(1 - Math.sqrt(-Math.expm1(Math.log(s / low) - logRatio * x * x)));
      for (int i = 0; i < m; i++) {
        double w = weight * inT[i];
        for (int j = 0; j < m; j++) {
          map[i * m + j] += w * inQ[j] * slope(rule.nodes[j]);
        }
      }
    }
  }

  /** r = q(2 − q). */
  private static double ratio(double q) {
    return q * (2 - q);
  }

  /** dr/dq. */
  private static double slope(double q) {
    return 2 * (1 - q);
  }

  @Override
  TwoTimeGrid forPairs() {
    return both;
  }

  @Override
  double[] times() {
    return times;
  }

  @Override
  int first(int point) {
    return point / rule.size();
  }

  @Override
  int second(int point) {
    return rule.size() + point;
  }

  @Override
  double[] fromStart(double[] f) {
    return apply(fromStart, f);
  }

  @Override
  double[] toEnd(double[] f) {
    return apply(toEnd, f);
  }

  @Override
  double[] squares(double[] f) {
    return apply(squares, f);
  }

  @Override
  double total(double[] f) {
    return dot(squares[squares.length - 1], f);
  }

  private static double[] halved(double[] row) {
    return Arrays.stream(row).map(x -> 0.5 * x).toArray();
  }

  private static double[] minus(double[] row, double[] other) {
    double[] difference = row.clone();
    for (int q = 0; q < row.length; q++) {
      difference[q] -= other[q];
    }
    return difference;
  }

  static double[][] plus(double[][] map, double[][] other) {
    double[][] sum = new double[map.length][];
    for (int p = 0; p < map.length; p++) {
      sum[p] = map[p].clone();
      for (int q = 0; q < sum[p].length; q++) {
        sum[p][q] += other[p][q];
      }
    }
    return sum;
  }

  private static double[] apply(double[][] map, double[] f) {
    double[] values = new double[map.length];
    for (int p = 0; p < map.length; p++) {
      values[p] = dot(map[p], f);
    }
    return values;
  }

  static double dot(double[] row, double[] f) {
    double even = 0;
    double odd = 0;
    for (int q = 0; q + 1 < f.length; q += 2) {
      even += row[q] * f[q];
      odd += row[q + 1] * f[q + 1];
    }
    return f.length % 2 == 0 ? even + odd : even + odd + row[f.length - 1] * f[f.length - 1];
  }
}
