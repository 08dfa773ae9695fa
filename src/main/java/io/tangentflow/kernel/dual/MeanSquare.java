package io.tangentflow.kernel.dual;

import java.util.function.DoubleUnaryOperator;

/**
 * E[g(τz)²] of a standard normal z by the trapezoidal rule, its step halved until two sums agree.
 *
 * @param error the difference of the last two sums, and rounding: halving the step of this rule
 *     squares its error, so the difference is a bound
 */
record MeanSquare(double value, double error) {

  private static final double AGREEMENT = 1e-14;

  /** Steps of 7e-6 resolve tanh(τz) up to τ = 4e4. */
  private static final int MOST_HALVINGS = 12;

  private static final double ROUNDING = 4 * Math.ulp(1.0);

  /**
   * From two sums that are known, by this step and by twice it; more only if they differ.
   *
   * @param range of |z|
   */
  static MeanSquare of(
      DoubleUnaryOperator g,
      double tau,
      HalfLine line,
      double range,
      double step,
      double fine,
      double coarse) {
    double difference = Math.abs(fine - coarse);
    for (int i = 0; i < MOST_HALVINGS && difference > AGREEMENT * fine; i++) {
      step /= 2;
      double finer = sum(g, tau, line, range, step);
      difference = Math.abs(finer - fine);
      fine = finer;
    }
    return new MeanSquare(fine, difference + ROUNDING * fine);
  }

  private static double sum(
      DoubleUnaryOperator g, double tau, HalfLine line, double range, double step) {
    double sum = 0;
    double lost = 0;
    int last = (int) Math.ceil((range - line.start) / step);
    for (int j = 0; j <= last; j++) {
      double s = line.start + j * step;
      double z = line.z(s);
      double plus = g.applyAsDouble(tau * z);
      double minus = g.applyAsDouble(-tau * z);
      double length = step * line.slope(s) * (z == 0 ? 0.5 : 1);
      double term = length * Math.exp(-0.5 * z * z) * (plus * plus + minus * minus) - lost;
      double next = sum + term;
      lost = (next - sum) - term; // Kahan's: there may be a million terms
      sum = next;
    }
    return sum / Math.sqrt(2 * Math.PI);
  }
}
