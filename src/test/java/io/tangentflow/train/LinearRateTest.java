package io.tangentflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LinearRateTest {

  private static final double LEAST = 0.25;
  private static final double GREATEST = 3;

  /** Both modes are stepped, and the larger error is counted down. */
  @Test
  void theStepsAreThoseThatGradientDescentTakes() {
    for (LinearRate rate :
        new LinearRate[] {
          LinearRate.of(1 / GREATEST, LEAST, GREATEST),
          LinearRate.of(0.01, LEAST, GREATEST),
          LinearRate.of(0.66, LEAST, GREATEST),
          LinearRate.optimal(LEAST, GREATEST)
        }) {
      assertEquals(steps(rate.learningRate(), 0.5), Math.ceil(rate.stepsToHalve()), "" + rate);
      assertEquals(
          steps(rate.learningRate(), Math.sqrt(0.1)), Math.ceil(rate.stepsToTenthOfLoss()));
    }
  }

  private static int steps(double learningRate, double target) {
    double slow = 1;
    double fast = 1;
    int steps = 0;
    while (Math.max(Math.abs(slow), Math.abs(fast)) > target) {
      slow -= learningRate * LEAST * slow;
      fast -= learningRate * GREATEST * fast;
      steps++;
    }
    return steps;
  }

  @Test
  void noLearningRateBeatsTheOptimalOne() {
    LinearRate optimal = LinearRate.optimal(LEAST, GREATEST);
    LinearRate same = LinearRate.of(optimal.learningRate(), LEAST, GREATEST);
    assertEquals(same.factor(), optimal.factor(), 1e-15);
    for (double eta = 0.001; eta < 1; eta += 0.001) {
      assertTrue(LinearRate.of(eta, LEAST, GREATEST).factor() >= optimal.factor() - 1e-15);
    }
  }

  @Test
  void fromTwoOverTheGreatestEigenvalueOnNothingFalls() {
    assertEquals(1, LinearRate.of(2 / GREATEST, LEAST, GREATEST).factor(), 1e-15);
    LinearRate unstable = LinearRate.of(1, LEAST, GREATEST);
    assertEquals(2, unstable.factor(), 1e-15);
    assertEquals(Double.POSITIVE_INFINITY, unstable.stepsToHalve());
  }

  /** (1 − x)^k = ½ at k = ln 2/x for small x, where 1 − x is 1 in floating point. */
  @Test
  void veryIllConditionedKernelsHaveTheirStepsToo() {
    LinearRate rate = LinearRate.of(1, 1e-18, 1);
    assertEquals(1, rate.factor());
    assertEquals(Math.log(2) * 1e18, rate.stepsToHalve(), 1e-15 * 1e18);
    assertEquals(2e-18, LinearRate.optimal(1e-18, 1).decrease(), 1e-32);
  }
}
