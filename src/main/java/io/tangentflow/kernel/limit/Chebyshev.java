package io.tangentflow.kernel.limit;

/** Chebyshev polynomials T_k, their series, and interpolation at the extrema of T_n. */
final class Chebyshev {

  private Chebyshev() {}

  /** Node j of n + 1: cos(πj/n), exactly antisymmetric; 1 for j = 0. For n = 0 it is 0. */
  static double node(int j, int degree) {
    return degree == 0 ? 0 : Math.sin(Math.PI * (degree - 2 * j) / (2.0 * degree));
  }

  /** T_0(x) … T_(count−1)(x). */
  static double[] polynomials(double x, int count) {
    double[] t = new double[count];
    t[0] = 1;
    if (count > 1) {
      t[1] = x;
    }
    for (int k = 2; k < count; k++) {
      t[k] = 2 * x * t[k - 1] - t[k - 2];
    }
    return t;
  }

  /** Σ_k c_k T_k(x), by Clenshaw's recurrence. */
  static double sum(double[] c, double x) {
    double b1 = 0;
    double b2 = 0;
    for (int k = c.length - 1; k > 0; k--) {
      double b = c[k] + 2 * x * b1 - b2;
      b2 = b1;
      b1 = b;
    }
    return c[0] + x * b1 - b2;
  }

  /** The coefficients of the polynomial of degree n through values at the n + 1 nodes. */
  static double[] coefficients(double[] values) {
    int degree = values.length - 1;
    double[] c = new double[degree + 1];
    if (degree == 0) {
      c[0] = values[0];
      return c;
    }
    double[] cosines = new double[2 * degree];
    for (int n = 0; n < cosines.length; n++) {
      cosines[n] = Math.cos(Math.PI * n / degree);
    }
    for (int k = 0; k <= degree; k++) {
      double sum = 0;
      for (int j = 0; j <= degree; j++) {
        double cosine = cosines[(int) ((long) j * k % cosines.length)];
        sum += (j == 0 || j == degree ? 0.5 : 1) * cosine * values[j];
      }
      c[k] = sum * (k == 0 || k == degree ? 1 : 2) / degree;
    }
    return c;
  }
}
