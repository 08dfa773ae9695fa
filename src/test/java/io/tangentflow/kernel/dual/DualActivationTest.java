package io.tangentflow.kernel.dual;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.Activation;
import io.tangentflow.model.Philox;
import io.tangentflow.model.StandardActivation;
import java.util.OptionalDouble;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class DualActivationTest {

  private static final double[] CORRELATIONS = {-1, -0.999, -0.6, 0, 0.3, 0.95, 1};

  /**
   * Poles near the real axis slow the rule down, and a kink ruins it; it says how far off it is.
   */
  @ParameterizedTest
  @EnumSource(names = "RELU", mode = EnumSource.Mode.EXCLUDE)
  void quadratureAgreesWithinItsErrorEstimate(StandardActivation phi) {
    DualActivation dual = DualActivation.of(phi);
    DualActivation rule = new GaussHermiteDual(phi, 80);
    for (double[] ab : new double[][] {{1, 1}, {0.2, 2.5}}) {
      Marginal u = rule.marginal(ab[0]);
      Marginal v = rule.marginal(ab[1]);
      double valueError = rule.valueError(u, v) + 1e-13;
      double derivativeError = rule.derivativeError(u, v) + 1e-13;
      for (double rho : CORRELATIONS) {
        double c = rho * Math.sqrt(ab[0] * ab[1]);
        String at = phi + " " + ab[0] + " " + ab[1] + " " + rho;
        assertEquals(dual.value(ab[0], ab[1], c), rule.value(u, v, c), valueError, at);
        assertEquals(
            dual.derivative(ab[0], ab[1], c), rule.derivative(u, v, c), derivativeError, at);
      }
    }
  }

  /** Five standard errors; the stream is fixed, so this either holds or not. */
  @ParameterizedTest
  @MethodSource("io.tangentflow.kernel.dual.DualPropertiesTest#activations")
  void monteCarloAgrees(Activation phi) {
    double a = 0.7;
    double b = 1.6;
    double c = -0.4;
    int pairs = 100_000;
    double[] z = new double[2 * pairs];
    Philox.gaussian(11, 0, 0, z.length, (i, value) -> z[i] = value);
    double rho = c / Math.sqrt(a * b);
    DoubleUnaryOperator[] functions = {phi::value, phi::derivative};
    DualActivation dual = DualActivation.of(phi);
    double[] expected = {dual.value(a, b, c), dual.derivative(a, b, c)};
    for (int f = 0; f < 2; f++) {
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < pairs; i++) {
        double u = Math.sqrt(a) * z[2 * i];
        double v = Math.sqrt(b) * (rho * z[2 * i] + Math.sqrt(1 - rho * rho) * z[2 * i + 1]);
        double p = functions[f].applyAsDouble(u) * functions[f].applyAsDouble(v);
        sum += p;
        squares += p * p;
      }
      double mean = sum / pairs;
      double standardError = Math.sqrt(Math.max(0, squares / pairs - mean * mean) / pairs);
      assertEquals(expected[f], mean, 5 * standardError + 1e-12, phi.label());
    }
  }

  /** By the trapezoidal rule with step 1/64, exact to rounding for these φ but for ReLU's kink. */
  @ParameterizedTest
  @EnumSource
  void fullCorrelationIsTheMeanOverOneVariable(StandardActivation phi) {
    DualActivation dual = DualActivation.of(phi);
    for (double a : new double[] {1e-6, 0.5, 1, 4, 10}) {
      double tau = Math.sqrt(a);
      double square = mean(z -> phi.value(tau * z) * phi.value(tau * z));
      double mirrored = mean(z -> phi.value(tau * z) * phi.value(-tau * z));
      double slopes = mean(z -> phi.derivative(tau * z) * phi.derivative(tau * z));
      // The target for variances in [0, 10] is 1e-13. At the kink of ReLU the sum counts half of
      // one cell of width 1/64, of density 1/√2π, too little.
      double jump = phi == StandardActivation.RELU ? 1 / (128 * Math.sqrt(2 * Math.PI)) : 0;
      double kink = phi == StandardActivation.RELU ? 1e-4 : 0;
      assertEquals(square, dual.value(a, a, a), (1e-13 + kink) * square, phi + " " + a);
      assertEquals(mirrored, dual.value(a, a, -a), 1e-13 * square, phi + " " + a);
      assertEquals(slopes, dual.derivative(a, a, a), 1e-13 * slopes + 1.01 * jump, phi + " " + a);
    }
  }

  @Test
  void aZeroVariableIsTheConstantPhiOfZero() {
    Activation phi = StandardActivation.SOFTPLUS;
    DualActivation dual = DualActivation.of(phi);
    assertEquals(Math.log(2) * mean(phi::value), dual.value(0, 1, 0), 1e-14);
    assertEquals(0.25, dual.derivative(0, 0, 0), 1e-15);
    assertEquals(0, DualActivation.of(StandardActivation.RELU).value(0, 1, 0));
    assertEquals(0, DualActivation.of(StandardActivation.RELU).derivative(0, 1, 0));
  }

  @ParameterizedTest
  @EnumSource
  void covariancesBeyondCauchySchwarzAreRefusedUpToRounding(StandardActivation phi) {
    DualActivation dual = DualActivation.of(phi);
    double rounding = 1e-14 * (1 + dual.value(2, 2, 2));
    assertEquals(dual.value(2, 2, 2), dual.value(2, 2, 2 * (1 + 5e-11)), rounding);
    assertEquals(dual.derivative(2, 2, -2), dual.derivative(2, 2, -2 * (1 + 5e-11)), rounding);
    for (double c : new double[] {2 * (1 + 1e-9), -2.1, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> dual.value(2, 2, c));
      assertThrows(IllegalArgumentException.class, () -> dual.derivative(2, 2, c));
    }
    assertThrows(IllegalArgumentException.class, () -> dual.value(0, 2, 1e-6));
    assertThrows(IllegalArgumentException.class, () -> dual.marginal(-1));
    assertThrows(IllegalArgumentException.class, () -> dual.marginal(Double.NaN));
  }

  @Test
  void anyPolynomialIsExact() {
    // φ = 1 − 2x + x³: E[φ(u)²] = 1 + 4a − 12a² + 15a³, and E[φ(u)]E[φ(v)] = 1
    DualActivation dual = new PolynomialDual(1, -2, 0, 1);
    double a = 1.7;
    assertEquals(1 + 4 * a - 12 * a * a + 15 * a * a * a, dual.value(a, a, a), 1e-13);
    assertEquals(1, dual.value(a, 0.3, 0), 1e-15);
    assertEquals(
        new HermiteDual(new Cubic()).derivative(a, 0.3, 0.5), dual.derivative(a, 0.3, 0.5), 1e-13);
    assertFalse(dual.homogeneous());
    assertTrue(new PolynomialDual(0, 3).homogeneous());
  }

  private static double mean(DoubleUnaryOperator g) {
    double h = 1.0 / 64;
    double sum = 0;
    for (int j = -64 * 13; j <= 64 * 13; j++) {
      double z = j * h;
      sum += g.applyAsDouble(z) * Math.exp(-0.5 * z * z);
    }
    return sum * h / Math.sqrt(2 * Math.PI);
  }

  private record Cubic() implements Activation {
    @Override
    public String label() {
      return "cubic";
    }

    @Override
    public double value(double x) {
      return 1 - 2 * x + x * x * x;
    }

    @Override
    public double derivative(double x) {
      return 3 * x * x - 2;
    }

    @Override
    public OptionalDouble lipschitz() {
      return OptionalDouble.empty();
    }

    @Override
    public OptionalDouble derivativeLipschitz() {
      return OptionalDouble.empty();
    }

    @Override
    public boolean polynomial() {
      return true;
    }
  }
}
