package io.tangentflow.kernel.dual;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.dual.CoefficientDecay.Law;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HermiteExpansionTest {

  @ParameterizedTest
  @MethodSource("io.tangentflow.kernel.dual.DualPropertiesTest#activations")
  void momentsAreThoseOfTheDual(Activation phi) {
    for (double variance : new double[] {1e-4, 1, 3}) {
      HermiteExpansion expansion = HermiteExpansion.of(phi, variance);
      DualActivation dual = DualActivation.of(phi);
      double square = dual.value(variance, variance, variance);
      double slope = dual.derivative(variance, variance, variance);
      double error = dual.valueError(dual.marginal(variance), dual.marginal(variance));
      double slopeError = dual.derivativeError(dual.marginal(variance), dual.marginal(variance));
      assertEquals(square, expansion.meanSquare(), 1e-14 * square + error, phi.label());
      assertEquals(slope, expansion.derivativeMeanSquare(), 1e-14 * slope + slopeError);
      // Independent variables: E[φ(u)φ(v)] = E[φ]².
      double mean = expansion.mean();
      assertEquals(dual.value(variance, variance, 0), mean * mean, 1e-13 * square, phi.label());
    }
  }

  /** Parseval: what is not here is E[φ²] less what is. */
  @ParameterizedTest
  @MethodSource("io.tangentflow.kernel.dual.DualPropertiesTest#activations")
  void theRemainderBoundsWhatIsLeftOut(Activation phi) {
    HermiteExpansion expansion = HermiteExpansion.of(phi, 2);
    double left = expansion.meanSquare();
    for (double alpha : expansion.coefficients()) {
      left -= alpha * alpha;
    }
    double remainder = expansion.remainder();
    assertTrue(left <= remainder * remainder, phi.label());
    if (phi.smooth()) {
      assertTrue(remainder < 1e-7 * Math.sqrt(expansion.meanSquare()), phi.label());
      assertTrue(expansion.last() < expansion.coefficients().length / 2, phi.label());
    }
  }

  /** Σ_(j≥J) of |z|'s α_2j², α_2j² ≈ k^(−5/2) 2√2·π^(−3/2)…, against the sum of the rest itself. */
  @Test
  void theRemainderOfAKinkIsTheSumOfItsTail() {
    HermiteExpansion expansion = HermiteExpansion.of(Activations.named("abs"), 1);
    double alpha = expansion.coefficients()[2046];
    double tail = 0;
    for (int k = 2048; k < 20_000_000; k += 2) {
      alpha *= (k - 3) / Math.sqrt((double) k * (k - 1));
      tail += alpha * alpha;
    }
    // Beyond 2·10⁷ terms: Σ k^(−5/2) is (1e4)^(−3/2) = 1e-6 of the sum.
    assertEquals(Math.sqrt(tail), expansion.remainder(), 1e-5 * expansion.remainder());
  }

  /**
   * The rate that theory has: poles at ±iw give c = w/τ, a Gaussian of width s the half logarithm
   * of 1 + s²/τ², a kink p = 5/4, and eˣ and sin x r = τ. Powers of k beside it move the fit by
   * some per cent over the k that are seen, those of eˣ and sin x have none.
   */
  @ParameterizedTest
  @CsvSource({
    "softplus, 1, EVEN, ROOT_EXPONENTIAL, 3.14159265, 0.1",
    "softplus, 10, EVEN, ROOT_EXPONENTIAL, 0.99345882, 0.1",
    "sigmoid, 1, ODD, ROOT_EXPONENTIAL, 3.14159265, 0.1",
    "silu, 4, EVEN, ROOT_EXPONENTIAL, 1.57079632, 0.1",
    "tanh, 1, ODD, ROOT_EXPONENTIAL, 1.57079632, 0.1",
    "gelu, 1, EVEN, EXPONENTIAL, 0.34657359, 0.1",
    "gaussian, 1, EVEN, EXPONENTIAL, 0.34657359, 0.1",
    "erf, 1, ODD, EXPONENTIAL, 0.20273255, 0.1",
    "relu, 1, EVEN, POWER, 1.25, 0.002",
    "abs, 7, EVEN, POWER, 1.25, 0.002",
    "leaky-relu:0.5, 1, EVEN, POWER, 1.25, 0.002",
    "sine, 1, ODD, FACTORIAL, 1, 0.01",
    "cosine, 4, EVEN, FACTORIAL, 2, 0.01",
    "exponential, 2, EVEN, FACTORIAL, 1.41421356, 0.01",
    "exponential, 2, ODD, FACTORIAL, 1.41421356, 0.01"
  })
  void coefficientsFallAsTheorySays(
      String name, double variance, Parity parity, Law law, double rate, double relative) {
    CoefficientDecay decay =
        CoefficientDecay.of(HermiteExpansion.of(Activations.named(name), variance), parity)
            .orElseThrow();
    assertEquals(law, decay.law(), name);
    assertEquals(rate, decay.rate(), relative * rate, name);
  }

  /** The fitted curve passes through the coefficients as closely as is stated. */
  @ParameterizedTest
  @ValueSource(strings = {"softplus", "gelu", "relu", "cosine"})
  void theFitMissesByWhatItSays(String name) {
    HermiteExpansion expansion = HermiteExpansion.of(Activations.named(name), 1);
    CoefficientDecay decay = CoefficientDecay.of(expansion, Parity.EVEN).orElseThrow();
    double squares = 0;
    int count = 0;
    for (int k : expansion.significant(Parity.EVEN)) {
      if (k >= decay.from()) {
        squares += Math.pow(Math.log(Math.abs(expansion.coefficients()[k]) / decay.at(k)), 2);
        count++;
      }
    }
    assertTrue(count >= 4);
    assertEquals(decay.miss(), Math.sqrt(squares / count), 1e-6 * (1 + decay.miss()), name);
    assertTrue(CoefficientDecay.of(expansion, Parity.ODD).isEmpty());
  }

  /**
   * At τ = 1000 the nodes of 2048 terms, 0.03 apart, do not resolve tanh(τz), but E[φ²] is: 1 −
   * E[φ²] = E[φ'] = √(2/π)/τ and E[φ'²] = (2/3) of that, but for O(τ⁻³) = 1e-9.
   */
  @Test
  void whatTheTermsDoNotResolveIsInTheErrors() {
    HermiteExpansion expansion = HermiteExpansion.of(Activations.named("tanh"), 1e6);
    double slope = Math.sqrt(2 / Math.PI) / 1000;
    assertEquals(1 - slope, expansion.meanSquare(), 1e-9);
    assertEquals(2 * slope / 3, expansion.derivativeMeanSquare(), 1e-9);
    assertTrue(expansion.meanSquareError() < 1e-13);
    // E[z tanh(τz)] = τE[φ'(τz)] = √(2/π), but for O(τ⁻²) = 1e-6.
    double first = expansion.coefficients()[1];
    assertTrue(expansion.error(1) > 1e-5, "the nodes do not resolve it");
    assertEquals(Math.sqrt(2 / Math.PI), first, expansion.error(1) + 1e-6);
    DualActivation dual = new HermiteDual(Activations.named("tanh"));
    Marginal u = dual.marginal(1e6);
    assertEquals(1 - slope, dual.value(u, u, 1e6), dual.valueError(u, u));
    assertEquals(2 * slope / 3, dual.derivative(u, u, 1e6), dual.derivativeError(u, u));
    // sign u sign v: (2/π) arcsin ρ but for O(1/τ).
    double arcsine = 2 / Math.PI * Math.asin(0.5);
    assertEquals(arcsine, dual.value(u, u, 0.5e6), dual.valueError(u, u) + slope);
  }

  @Test
  void coefficientsThatVanishAreNotSeen() {
    HermiteExpansion cube = HermiteExpansion.of(Activations.named("monomial:3"), 5);
    assertEquals(3, cube.last());
    assertEquals(0, cube.significant(Parity.EVEN).length);
    assertEquals(2, cube.significant(Parity.ODD).length);
    assertEquals(
        1, HermiteExpansion.of(Activations.named("softplus"), 1).significant(Parity.ODD).length);
  }

  @Test
  void variancesWithoutAnExpansionAreRefused() {
    for (double variance : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(
          InvalidConfiguration.class,
          () -> HermiteExpansion.of(Activations.named("tanh"), variance));
    }
    assertThrows(
        InvalidConfiguration.class,
        () -> HermiteExpansion.of(Activations.named("exponential"), 1000));
  }
}
