package io.tangentflow.ode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.StepSizeUnderflow;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a tolerance does where no solution can be had. */
class ToleranceTest {

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /**
   * n = d = 1, φ(h) = h²: h(t) = h₀/(1 − c w h₀ t) blows up at t* = 1/(c w h₀), here at 1/(0.8 ·
   * 1.5) for sample 2 before sample 0 at three times that. An error of the state at some time is
   * one of t* of the same relative size, and later times count for less and less.
   */
  @ParameterizedTest
  @MethodSource("backends")
  @Tag("every-backend")
  void aBlowUpIsNamedByItsFirstSampleAndItsTime(BackendCase which) {
    which.require();
    requireBlowUpNamed(which, List.of(Tableau.DORMAND_PRINCE));
  }

  @Test
  void aBlowUpIsNamedByEveryMethod() {
    requireBlowUpNamed(fp64(), Tableau.ALL);
  }

  private static void requireBlowUpNamed(BackendCase which, List<Tableau> tableaux) {
    double[] h0 = {0.5, -3, 1.5, 0.3};
    double blowUp = 1 / (0.8 * 1.5);
    HostFlow host = scalarNetwork(StandardActivation.QUADRATIC, 0.8, 2, h0);
    boolean single = which.precision() == Precision.FP32;
    for (Tableau tableau : tableaux) {
      for (boolean each : new boolean[] {false, true}) {
        if (tableau.embedded()) {
          double relative = single ? 1e-6 : 1e-8;
          StepSizeUnderflow failure =
              assertThrows(
                  StepSizeUnderflow.class,
                  () -> solve(host, which, new Tolerance(tableau, relative, each), 0, 2));
          assertTrue(failure.getMessage().contains("for sample 2 first"), failure.getMessage());
          assertEquals(blowUp, timeIn(failure), (single ? 1e-5 : 1e-6) * blowUp);
          assertEquals(8, failure.exitCode());
        }
      }
      // A discrete solution lags behind by a few steps, of 1/500.
      NonFiniteState overflow =
          assertThrows(
              NonFiniteState.class, () -> solve(host, which, new TimeGrid(tableau, 1000), 0, 2));
      assertTrue(overflow.getMessage().contains("state of sample 2"), overflow.getMessage());
      assertTrue(timeIn(overflow) > blowUp && timeIn(overflow) < blowUp + 0.1);
    }
  }

  /** Backwards in time h₀ < 0 is what blows up. */
  @Test
  void aBlowUpOnTheWayBackIsNamedTheSame() {
    HostFlow host = scalarNetwork(StandardActivation.QUADRATIC, 1, 2, 0.5, -1, 3, -0.7);
    StepSizeUnderflow failure =
        assertThrows(StepSizeUnderflow.class, () -> solve(host, fp64(), dormandPrince(1e-8), 2, 0));
    assertTrue(failure.getMessage().contains("for sample 1 first"), failure.getMessage());
    assertEquals(1, timeIn(failure), 1e-6);
  }

  @ParameterizedTest
  @MethodSource("backends")
  @Tag("every-backend")
  void aStateThatIsNotFiniteAtTheStartIsSaidToBeSo(BackendCase which) {
    which.require();
    double over = which.precision() == Precision.FP32 ? 1e39 : Double.POSITIVE_INFINITY;
    for (StandardActivation phi : List.of(StandardActivation.SOFTPLUS, StandardActivation.TANH)) {
      HostFlow host = scalarNetwork(phi, 1, 1, 1, -1, over, 2);
      for (Stepping stepping : List.of(new TimeGrid(Tableau.RK4, 3), dormandPrince(1e-4))) {
        NonFiniteState failure =
            assertThrows(NonFiniteState.class, () -> solve(host, which, stepping, 0, 1));
        assertTrue(
            failure.getMessage().contains("state of sample 2 is not finite at t = 0.0"),
            failure.getMessage());
      }
    }
  }

  /**
   * φ = tanh saturates: at 3·10³⁸ in FP32 dh/dt = 10³⁸ stays finite when h does not, at 0.403. An
   * estimate is finite too, and nothing beside an infinite state.
   */
  @ParameterizedTest
  @MethodSource("backends")
  @Tag("every-backend")
  void anOverflowThatTheSlopesDoNotSeeIsFound(BackendCase which) {
    which.require();
    if (which.precision() == Precision.FP32) {
      HostFlow host = scalarNetwork(StandardActivation.TANH, 1e38, 2, 1, 3e38);
      StepSizeUnderflow failure =
          assertThrows(
              StepSizeUnderflow.class, () -> solve(host, which, dormandPrince(1e-4), 0, 2));
      assertTrue(failure.getMessage().contains("for sample 1 first"), failure.getMessage());
      assertEquals((Float.MAX_VALUE - 3e38) / 1e38, timeIn(failure), 1e-5);
    }
  }

  /** Beyond 10¹⁵⁴ a norm overflows in FP64 before the state does; no step is taken without it. */
  @Test
  void aStateWhoseNormOverflowsIsNotSteppedBlindly() {
    HostFlow host = scalarNetwork(StandardActivation.IDENTITY, 800, 1, 1, 2);
    StepSizeUnderflow failure =
        assertThrows(StepSizeUnderflow.class, () -> solve(host, fp64(), dormandPrince(1e-6), 0, 1));
    // √5 e⁸⁰⁰ᵗ = √max, which a step of the last length, a fraction of 1/800, may not pass.
    double time = (Math.log(Double.MAX_VALUE) - Math.log(5)) / 2 / 800;
    assertEquals(time, timeIn(failure), 1e-6 * time);
  }

  /**
   * Short of an overflow in FP32, steps that pass may be those that no longer change the state:
   * with them time goes on for a million steps, and the solver must not.
   */
  @ParameterizedTest
  @EnumSource(StandardActivation.class)
  void anyWeightsEndSoonInAFiniteStateOrInASentence(StandardActivation phi) {
    for (BackendCase which : List.of(fp64(), new BackendCase("cpu-vector", Precision.FP32, 1))) {
      try (Backend backend = which.open()) {
        for (double sigmaW : new double[] {0, 30, 1e3, 1e20, 1e308}) {
          for (double sigmaU : new double[] {0, 1, 1e20, 1e160}) {
            NeuralOde model = new NeuralOde(2, 3, 1, 1, sigmaU, sigmaW, 1, phi);
            HostFlow host =
                new HostFlow(
                    StandardDynamics.PRE_ACTIVATION,
                    model,
                    Networks.parameters(model, 1),
                    Networks.inputs(model, 3));
            try (Workspace workspace = backend.workspace("a test", 1 << 20)) {
              endsSoon(new RecordedFlow(host, true, Tableau.DORMAND_PRINCE, workspace), backend);
            }
          }
        }
      }
    }
  }

  private static void endsSoon(RecordedFlow flow, Backend backend) {
    try {
      flow.solve(dormandPrince(1e-3), 0, 1);
      DenseMatrix h = backend.download(flow.h());
      assertTrue(Arrays.stream(h.values()).allMatch(Double::isFinite));
    } catch (NonFiniteState | StepSizeUnderflow foreseen) {
      assertTrue(timeIn(foreseen) >= 0 && timeIn(foreseen) <= 1, foreseen.getMessage());
    }
    assertTrue(flow.evaluations < 600_000, flow.evaluations + " evaluations");
  }

  @Test
  void aNetworkAtRestTakesOneStep() {
    HostFlow host = scalarNetwork(StandardActivation.TANH, 1, 1, 0, 0);
    try (Backend backend = fp64().open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      RecordedFlow flow = new RecordedFlow(host, true, Tableau.DORMAND_PRINCE, workspace);
      assertEquals(new SolverStatistics(1, 0, 7), flow.solve(dormandPrince(1e-12), 0, 1));
      assertEquals(new SolverStatistics(0, 0, 1), flow.solve(dormandPrince(1e-12), 1, 1));
    }
  }

  @Test
  void aToleranceThatNothingCanHoldIsRefused() {
    for (double wrong : new double[] {0, -1e-3, 1, 2, Double.NaN, Double.POSITIVE_INFINITY}) {
      InvalidConfiguration refusal =
          assertThrows(InvalidConfiguration.class, () -> dormandPrince(wrong));
      assertTrue(refusal.getMessage().startsWith("--tolerance"), refusal.getMessage());
    }
    for (Tableau tableau : Tableau.ALL) {
      if (!tableau.embedded()) {
        InvalidConfiguration refusal =
            assertThrows(InvalidConfiguration.class, () -> new Tolerance(tableau, 1e-3));
        assertTrue(
            refusal.getMessage().contains("choose one of bogacki-shampine, dormand-prince"),
            refusal.getMessage());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  @Tag("every-backend")
  void aToleranceBelowTheResolutionOfThePrecisionIsRefused(BackendCase which) {
    which.require();
    HostFlow host = scalarNetwork(StandardActivation.SOFTPLUS, 1, 1, 1, 2);
    double least = 16 * which.precision().unitRoundoff();
    InvalidConfiguration refusal =
        assertThrows(
            InvalidConfiguration.class,
            () -> solve(host, which, dormandPrince(0.99 * least), 0, 1));
    assertTrue(refusal.getMessage().contains("--tolerance"), refusal.getMessage());
    assertTrue(refusal.getMessage().contains(which.precision().toString()), refusal.getMessage());
    // At the resolution itself the estimate is rounding in part, and steps are still found.
    DenseMatrix h = solve(host, which, dormandPrince(least), 0, 1);
    double distance = h.distance(host.solution(0, 1)) / h.norm();
    assertTrue(distance <= 4 * least, "" + distance);
  }

  private static BackendCase fp64() {
    return new BackendCase("cpu-scalar", Precision.FP64, 1);
  }

  private static Tolerance dormandPrince(double relative) {
    return new Tolerance(Tableau.DORMAND_PRINCE, relative);
  }

  /** n = d = 1, U = W = 1: dh/dt = σw φ(h) from h(0) = x on. */
  private static HostFlow scalarNetwork(
      StandardActivation phi, double sigmaW, double horizon, double... x) {
    DenseMatrix one = new DenseMatrix(1, 1, new double[] {1});
    return new HostFlow(
        StandardDynamics.PRE_ACTIVATION,
        new NeuralOde(1, 1, 1, horizon, 1, sigmaW, 1, phi),
        new Parameters.Given(one, one, one),
        new DenseMatrix(1, x.length, x));
  }

  private static DenseMatrix solve(
      HostFlow host, BackendCase which, Stepping stepping, double from, double to) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      RecordedFlow flow =
          new RecordedFlow(host, stepping instanceof Tolerance, stepping.tableau(), workspace);
      flow.solve(stepping, from, to);
      return backend.download(flow.h());
    }
  }

  private static double timeIn(TangentFlowException failure) {
    Matcher matcher = Pattern.compile("t = ([0-9.e-]+[0-9])").matcher(failure.getMessage());
    assertTrue(matcher.find(), failure.getMessage());
    return Double.parseDouble(matcher.group(1));
  }
}
