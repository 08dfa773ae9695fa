package io.tangentflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.train.SpectralFilter.Descent;
import io.tangentflow.train.SpectralFilter.Flow;
import java.math.BigDecimal;
import java.math.MathContext;
import org.junit.jupiter.api.Test;

class SpectralFilterTest {

  /**
   * e^x has |x| roundings of its argument; where x is below −745 both sides underflow. Eight of
   * them bound the few that the functions add.
   */
  private static final double RELATIVE = 8 * 745 * 0x1p-53;

  private static final MathContext DIGITS = new MathContext(420);

  /** Leaves 17 digits of 1 − e^(−1e-300), and of e^(−201) beside terms of 10⁸⁶. */
  private static final BigDecimal NOTHING = new BigDecimal("1e-400");

  private static final double[] LAMBDAS = {
    0, 1e-300, 1e-18, 1e-9, 0.001, 0.25, 0.999999, 1, 1.000001, 1.5, 1.999999, 2, 2.001
  };

  @Test
  void descentIsThePowerOfOneMinusTheStep() {
    for (double lambda : LAMBDAS) {
      for (int steps : new int[] {0, 1, 2, 7, 100, 101}) {
        BigDecimal shrink = BigDecimal.ONE.subtract(new BigDecimal(lambda));
        BigDecimal power = shrink.pow(steps, DIGITS);
        assertFilter(lambda, steps, power, new Descent(0.5, steps), 2 * lambda);
      }
    }
  }

  @Test
  void flowIsTheExponential() {
    for (double lambda : LAMBDAS) {
      for (double time : new double[] {0, 1e-12, 1, 7, 100}) {
        BigDecimal exponential = exponential(new BigDecimal(-lambda * time));
        assertFilter(lambda, time, exponential, new Flow(0.5, time), 2 * lambda);
      }
    }
  }

  /** With η = 1/2 and the eigenvalue 2λ, both without rounding; g = (1 − r)/(2λ) in many digits. */
  private static void assertFilter(
      double lambda, double time, BigDecimal decay, SpectralFilter filter, double eigenvalue) {
    String what = filter + " at " + eigenvalue;
    double r = decay.doubleValue();
    assertEquals(r, filter.decay(eigenvalue), RELATIVE * Math.abs(r), what);
    double g =
        lambda == 0
            ? 0.5 * time
            : BigDecimal.ONE
                .subtract(decay)
                .divide(new BigDecimal(eigenvalue), DIGITS)
                .doubleValue();
    assertEquals(g, filter.gain(eigenvalue), RELATIVE * Math.abs(g), what);
  }

  /** Σ xⁿ/n!, whose terms fall faster than geometrically from n = 2|x| on. */
  private static BigDecimal exponential(BigDecimal x) {
    BigDecimal sum = BigDecimal.ONE;
    BigDecimal term = BigDecimal.ONE;
    for (int n = 1; term.abs().compareTo(NOTHING) > 0; n++) {
      term = term.multiply(x, DIGITS).divide(BigDecimal.valueOf(n), DIGITS);
      sum = sum.add(term, DIGITS);
    }
    return sum;
  }

  /** r_{s+t} = r_s r_t and g_{s+t} = g_s + r_s g_t. */
  @Test
  void trainingForSAndThenForTIsTrainingForBoth() {
    for (double lambda : LAMBDAS) {
      assertSemigroup(new Flow(0.3, 2), new Flow(0.3, 5), new Flow(0.3, 7), lambda);
      assertSemigroup(new Descent(0.7, 2), new Descent(0.7, 5), new Descent(0.7, 7), lambda);
      if (lambda > 0.1) {
        assertEquals(new SpectralFilter.Converged().gain(lambda), 1 / lambda);
        assertSemigroup(
            new Flow(0.3, 2),
            new SpectralFilter.Converged(),
            new SpectralFilter.Converged(),
            lambda);
      }
    }
  }

  private static void assertSemigroup(
      SpectralFilter first, SpectralFilter then, SpectralFilter both, double lambda) {
    double decay = first.decay(lambda) * then.decay(lambda);
    assertEquals(decay, both.decay(lambda), 1e-14, first + " at " + lambda);
    double gain = first.gain(lambda) + first.decay(lambda) * then.gain(lambda);
    assertEquals(gain, both.gain(lambda), 1e-14 * gain, first + " at " + lambda);
  }

  @Test
  void descentWithASmallRateIsFlow() {
    double time = 3;
    double previous = Double.NaN;
    for (int steps : new int[] {100, 200, 400}) {
      double gap = new Descent(time / steps, steps).decay(0.8) - new Flow(1, time).decay(0.8);
      // Euler's method of step η: the gap falls like η.
      assertTrue(Double.isNaN(previous) || Math.abs(previous / gap - 2) < 0.1, "" + gap);
      previous = gap;
    }
  }

  @Test
  void ratesAndTimesWithoutMeaningAreRefused() {
    for (double rate : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(InvalidConfiguration.class, () -> new Flow(rate, 1));
      assertThrows(InvalidConfiguration.class, () -> new Descent(rate, 1));
    }
    for (double time : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(InvalidConfiguration.class, () -> new Flow(1, time));
    }
    assertThrows(InvalidConfiguration.class, () -> new Flow(1e200, 1e200));
    assertThrows(InvalidConfiguration.class, () -> new Descent(1, -1));
  }
}
