package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.limit.TwoTimeSolver.InputProcess;
import io.tangentflow.kernel.limit.TwoTimeSolver.Solution;
import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
    // Series of very different variances are cut where Cauchy–Schwarz leaves up to 1e-11.
    assertEstimate(phi, q, grid, slack, phi == StandardActivation.RELU ? 1e-7 : 5e-11);
  }

  private static void assertEstimate(
      StandardActivation phi, double[] q, TwoTimeGrid grid, double slack, double promised) {
    NeuralOde ode = new NeuralOde(2, 1, 1, q[1], 1, q[0], 1.1, phi);
    LimitValue k = new ContinuumLimit(ode).pair(q[2], q[3], q[4]);
    TwoTimeSolver solver = new TwoTimeSolver(ode, DualActivation.of(phi), grid, 0);
    InputProcess x = solver.process(q[2], Optional.empty()).orElseThrow();
    InputProcess y = q[2] == q[3] ? x : solver.process(q[3], Optional.empty()).orElseThrow();
    Solution fine = solver.pair(x, y, q[4], Optional.empty()).orElseThrow();
    String at = phi + " " + Arrays.toString(q) + " " + k;
    assertEquals(fine.nngp(), k.nngp(), k.nngpError() + slack * fine.nngpScale(), at);
    assertEquals(fine.ntk(), k.ntk(), k.ntkError() + slack * fine.ntkScale(), at);
    assertTrue(k.ntkError() <= promised * fine.ntkScale(), at);
  }

  /** Bytes as inputs: kernels that are all but kinked where the two inputs are all but parallel. */
  @ParameterizedTest
  @EnumSource(names = {"GELU", "SILU", "TANH"})
  void theErrorEstimateBoundsTheDistanceToAFinerSolutionAtLargeVariances(StandardActivation phi) {
    for (double[] norms : new double[][] {{1e4, 1e4}, {1e3, 3e4}, {300, 0.3}}) {
      for (double rho : new double[] {-1, 0.5, 0.99, 0.99999, 1}) {
        double[] q = {1, 1, norms[0], norms[1], rho * Math.sqrt(norms[0] * norms[1])};
        assertEstimate(phi, q, TwoTimeGrid.triangle(32), 0, 1e-8);
      }
    }
  }

  /** The square of 64 nodes errs by 1e-9 where inputs are parallel, by less elsewhere. */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "GELU"})
  void squareAndTrianglesAgreeAtLargeVariances(StandardActivation phi) {
    for (double[] norms : new double[][] {{1e4, 1e4}, {1e3, 3e4}}) {
      for (double rho : new double[] {-1, 0.5, 0.99}) {
        double[] q = {1, 1, norms[0], norms[1], rho * Math.sqrt(norms[0] * norms[1])};
        assertEstimate(phi, q, TwoTimeGrid.square(64), 1e-10, 1e-8);
      }
    }
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

  /** Softplus cannot blow up, and no horizon mends it. */
  @Test
  void inputsWhoseSquareOverflowsAreRefusedAsInputs() {
    NeuralOde ode = new NeuralOde(2, 1, StandardActivation.SOFTPLUS);
    DenseMatrix x = new DenseMatrix(2, 3, new double[] {1e160, 0, 0, 2e160, 1e160, 1e160});
    for (LimitingKernel limit : List.of(new ContinuumLimit(ode), new FiniteDepthLimit(ode, 3))) {
      assertInputRefused(() -> limit.gram(x));
      assertInputRefused(() -> limit.onSphere(Double.POSITIVE_INFINITY));
    }
    assertInputRefused(() -> TwoTimeBatch.continuum(ode, 8).atEnd(Double.POSITIVE_INFINITY));
  }

  private static void assertInputRefused(Executable limit) {
    String message = assertThrows(InvalidConfiguration.class, limit).getMessage();
    assertTrue(message.startsWith("--data: has an input"), message);
  }

  /**
   * For variances of some T² the error bound of the Hermite series of a tanh of one's own is so
   * wide that the first counts of nodes agree within it, while they still differ by more than a
   * value may. The tanh whose dual is known has none of that.
   */
  @Test
  void aWideErrorOfTheDualActivationDoesNotPassForAgreement() {
    for (double horizon : new double[] {20, 35}) {
      NeuralOde ode = new NeuralOde(2, 1, 1, horizon, 1, 1, 1, StandardActivation.TANH);
      LimitValue known = new ContinuumLimit(ode).pair(1, 1, 0.3);
      NeuralOde own = new NeuralOde(2, 1, 1, horizon, 1, 1, 1, new OwnTanh());
      LimitValue k = new ContinuumLimit(own).pair(1, 1, 0.3);
      double coarse = new FiniteDepthLimit(ode, 64).pair(1, 1, 0.3).nngp();
      double fine = new FiniteDepthLimit(ode, 128).pair(1, 1, 0.3).nngp();
      // Extrapolation leaves O(L⁻²), less than what it removes.
      assertEquals(2 * fine - coarse, k.nngp(), Math.abs(fine - coarse));
      assertEquals(2 * fine - coarse, known.nngp(), Math.abs(fine - coarse));
      assertEquals(known.nngp(), k.nngp(), known.nngpError() + k.nngpError());
      assertTrue(k.nngpError() > 1e-3, k.toString());
      assertTrue(known.nngpError() < 1e-6, known.toString());
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
    assertThrows(IllegalArgumentException.class, () -> limit.pair(1e-200, 1e-200, 5e-200));
    assertThrows(IllegalArgumentException.class, () -> limit.pair(1e200, 1e200, 3e200));
  }

  private record OwnTanh() implements Activation {
    @Override
    public String label() {
      return "own tanh";
    }

    @Override
    public double value(double x) {
      return Math.tanh(x);
    }

    @Override
    public double derivative(double x) {
      return StandardActivation.TANH.derivative(x);
    }

    @Override
    public OptionalDouble lipschitz() {
      return OptionalDouble.of(1);
    }

    @Override
    public OptionalDouble derivativeLipschitz() {
      return OptionalDouble.empty();
    }

    @Override
    public boolean polynomial() {
      return false;
    }
  }

  /** Over such horizons variances grow to hundreds, and Hermite series of erf end too early. */
  @ParameterizedTest
  @CsvSource({"ERF, 1", "ERF, 5", "ERF, 20", "TANH, 2", "SOFTPLUS, 2", "GELU, 2"})
  void fewInputsHaveTheErrorsOfSinglePairs(StandardActivation phi, double horizon) {
    ContinuumLimit limit = new ContinuumLimit(new NeuralOde(2, 1, 1, horizon, 1, 1, 1, phi));
    DenseMatrix inputs = new DenseMatrix(2, 3, new double[] {1.4, 0.2, 1, 1, -0.3, 1.1});
    LimitGram gram = limit.gram(inputs);
    double largest = LimitDoubt.largest(gram.ntk());
    double worst = 0;
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j <= i; j++) {
        LimitValue pair = limit.pair(dot(inputs, i, i), dot(inputs, j, j), dot(inputs, i, j));
        assertEquals(
            pair.ntk(), gram.ntk().get(i, j), gram.ntkError() + pair.ntkError(), i + " " + j);
        worst = Math.max(worst, pair.ntkError());
      }
    }
    assertTrue(
        gram.ntkError() <= Math.max(2 * worst, 1e-8 * largest), gram.ntkError() + " " + worst);
    assertEquals(Optional.empty(), LimitDoubt.of(gram));
  }

  private static double dot(DenseMatrix inputs, int i, int j) {
    return (inputs.get(0, i) * inputs.get(0, j) + inputs.get(1, i) * inputs.get(1, j)) / 2;
  }

  /** tanh is linear at 0, so that both kernels and their errors are as small as the inputs. */
  @Test
  void tinyInputsHaveTheErrorsOfSmallOnes() {
    NeuralOde ode = new NeuralOde(2, 1, StandardActivation.TANH);
    for (LimitingKernel limit : List.of(new ContinuumLimit(ode), new FiniteDepthLimit(ode, 3))) {
      LimitValue small = limit.pair(1e-20, 1e-20, 5e-21).times(1e20);
      LimitValue tiny = limit.pair(1e-200, 1e-200, 5e-201).times(1e200);
      assertEquals(small.nngp(), tiny.nngp(), 2 * small.nngpError());
      assertEquals(small.ntk(), tiny.ntk(), 2 * small.ntkError());
      assertEquals(small.nngpError(), tiny.nngpError(), small.nngpError());
      assertTrue(tiny.nngpError() > 0.1 * small.nngpError(), tiny.toString());
      assertTrue(tiny.ntkError() > 0.1 * small.ntkError(), tiny.toString());
    }
  }
}
