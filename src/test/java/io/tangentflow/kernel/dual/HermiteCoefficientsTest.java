package io.tangentflow.kernel.dual;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.Activations;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hermite coefficients α_k of z ↦ φ(τz) against formulas, to rounding of √E[φ²]. */
class HermiteCoefficientsTest {

  private static final double ROUNDING = 2e-15;

  private static void check(String name, double tau, IntToDoubleFunction alpha) {
    HermiteSeries series =
        ((HermiteDual.Table) new HermiteDual(Activations.named(name)).marginal(tau * tau)).value();
    double[] coefficients = series.coefficients();
    assertTrue(series.known());
    for (int k = 0; k < coefficients.length; k++) {
      double expected = alpha.applyAsDouble(k);
      assertEquals(expected, coefficients[k], ROUNDING * series.norm(), name + " " + tau + " " + k);
      double stated = series.coefficientErrors()[k] + ROUNDING * series.norm();
      assertTrue(Math.abs(expected - coefficients[k]) <= stated, name + " " + k);
    }
  }

  /** z³ = √6 he_3 + 3 he_1, z⁴ = √24 he_4 + 6√2 he_2 + 3. */
  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1, 4})
  void ofMonomials(double tau) {
    double[] cube = {0, 3, 0, Math.sqrt(6)};
    double[] fourth = {3, 0, 6 * Math.sqrt(2), 0, Math.sqrt(24)};
    check("monomial:3", tau, k -> k < 4 ? cube[k] * Math.pow(tau, 3) : 0);
    check("monomial:4", tau, k -> k < 5 ? fourth[k] * Math.pow(tau, 4) : 0);
  }

  /** From e^(τz − τ²/2) = Σ τ^k/√k! he_k(z). Of variance 49 the mass of e^(2τz) lies at z = 14. */
  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1, 3, 7})
  void ofTheExponential(double tau) {
    check("exponential", tau, k -> Math.exp(0.5 * tau * tau) * powerOverRoot(tau, k));
  }

  /** The same with an imaginary τ. */
  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1, 3, 7})
  void ofSineAndCosine(double tau) {
    double damping = Math.exp(-0.5 * tau * tau);
    check(
        "sine", tau, k -> k % 2 == 0 ? 0 : damping * (k % 4 == 1 ? 1 : -1) * powerOverRoot(tau, k));
    check(
        "cosine",
        tau,
        k -> k % 2 == 1 ? 0 : damping * (k % 4 == 0 ? 1 : -1) * powerOverRoot(tau, k));
  }

  /** exp(−τ²z²/2) = (1+τ²)^(−1/2) Σ_j (−τ²/(2(1+τ²)))^j √(2j)!/j! he_2j(z). */
  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1, 3})
  void ofTheGaussian(double tau) {
    double ratio = -0.5 * tau * tau / (1 + tau * tau);
    check(
        "gaussian",
        tau,
        k -> {
          double alpha = 1 / Math.sqrt(1 + tau * tau);
          for (int j = 1; j <= k / 2; j++) {
            alpha *= ratio * Math.sqrt(2.0 * j * (2 * j - 1)) / j;
          }
          return k % 2 == 0 ? alpha : 0;
        });
  }

  /** |z| = √(2/π) Σ_j (−1)^(j+1) (2j−3)!!/√(2j)! he_2j; the rest is a part of z. */
  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1, 30})
  void ofReluAndItsKin(double tau) {
    check("abs", tau, k -> tau * modulus(k));
    check("relu", tau, k -> tau * (0.5 * modulus(k) + (k == 1 ? 0.5 : 0)));
    check("leaky-relu:0.25", tau, k -> tau * (0.375 * modulus(k) + (k == 1 ? 0.625 : 0)));
  }

  /** The step is 1/2 + sign/2, and the coefficients of sign z are those of |z|'s derivative. */
  @Test
  void ofTheStep() {
    HermiteDual.Table table =
        (HermiteDual.Table) new HermiteDual(Activations.named("relu")).marginal(1);
    double[] alpha = table.derivative().coefficients();
    for (int k = 0; k < alpha.length; k++) {
      double expected = k == 0 ? 0.5 : 0.5 * Math.sqrt(k + 1) * modulus(k + 1);
      assertEquals(expected, alpha[k], ROUNDING, "k = " + k);
    }
  }

  private static double modulus(int k) {
    if (k % 2 == 1) {
      return 0;
    }
    double alpha = Math.sqrt(2 / Math.PI);
    for (int j = 1; j <= k / 2; j++) {
      alpha *= -(2 * j - 3) / Math.sqrt(2.0 * j * (2 * j - 1));
    }
    return alpha;
  }

  /** τ^k / √k!. */
  private static double powerOverRoot(double tau, int k) {
    double power = 1;
    for (int j = 1; j <= k; j++) {
      power *= tau / Math.sqrt(j);
    }
    return power;
  }
}
