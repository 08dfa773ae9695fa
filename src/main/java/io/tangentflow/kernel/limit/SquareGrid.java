package io.tangentflow.kernel.limit;

import java.util.Arrays;

/**
 * Gauss–Legendre nodes in t and in s: for functions smooth on the whole square. With the spectral
 * integration matrix Q_ij = ∫₀^(t_i) ℓ_j, the integral from the start is Q F Qᵀ. Such a congruence
 * maps positive semidefinite matrices to such, so the iterates of a covariance remain covariances.
 */
final class SquareGrid extends TwoTimeGrid {

  private final double[] times;

  /** ∫₀^(t_i) ℓ_j at [i][j]. */
  final double[][] toNode;

  /** ∫_(t_i)¹ ℓ_j at [i][j]. */
  final double[][] fromNode;

  SquareGrid(GaussLegendre rule) {
    super(rule);
    int m = rule.size();
    times = Arrays.copyOf(rule.nodes, m + 1);
    times[m] = 1;
    toNode = new double[m][];
    fromNode = new double[m][m];
    for (int i = 0; i < m; i++) {
      toNode[i] = rule.integral(rule.nodes[i]);
      for (int j = 0; j < m; j++) {
        fromNode[i][j] = rule.weights[j] - toNode[i][j];
      }
    }
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
    return point % rule.size();
  }

  @Override
  double[] fromStart(double[] f) {
    return sandwich(toNode, f, toNode);
  }

  @Override
  double[] toEnd(double[] f) {
    return sandwich(fromNode, f, fromNode);
  }

  @Override
  double[] squares(double[] f) {
    int m = rule.size();
    double[] all = fromStart(f);
    double[] squares = new double[m + 1];
    for (int i = 0; i < m; i++) {
      squares[i] = all[i * m + i];
    }
    squares[m] = total(f);
    return squares;
  }

  @Override
  double total(double[] f) {
    int m = rule.size();
    double total = 0;
    for (int i = 0; i < m; i++) {
      double row = 0;
      for (int j = 0; j < m; j++) {
        row += rule.weights[j] * f[i * m + j];
      }
      total += rule.weights[i] * row;
    }
    return total;
  }
}
