package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.limit.TwoTimeSolver.InputProcess;
import io.tangentflow.kernel.limit.TwoTimeSolver.Solution;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ContinuumLimitTest {

  /** σw, T, ‖x‖²/d, ‖x̄‖²/d, x·x̄/d. */
  private static final double[][] CASES = {
    {1, 0.1, 1, 1, 0.3},
    {1, 1, 1, 1, 1},
    {0.3, 3, 1.5, 0.4, -0.5},
    {1, 3, 0.5, 0.7, 0.1},
    {2, 1, 1, 1, 0.999},
  };

  @ParameterizedTest
  @EnumSource(
      names = {"RELU", "QUADRATIC"},
      mode = EnumSource.Mode.EXCLUDE)
  void theErrorEstimateBoundsTheDistanceToAFinerSolution(StandardActivation phi) {
    for (double[] q : CASES) {
      assertEstimate(phi, q, TwoTimeGrid.square(31), 0);
    }
  }

  @Test
  void theErrorEstimateBoundsTheDistanceToAFinerSolutionWhileAQuadraticLasts() {
    assertEstimate(
        StandardActivation.QUADRATIC, new double[] {0.5, 1, 1, 1, 0.3}, TwoTimeGrid.square(31), 0);
    assertEstimate(
        StandardActivation.QUADRATIC,
        new double[] {1, 0.3, 0.5, 1.5, -0.3},
        TwoTimeGrid.square(31),
        0);
  }

  /** Also close to x̄ = ±x, where the kernel is nearly singular; unit norms, as it is computed. */
  @Test
  void theErrorEstimateBoundsTheDistanceToAFinerSolutionForRelu() {
    TwoTimeGrid fine = TwoTimeGrid.triangle(36);
    for (double[] q : CASES) {
      assertEstimate(StandardActivation.RELU, new double[] {q[0], q[1], 1, 1, q[4]}, fine, 0);
    }
    for (double angle : new double[] {0, 1e-4, 1e-3, 1e-2, 0.1, 3, 3.14, Math.PI}) {
      for (double sigmaW : new double[] {1, 2}) {
        double[] q = {sigmaW, 1, 1, 1, Math.cos(angle)};
        assertEstimate(StandardActivation.RELU, q, fine, 0);
      }
    }
  }

  /**
   * The square converges like a low power of the nodes where the kernel has a kink, so it agrees
   * with the triangle to a few 1e-6 at x̄ = x.
   */
  @Test
  void squareAndTriangleAgreeForRelu() {
    for (double[] q : CASES) {
      double[] unit = {q[0], q[1], 1, 1, q[4]};
      assertEstimate(StandardActivation.RELU, unit, TwoTimeGrid.square(64), 1e-5);
    }
  }

  private static void assertEstimate(
      StandardActivation phi, double[] q, TwoTimeGrid grid, double slack) {
    NeuralOde ode = new NeuralOde(2, 1, 1, q[1], 1, q[0], 1.1, phi);
    LimitValue k = new ContinuumLimit(ode).pair(q[2], q[3], q[4]);
    TwoTimeSolver solver = new TwoTimeSolver(ode, DualActivation.of(phi), grid);
    InputProcess x = solver.process(q[2], Optional.empty()).orElseThrow();
    InputProcess y = q[2] == q[3] ? x : solver.process(q[3], Optional.empty()).orElseThrow();
    Solution fine = solver.pair(x, y, q[4]).orElseThrow();
    String at = phi + " " + Arrays.toString(q) + " " + k;
    assertEquals(fine.nngp(), k.nngp(), k.nngpError() + slack * fine.nngpScale(), at);
    assertEquals(fine.ntk(), k.ntk(), k.ntkError() + slack * fine.ntkScale(), at);
    // Series of very different variances are cut where Cauchy–Schwarz leaves up to 1e-11.
    double promised = phi == StandardActivation.RELU ? 1e-7 : 5e-11;
    assertTrue(k.ntkError() <= promised * fine.ntkScale(), at);
  }

  /** For Euler's method the error is a series in 1/L; two extrapolations leave O(L⁻³). */
  @Test
  void extrapolatedEulerNetworksAgreeForRelu() {
    NeuralOde ode = new NeuralOde(2, 1, StandardActivation.RELU);
    for (double rho : new double[] {-1, 0.3, 1}) {
      double[] k = new double[3];
      for (int i = 0; i < 3; i++) {
        k[i] = new FiniteDepthLimit(ode, 128 << i).pair(1, 1, rho).ntk();
      }
      double extrapolated = (8 * k[2] - 6 * k[1] + k[0]) / 3;
      assertEquals(extrapolated, new ContinuumLimit(ode).pair(1, 1, rho).ntk(), 2e-6, "" + rho);
    }
  }

  /**
   * For φ = id: S_ts = c I₀(2σw√(ts)), Θ_ts = σv² I₀(2σw√((T−t)(T−s))), and term by term ∬ S Θ = c
   * σv² Σ_q q κ^(q−1)/(q!)² T², κ = (σw T)².
   */
  @Test
  void theLinearNetworkHasItsAnalyticKernels() {
    for (double[] q : new double[][] {{1, 1}, {0.5, 3}, {2, 1}, {2, 3}}) {
      NeuralOde ode = new NeuralOde(2, 1, 1, q[1], 1.3, q[0], 0.8, StandardActivation.IDENTITY);
      double kappa = Math.pow(q[0] * q[1], 2);
      double bessel = 0;
      double hidden = 0;
      double term = 1;
      for (int i = 0; i < 80; i++) {
        bessel += term;
        hidden += i * term;
        term *= kappa / ((i + 1.0) * (i + 1.0));
      }
      double c = 1.3 * 1.3 * 0.4;
      double v = 0.8 * 0.8;
      LimitValue k = new ContinuumLimit(ode).pair(1, 2, 0.4);
      assertEquals(v * c * bessel, k.nngp(), k.nngpError());
      assertEquals(v * c * (2 * bessel + hidden), k.ntk(), k.ntkError());
      assertTrue(k.ntkError() < 1e-11 * k.ntk());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RELU", "IDENTITY"})
  void homogeneousKernelsScaleWithTheNorms(StandardActivation phi) {
    ContinuumLimit limit = new ContinuumLimit(new NeuralOde(2, 1, phi));
    LimitValue unit = limit.pair(1, 1, 0.25);
    LimitValue scaled = limit.pair(4, 9, 1.5);
    assertEquals(6 * unit.ntk(), scaled.ntk(), 6 * unit.ntkError());
    assertEquals(0, limit.pair(0, 2, 0).ntk());
  }

  /** E[u²] then grows like the solution of an equation of Riccati's kind. */
  @Test
  void aQuadraticThatBlowsUpBeforeTheHorizonIsRefused() {
    for (double horizon : new double[] {1, 3, 10}) {
      LimitingKernel limit =
          new ContinuumLimit(
              new NeuralOde(2, 1, 1, horizon, 1, 1, 1, StandardActivation.QUADRATIC));
      String message =
          assertThrows(InvalidConfiguration.class, () -> limit.pair(1, 1, 0.3)).getMessage();
      assertTrue(message.startsWith("--horizon") && message.contains("blows up"), message);
    }
  }

  /**
   * For variances of some T² the error bound of the Hermite series of tanh is so wide that the
   * first counts of nodes agree within it, while they still differ by more than a value may.
   */
  @Test
  void aWideErrorOfTheDualActivationDoesNotPassForAgreement() {
    for (double horizon : new double[] {20, 35}) {
      NeuralOde ode = new NeuralOde(2, 1, 1, horizon, 1, 1, 1, StandardActivation.TANH);
      LimitValue k = new ContinuumLimit(ode).pair(1, 1, 0.3);
      double coarse = new FiniteDepthLimit(ode, 64).pair(1, 1, 0.3).nngp();
      double fine = new FiniteDepthLimit(ode, 128).pair(1, 1, 0.3).nngp();
      // Extrapolation leaves O(L⁻²), less than what it removes.
      assertEquals(2 * fine - coarse, k.nngp(), Math.abs(fine - coarse));
      assertTrue(k.nngpError() > 1e-3, k.toString());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU", "SINE", "IDENTITY"})
  void aKernelBeyondTheFiniteNumbersIsRefused(StandardActivation phi) {
    for (double[] scales : new double[][] {{1e160, 1}, {1, 1e200}}) {
      NeuralOde ode = new NeuralOde(2, 1, 1, 1, scales[0], 1, scales[1], phi);
      for (LimitingKernel limit : List.of(new ContinuumLimit(ode), new FiniteDepthLimit(ode, 2))) {
        assertThrows(InvalidConfiguration.class, () -> limit.pair(1, 1, 0.3), phi.label());
      }
    }
  }

  @Test
  void impossiblePairsAreRefused() {
    LimitingKernel limit = new ContinuumLimit(new NeuralOde(2, 1, StandardActivation.GELU));
    assertThrows(IllegalArgumentException.class, () -> limit.pair(1, 1, 1.01));
    assertThrows(IllegalArgumentException.class, () -> limit.pair(-1, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> limit.pair(1, 1, Double.NaN));
  }
}
