package io.tangentflow.spectrum;

import io.tangentflow.TangentFlowException.InvalidConfiguration;

/** Whether numbers are of a size at which norms, sums of their squares, are what they seem. */
final class Scale {

  private static final double LEAST = 1e-140;
  private static final double GREATEST = 1e140;

  private Scale() {}

  /**
   * Refuses numbers whose squares underflow or overflow; all 0 are no such.
   *
   * @param what the numbers are, for the sentence
   * @throws InvalidConfiguration if the largest is not finite, or out of range
   */
  static void require(String what, double[] numbers) {
    double largest = 0;
    boolean finite = true;
    for (double number : numbers) {
      largest = Math.max(largest, Math.abs(number));
      finite &= Double.isFinite(number);
    }
    if (!finite) {
      throw new InvalidConfiguration(what, "has entries that are not finite");
    }
    if (largest > GREATEST || (largest > 0 && largest < LEAST)) {
      throw new InvalidConfiguration(
          what,
          String.format(
              "has a largest entry of %.1e; multiply it by a number that brings it near 1",
              largest));
    }
  }
}
