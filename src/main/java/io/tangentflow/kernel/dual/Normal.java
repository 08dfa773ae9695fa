package io.tangentflow.kernel.dual;

/** A marginal of which the variance says all. */
record Normal(double variance, double deviation) implements Marginal {

  static Normal of(double variance) {
    return new Normal(variance, deviationOf(variance));
  }

  static double deviationOf(double variance) {
    if (!(variance >= 0) || Double.isInfinite(variance)) {
      throw new IllegalArgumentException(
          "a variance is zero or a positive number, not " + variance);
    }
    return Math.sqrt(variance);
  }
}
