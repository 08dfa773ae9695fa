package io.tangentflow.kernel.dual;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The first K orthonormal Hermite polynomials he_k of the standard normal density n(z), sampled for
 * the trapezoidal rule on both half lines z = ±z(s):
 *
 * <pre>
 *   ∫ g(z) he_k(z) n(z) dz ≈ h Σ_j z'(s_j) (g(z_j) ± g(−z_j)) ψ_0(z_j) ψ_k(z_j),     ψ_k = he_k √n,
 *   √(k+1) ψ_(k+1) = z ψ_k − √k ψ_(k−1),     ψ_0 = (2π)^(−1/4) exp(−z²/4).
 * </pre>
 *
 * The ψ_k are bounded, so nothing overflows. √n(z) at |z| = 14 is 5e-22, and for most g the sum may
 * end there. By Poisson summation its error is the spectrum of g√n·ψ_k beyond 2π/h; that of ψ_k
 * ends at about √K, and g√n, if K terms represent it to √ε, reaches ε at 2√K. Hence 2π/h = 4(√K +
 * 6): twice as fine as theory asks, so that the even j alone are a rule too, by which the whole is
 * checked.
 */
final class HermiteBasis {

  private static final ConcurrentMap<Key, HermiteBasis> KNOWN = new ConcurrentHashMap<>();

  private record Key(int terms, double range, HalfLine line) {}

  final int terms;

  /** h. */
  final double step;

  /** z_j ≥ 0, rising. */
  final double[] nodes;

  /** h z'(s_j) ψ_0(z_j) ψ_k(z_j) at k·nodes + j; half of it at z = 0, where z and −z are one. */
  private final double[] weights;

  private HermiteBasis(Key key) {
    terms = key.terms;
    HalfLine line = key.line;
    double h = Math.PI / (2 * (Math.sqrt(terms) + 6));
    step = h;
    int n = 1 + (int) Math.ceil((key.range - line.start) / h);
    nodes = new double[n];
    weights = new double[terms * n];
    for (int j = 0; j < n; j++) {
      double s = line.start + j * h;
      double z = line.z(s);
      nodes[j] = z;
      double length = h * line.slope(s) * (z == 0 ? 0.5 : 1);
      double psi0 = Math.pow(2 * Math.PI, -0.25) * Math.exp(-0.25 * z * z);
      double before = 0;
      double psi = psi0;
      for (int k = 0; k < terms; k++) {
        weights[k * n + j] = length * psi0 * psi;
        double next = (z * psi - Math.sqrt(k) * before) / Math.sqrt(k + 1);
        before = psi;
        psi = next;
      }
    }
  }

  /**
   * The basis of K terms on |z| ≤ range.
   *
   * @param line where g has a kink at 0, {@link HalfLine#BESIDE_ZERO}
   */
  static HermiteBasis of(int terms, double range, HalfLine line) {
    return KNOWN.computeIfAbsent(new Key(terms, range, line), HermiteBasis::new);
  }

  /** ∫ g n over both half lines, given g(z_j) + g(−z_j). */
  double mean(double[] even) {
    return sum(0, even, 1);
  }

  /** The same by every second node. */
  double coarseMean(double[] even) {
    return sum(0, even, 2);
  }

  /** ∫ g he_k n for each k, given g(z_j) ± g(−z_j), by every node. */
  double[] coefficients(double[] even, double[] odd) {
    return coefficients(even, odd, 1);
  }

  /** The same by every second node. */
  double[] coarseCoefficients(double[] even, double[] odd) {
    return coefficients(even, odd, 2);
  }

  private double[] coefficients(double[] even, double[] odd, int stride) {
    double[] alpha = new double[terms];
    for (int k = 0; k < terms; k++) {
      alpha[k] = sum(k, k % 2 == 0 ? even : odd, stride);
    }
    return alpha;
  }

  private double sum(int k, double[] g, int stride) {
    int row = k * nodes.length;
    double sum = 0;
    for (int j = 0; j < nodes.length; j += stride) {
      sum += weights[row + j] * g[j];
    }
    return stride * sum;
  }
}
