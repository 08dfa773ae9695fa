package io.tangentflow.backend.cpu.vector;

import java.util.function.DoubleUnaryOperator;

/** Polynomial coefficients of smooth functions, by interpolation at Chebyshev points. */
final class Polynomial {

  private Polynomial() {}

  /**
   * The coefficients, constant first, of the polynomial p(t) of that degree, t ∈ [−1, 1], with p(t)
   * ≈ f(low + (high − low)(t + 1)/2). Its error is within a small factor of the best possible; the
   * monomial basis costs no accuracy as long as f is analytic well beyond the interval.
   */
  static double[] onUnitInterval(DoubleUnaryOperator f, double low, double high, int degree) {
    int n = degree + 1;
    double[] chebyshev = new double[n];
    for (int j = 0; j < n; j++) {
      double angle = Math.PI * (j + 0.5) / n;
      double value = f.applyAsDouble(low + (high - low) * 0.5 * (Math.cos(angle) + 1));
      for (int k = 0; k < n; k++) {
        chebyshev[k] += (k == 0 ? 1.0 : 2.0) / n * value * Math.cos(k * angle);
      }
    }
    double[] sum = new double[n];
    double[] previous = new double[n];
    double[] current = new double[n];
    current[0] = 1;
    for (int k = 0; k < n; k++) {
      double[] next = new double[n];
      for (int j = 0; j <= k; j++) {
        sum[j] += chebyshev[k] * current[j];
        if (j + 1 < n) {
          next[j + 1] = (k == 0 ? 1 : 2) * current[j];
        }
      }
      for (int j = 0; j < n; j++) {
        next[j] -= k == 0 ? 0 : previous[j];
      }
      previous = current;
      current = next;
    }
    return sum;
  }

  /** The coefficients rounded to FP32. */
  static float[] rounded(double[] coefficients) {
    float[] result = new float[coefficients.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) coefficients[i];
    }
    return result;
  }
}
