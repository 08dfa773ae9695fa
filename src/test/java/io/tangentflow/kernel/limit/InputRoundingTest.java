package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class InputRoundingTest {

  /** So many terms that what they round is far above the rounding of the kernel itself. */
  private static final int TERMS = 1 << 20;

  /** The kernel is evaluated at inputs that are off by all that rounding allows. */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU", "GELU", "ERF", "SINE", "IDENTITY"})
  void noEntryMovesMoreThanTheBoundSays(StandardActivation phi) {
    for (LimitingKernel kernel :
        new LimitingKernel[] {
          new ContinuumLimit(new NeuralOde(TERMS, 1, phi)),
          new FiniteDepthLimit(new NeuralOde(TERMS, 1, phi), 2)
        }) {
      double error = 4 * kernel.pair(1, 1, 1).ntkError();
      for (double greatest : new double[] {1, 1 - 1e-8, 0.9}) {
        InputRounding rounding = of(kernel, greatest, error);
        double epsilon = rounding.correlationError();
        assertTrue(epsilon > 2e-10 && epsilon < 3e-10);
        for (double rho : new double[] {greatest, 0.5, 0, -0.5, -greatest}) {
          for (double moved : new double[] {rho - epsilon, rho + epsilon}) {
            if (Math.abs(moved) <= 1) {
              double move = kernel.pair(1, 1, moved).ntk() - kernel.pair(1, 1, rho).ntk();
              assertEquals(0, move, rounding.correlationEffect() + error, phi + " " + rho);
            }
          }
          double further = 1 + rounding.normError();
          double move =
              kernel.pair(further, further, rho * further).ntk() - kernel.pair(1, 1, rho).ntk();
          assertEquals(0, move, rounding.normEffect() + error, phi + " " + rho);
        }
      }
    }
  }

  /** The pair of two norms moves by the geometric mean of what each moves alone. */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU", "TANH"})
  void pairsOfDifferentNormsAreBoundedToo(StandardActivation phi) {
    LimitingKernel kernel = new FiniteDepthLimit(new NeuralOde(TERMS, 1, phi), 2);
    DenseMatrix inputs = DenseMatrix.zeros(TERMS, 2);
    Arrays.fill(inputs.values(), 0, TERMS, 0.5);
    Arrays.fill(inputs.values(), TERMS, 2 * TERMS, 1.5);
    double error = 4 * kernel.pair(2.25, 0.25, 0.75).ntkError();
    InputRounding rounding =
        InputRounding.of(
            InputRounding.ofPairs(kernel), inputs, 1, error, ForkJoinPool.commonPool());
    double epsilon = rounding.correlationError();
    for (double rho : new double[] {1, 0.3, -1}) {
      double moved = rho - Math.signum(rho) * epsilon;
      double move =
          kernel.pair(2.25, 0.25, 0.75 * moved).ntk() - kernel.pair(2.25, 0.25, 0.75 * rho).ntk();
      assertEquals(0, move, rounding.correlationEffect() + error, phi + " " + rho);
      double further = 2.25 * (1 + rounding.normError());
      double dot = rho * Math.sqrt(further * 0.25);
      move = kernel.pair(further, 0.25, dot).ntk() - kernel.pair(2.25, 0.25, 0.75 * rho).ntk();
      assertEquals(0, move, rounding.normEffect() + error, phi + " " + rho);
    }
  }

  /** Softplus' derivative at ρ = 1 by a central quotient of steps where both errors are small. */
  @Test
  void theBoundIsOfTheSizeOfTheEffect() {
    LimitingKernel softplus =
        new ContinuumLimit(new NeuralOde(TERMS, 1, StandardActivation.SOFTPLUS));
    double slope = (softplus.pair(1, 1, 1).ntk() - softplus.pair(1, 1, 1 - 1e-5).ntk()) / 1e-5;
    InputRounding smooth = of(softplus, 1, 1e-15);
    assertEquals(slope, smooth.correlationEffect() / smooth.correlationError(), 1e-4 * slope);
    LimitingKernel relu = new ContinuumLimit(new NeuralOde(TERMS, 1, StandardActivation.RELU));
    double error = relu.pair(1, 1, 1).ntkError();
    InputRounding kinked = of(relu, 1, error);
    double move = relu.pair(1, 1, 1).ntk() - relu.pair(1, 1, 1 - kinked.correlationError()).ntk();
    assertEquals(move, kinked.correlationEffect(), 4 * error);
    // √ε and not ε.
    assertTrue(kinked.correlationEffect() > 1e4 * kinked.correlationError(), kinked.toString());
  }

  /**
   * For φ = x: K = C √(q q̄) ρ with a known C, so the effects are Cε and C·(relative error of q).
   */
  @Test
  void theLinearNetworkHasItsAnalyticEffects() {
    LimitingKernel kernel =
        new FiniteDepthLimit(new NeuralOde(TERMS, 1, StandardActivation.IDENTITY), 1);
    // NNGP = S¹¹ = c + c = 2c; Θ¹¹ = 1, so ∬ = c; Θ⁰⁰ = 2.
    assertEquals(5, kernel.pair(1, 1, 1).ntk(), 1e-14);
    InputRounding rounding = of(kernel, 0.5, 1e-15);
    assertEquals(5 * rounding.correlationError(), rounding.correlationEffect(), 2e-6 * 5 * 3e-10);
    // D = √5 (√(1 + τ) − 1)/τ ≈ √5/2, twice √5 of it.
    assertEquals(5 * rounding.normError(), rounding.normEffect(), 1e-3 * 5 * 3e-10);
  }

  /** Against exact decimal arithmetic. */
  @Test
  void innerProductsAreOffByNoMoreThanAssumed() {
    int d = 784;
    DenseMatrix x = Parameters.gaussian(d, 12, 3, 0);
    double epsilon =
        of(new FiniteDepthLimit(new NeuralOde(d, 1, StandardActivation.IDENTITY), 1), d, 1, 0)
            .correlationError();
    for (int j = 0; j < 12; j++) {
      for (int i = 0; i <= j; i++) {
        double sum = 0;
        double norms = 0;
        BigDecimal exact = BigDecimal.ZERO;
        for (int k = 0; k < d; k++) {
          sum += x.get(k, i) * x.get(k, j);
          norms += 0.5 * (Math.pow(x.get(k, i), 2) + Math.pow(x.get(k, j), 2));
          exact = exact.add(new BigDecimal(x.get(k, i)).multiply(new BigDecimal(x.get(k, j))));
        }
        double off = new BigDecimal(sum).subtract(exact).abs().doubleValue();
        assertTrue(off <= epsilon * norms, i + " " + j + " " + off);
      }
    }
  }

  private static InputRounding of(LimitingKernel kernel, double greatest, double error) {
    return of(kernel, TERMS, greatest, error);
  }

  /** One sample of ones, whose norm is 1 exactly. */
  private static InputRounding of(LimitingKernel kernel, int terms, double greatest, double error) {
    DenseMatrix ones = DenseMatrix.zeros(terms, 1);
    Arrays.fill(ones.values(), 1);
    return InputRounding.of(
        InputRounding.ofPairs(kernel), ones, greatest, error, ForkJoinPool.commonPool());
  }
}
