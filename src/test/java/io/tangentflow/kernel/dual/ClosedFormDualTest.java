package io.tangentflow.kernel.dual;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.kernel.dual.DualActivation.Method;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every closed form against two independent computations, quadrature and the Hermite series, to
 * 1e-12 of √(E[φ(u)²] E[φ(v)²]).
 */
class ClosedFormDualTest {

  private static final double TOLERANCE = 1e-12;
  private static final double[] CORRELATIONS = {-1, -0.999, -0.6, 0, 0.3, 0.95, 1};
  private static final double[][] VARIANCES = {
    {1, 1}, {0.2, 2.5}, {1e-4, 1}, {1e-8, 1e-8}, {9, 10}, {25, 16}, {0, 1}, {0, 0}
  };

  /** One of the two functions that a dual is about, φ or φ'. */
  private enum Part {
    VALUE {
      @Override
      DoubleUnaryOperator function(Activation phi) {
        return phi::value;
      }

      @Override
      double dual(DualActivation dual, double a, double b, double c) {
        return dual.value(a, b, c);
      }

      @Override
      double error(DualActivation dual, double a, double b) {
        return dual.valueError(dual.marginal(a), dual.marginal(b));
      }
    },
    DERIVATIVE {
      @Override
      DoubleUnaryOperator function(Activation phi) {
        return phi::derivative;
      }

      @Override
      double dual(DualActivation dual, double a, double b, double c) {
        return dual.derivative(a, b, c);
      }

      @Override
      double error(DualActivation dual, double a, double b) {
        return dual.derivativeError(dual.marginal(a), dual.marginal(b));
      }
    };

    abstract DoubleUnaryOperator function(Activation phi);

    abstract double dual(DualActivation dual, double a, double b, double c);

    abstract double error(DualActivation dual, double a, double b);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gelu",
        "erf",
        "sine",
        "quadratic",
        "identity",
        "cosine",
        "gaussian",
        "exponential",
        "monomial:3",
        "monomial:6",
        "polynomial:1:-2:0:1",
        "polynomial:0.5:1:-0.25:0:0.125",
        "leaky-relu:1"
      })
  void smoothFormsEqualQuadratureAndSeries(String name) {
    Activation phi = Activations.named(name);
    DualActivation closed = DualActivation.of(phi);
    DualActivation series = new HermiteDual(phi);
    assertEquals(Method.CLOSED_FORM, closed.method(closed.marginal(1)));
    assertTrue(closed.smooth());
    for (Part part : Part.values()) {
      DoubleUnaryOperator g = part.function(phi);
      for (double[] ab : VARIANCES) {
        double a = ab[0];
        double b = ab[1];
        double scale =
            Math.sqrt(PairQuadrature.smooth(g, a, a, 1) * PairQuadrature.smooth(g, b, b, 1));
        double bound = part.error(closed, a, b) + part.error(series, a, b);
        for (double rho : CORRELATIONS) {
          String at = name + " " + part + " " + a + " " + b + " " + rho;
          double c = rho * (Math.sqrt(a) * Math.sqrt(b));
          double value = part.dual(closed, a, b, c);
          assertEquals(PairQuadrature.smooth(g, a, b, rho), value, TOLERANCE * scale, at);
          double hermite = part.dual(series, a, b, c);
          assertEquals(hermite, value, TOLERANCE * scale, at);
          assertEquals(hermite, value, bound, at);
        }
      }
    }
  }

  /**
   * The series of a kink has 0.95^2048 = 2e-46 left at |ρ| = 0.95, and at |ρ| → 1 what its bound
   * says. Where φ' jumps at ρ = ±1 the angle arccos ρ of the quadrature is known to √ε only.
   */
  @ParameterizedTest
  @ValueSource(strings = {"relu", "abs", "leaky-relu", "leaky-relu:0.3", "leaky-relu:-2.5"})
  void formsWithAKinkEqualQuadratureAndSeries(String name) {
    Activation phi = Activations.named(name);
    DualActivation closed = DualActivation.of(phi);
    DualActivation series = new HermiteDual(phi);
    assertEquals(Method.CLOSED_FORM, closed.method(closed.marginal(1)));
    assertTrue(!closed.smooth() && closed.homogeneous());
    assertTrue(!series.smooth() && series.homogeneous());
    for (Part part : Part.values()) {
      DoubleUnaryOperator g = part.function(phi);
      for (double[] ab : VARIANCES) {
        double a = ab[0];
        double b = ab[1];
        double scale =
            Math.sqrt(PairQuadrature.kinked(g, a, a, 1) * PairQuadrature.kinked(g, b, b, 1));
        double bound = part.error(closed, a, b) + part.error(series, a, b);
        assertTrue(bound <= 0.1 * scale, "a bound that says nothing: " + bound);
        for (double rho : CORRELATIONS) {
          String at = name + " " + part + " " + a + " " + b + " " + rho;
          double c = rho * (Math.sqrt(a) * Math.sqrt(b));
          double value = part.dual(closed, a, b, c);
          assertEquals(PairQuadrature.kinked(g, a, b, rho), value, TOLERANCE * scale, at);
          double hermite = part.dual(series, a, b, c);
          assertEquals(hermite, value, Math.abs(rho) < 0.99 ? TOLERANCE * scale : bound, at);
        }
      }
    }
  }

  /** Beyond fp64 there is no number, and none is given. */
  @Test
  void theExponentialOverflowsForAllToSee() {
    DualActivation closed = new ExponentialDual();
    assertEquals(Math.exp(700), closed.value(350, 350, 350), 1e-12 * Math.exp(700));
    assertEquals(Double.POSITIVE_INFINITY, closed.value(400, 400, 400));
    Marginal u = closed.marginal(400);
    assertEquals(Double.POSITIVE_INFINITY, closed.valueError(u, u));
    DualActivation series = new HermiteDual(Activations.named("exponential"));
    for (double variance : new double[] {64, 90, 150, 400, 1e6}) {
      Marginal v = series.marginal(variance);
      double error = series.valueError(v, v);
      double value = series.value(v, v, 0.5 * variance);
      assertTrue(
          Double.isInfinite(error)
              || Math.abs(value - closed.value(variance, variance, 0.5 * variance)) <= error,
          variance + ": " + value + " ± " + error);
    }
  }

  /** Cancellation of coefficients: √720·he_6 has a mean of zero, and its parts are 15 and 45. */
  @Test
  void roundingOfACancellingPolynomialIsInItsBound() {
    DualActivation dual = new PolynomialDual(-15, 0, 45, 0, -15, 0, 1);
    for (double a : new double[] {1, 0.7, 3}) {
      for (double rho : CORRELATIONS) {
        Marginal u = dual.marginal(1);
        Marginal v = dual.marginal(a);
        // Of variance one the polynomial is √720·he_6 alone, so the other's α_6 = √720 a³ is met.
        double exact = 720 * Math.pow(rho, 6) * Math.pow(a, 3);
        double c = rho * Math.sqrt(a);
        assertEquals(exact, dual.value(u, v, c), dual.valueError(u, v), a + " " + rho);
        assertTrue(dual.valueError(u, v) < 1e-9 * Math.sqrt(720 * dual.value(v, v, a)));
      }
    }
  }
}
