package io.tangentflow.kernel.dual;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tangentflow.kernel.dual.DualActivation.Method;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Mixtures of closed forms against series, quadrature and asymptotes, at any variances. */
class LogisticDualTest {

  private static final double[] CORRELATIONS = {-1, -0.999, -0.6, 0, 0.3, 0.95, 0.9999, 1};

  static Stream<Arguments> mixtures() {
    return Stream.of(
        Arguments.of("softplus", Kink.RAMP, 1.0),
        Arguments.of("sigmoid", Kink.STEP, 1.0),
        Arguments.of("tanh", Kink.SIGN, 2.0),
        Arguments.of("silu", Kink.GATE, 1.0));
  }

  /** The moments of s² are those of the logistic law over those of the normal one. */
  @Test
  void rulesHaveTheMomentsOfTheLogisticLaw() {
    double pi = Math.PI;
    double[] moments = {1, pi * pi / 3, 7 * Math.pow(pi, 4) / 45, 31 * Math.pow(pi, 6) / 315};
    double[][] variances = {{0, 1}, {0, 200}, {200, 200}, {2000, 2000}};
    int[] sizes = {14, 10, 6, 4};
    for (int r = 0; r < sizes.length; r++) {
      SmoothingLaw.Rule rule =
          SmoothingLaw.logistic(1).rule(variances[r][0], variances[r][1], false);
      assertEquals(sizes[r], rule.nodes().length);
      for (int m = 0; m < moments.length; m++) {
        double sum = 0;
        for (int j = 0; j < sizes[r]; j++) {
          sum += rule.weights()[j] * Math.pow(rule.nodes()[j], m);
        }
        // Powers of s² are e^(m log s²) for two of the rules, whose polynomials are in log s².
        double tolerance = new double[] {1e-10, 1e-6, 1e-13, 1e-13}[r];
        assertEquals(moments[m], sum, tolerance * moments[m], r + " " + m);
      }
    }
  }

  /** Both series of the density hold everywhere; each is summed where it is short. */
  @Test
  void theDensityIsThatOfKolmogorov() {
    double mass = 0;
    for (double x : new double[] {0.8, 0.999999, 1.2}) {
      double alternating = 0;
      for (int j = 30; j > 0; j--) {
        alternating += (j % 2 == 0 ? -1 : 1) * j * j * Math.exp(-2 * j * j * x * x);
      }
      assertEquals(8 * x * alternating, SmoothingLaw.kolmogorovDensity(x), 1e-14);
    }
    for (int i = 1; i < 3000; i++) {
      mass += 1e-3 * SmoothingLaw.kolmogorovDensity(i * 1e-3);
    }
    assertEquals(1, mass, 1e-6);
  }

  @ParameterizedTest
  @MethodSource("mixtures")
  void mixturesEqualSeriesWhereBothAreKnown(String name, Kink kink, double steepness) {
    Activation phi = Activations.named(name);
    DualActivation series = new HermiteDual(phi);
    DualActivation mixture = mixture(kink, steepness);
    for (double[] ab : new double[][] {{1, 1}, {0.2, 2.5}, {1e-6, 1}, {3, 3}, {0, 1}, {0, 0}}) {
      double a = ab[0];
      double b = ab[1];
      for (double rho : CORRELATIONS) {
        double c = rho * (Math.sqrt(a) * Math.sqrt(b));
        String at = name + " " + a + " " + b + " " + rho;
        double scale = Math.sqrt(series.value(a, a, a) * series.value(b, b, b));
        double slopes = Math.sqrt(series.derivative(a, a, a) * series.derivative(b, b, b));
        assertEquals(series.value(a, b, c), mixture.value(a, b, c), 1e-14 * scale, at);
        assertEquals(series.derivative(a, b, c), mixture.derivative(a, b, c), 1e-14 * slopes, at);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("mixtures")
  void largeVariancesEqualQuadrature(String name) {
    Activation phi = Activations.named(name);
    DualActivation dual = DualActivation.of(phi);
    for (double[] ab : new double[][] {{25, 16}, {0.3, 100}, {400, 400}}) {
      double a = ab[0];
      double b = ab[1];
      assertEquals(Method.MIXTURE, dual.method(dual.marginal(Math.max(a, b))));
      for (double rho : new double[] {-0.999, -0.6, 0, 0.3, 0.95}) {
        double c = rho * (Math.sqrt(a) * Math.sqrt(b));
        String at = name + " " + a + " " + b + " " + rho;
        double value = PairQuadrature.smooth(phi::value, a, b, rho, 9);
        double slopes = PairQuadrature.smooth(phi::derivative, a, b, rho, 9);
        assertEquals(value, dual.value(a, b, c), 1e-14 * value(dual, a, b), at);
        assertEquals(slopes, dual.derivative(a, b, c), 1e-14 * derivative(dual, a, b), at);
      }
    }
  }

  /**
   * At ρ = ±1 the expectation is over one variable, and a quadrature of 50,000 terms, with the
   * rounding of their sum, does for any variance.
   */
  @ParameterizedTest
  @MethodSource("mixtures")
  void parallelVariablesEqualQuadratureOverOne(String name) {
    Activation phi = Activations.named(name);
    DualActivation dual = DualActivation.of(phi);
    for (double[] ab : new double[][] {{100, 1e4}, {1e4, 1e4}, {2, 3e5}}) {
      double a = ab[0];
      double b = ab[1];
      for (double rho : new double[] {-1, 1}) {
        double c = rho * (Math.sqrt(a) * Math.sqrt(b));
        String at = name + " " + a + " " + b + " " + rho;
        double value = PairQuadrature.smooth(phi::value, a, b, rho, 9);
        double slopes = PairQuadrature.smooth(phi::derivative, a, b, rho, 9);
        assertEquals(value, dual.value(a, b, c), 5e-14 * value(dual, a, b), at);
        assertEquals(slopes, dual.derivative(a, b, c), 5e-14 * derivative(dual, a, b), at);
      }
    }
  }

  /**
   * Softplus and SiLU are max(x, 0) but for O(1) at |x| = O(1), where a share 1/√a of variables of
   * variance a lies: E[φφ] differs by O(1/√a) of itself at most, and less as both are nearly even.
   */
  @Test
  void hugeVariancesAreThoseOfTheKink() {
    DualActivation relu = DualActivation.of(Activations.named("relu"));
    for (String name : new String[] {"softplus", "silu", "gelu"}) {
      DualActivation dual = DualActivation.of(Activations.named(name));
      for (double rho : new double[] {-0.5, 0, 0.8}) {
        double expected = relu.value(1e16, 4e16, rho * 2e16);
        assertEquals(1, dual.value(1e16, 4e16, rho * 2e16) / expected, 1e-14, name + rho);
      }
    }
  }

  /** From the series to the mixture no function jumps by more than both are off. */
  @ParameterizedTest
  @MethodSource("mixtures")
  void seriesAndMixtureMeet(String name, Kink kink, double steepness) {
    DualActivation dual = DualActivation.of(Activations.named(name));
    double most = 16 / (steepness * steepness);
    Marginal below = dual.marginal(most);
    Marginal above = dual.marginal(Math.nextUp(most));
    assertEquals(Method.HERMITE_SERIES, dual.method(below));
    assertEquals(Method.MIXTURE, dual.method(above));
    for (double rho : CORRELATIONS) {
      double c = rho * most;
      double value = dual.value(below, below, c);
      double slopes = dual.derivative(below, below, c);
      for (Marginal other : new Marginal[] {above, below}) {
        assertEquals(value, dual.value(above, other, c), 1e-14 * value(dual, most, most));
        assertEquals(
            slopes, dual.derivative(above, other, c), 1e-14 * derivative(dual, most, most));
      }
    }
  }

  /** √(E[φ(u)²] E[φ(v)²]), which a value may be far below by cancellation. */
  private static double value(DualActivation dual, double a, double b) {
    return Math.sqrt(dual.value(a, a, a) * dual.value(b, b, b));
  }

  private static double derivative(DualActivation dual, double a, double b) {
    return Math.sqrt(dual.derivative(a, a, a) * dual.derivative(b, b, b));
  }

  private static DualActivation mixture(Kink kink, double steepness) {
    return new SmoothedKinkDual(kink, SmoothingLaw.logistic(1 / (steepness * steepness)));
  }
}
