package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.experiment.DepthGaps.Row;
import io.tangentflow.experiment.DepthGaps.Setting;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Tableau;
import io.tangentflow.report.Point;
import io.tangentflow.testing.Networks;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DepthConvergenceTest {

  private static final int SAMPLES = 4;
  private static final long BUDGET = 1L << 28;
  private static final List<Quantity> QUANTITIES = List.of(Quantity.values());

  private static DepthGaps gaps(NeuralOde model, Setting setting) {
    try (Backend backend = Backends.open(Backends.AUTO, new BackendOptions(Precision.FP64, 1))) {
      return DepthGaps.measure(
          model, setting, Networks.inputs(model, SAMPLES), backend, BUDGET, () -> {});
    }
  }

  private static NeuralOde model(StandardActivation phi, int width) {
    return new NeuralOde(5, width, 2, 1, 1, 1, 1, phi);
  }

  private static Setting setting(StandardDynamics dynamics, Tableau tableau, Integer... depths) {
    return new Setting(dynamics, tableau, List.of(depths), OptionalDouble.empty(), 3);
  }

  /**
   * The gap is C/L + O(1/L²): from L = 64 on the second term bends the slope by some hundredths.
   */
  private static void assertExponent(
      double expected, double tolerance, DepthGaps network, Quantity quantity) {
    for (Row row : network.byDepth()) {
      assertTrue(network.resolved(row, quantity), quantity + " " + network);
    }
    double slope = DepthConvergence.fit(network, quantity).orElseThrow().slope();
    assertEquals(expected, slope, tolerance, quantity + " " + network);
  }

  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "GELU", "TANH"})
  void residualNetworksOfSmoothActivationsConvergeLikeOneOverDepth(StandardActivation phi) {
    Setting euler = setting(StandardDynamics.PRE_ACTIVATION, Tableau.EULER, 64, 128, 256, 512);
    for (int width : new int[] {16, 64}) {
      DepthGaps network = gaps(model(phi, width), euler);
      QUANTITIES.forEach(quantity -> assertExponent(-1, 0.03, network, quantity));
    }
  }

  /** The pass that is fused serves the first of the dynamics, the general one the others. */
  @ParameterizedTest
  @EnumSource
  void allDynamicsConvergeLikeOneOverDepth(StandardDynamics dynamics) {
    DepthGaps network =
        gaps(
            model(StandardActivation.TANH, 16),
            setting(dynamics, Tableau.EULER, 64, 128, 256, 512));
    QUANTITIES.forEach(quantity -> assertExponent(-1, 0.03, network, quantity));
  }

  /** As above; from L = 8 to 32 the term of the next order bends the slope by a tenth or so. */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "GELU", "TANH"})
  void rk4ConvergesLikeDepthToTheMinusFour(StandardActivation phi) {
    Setting rk4 = setting(StandardDynamics.PRE_ACTIVATION, Tableau.RK4, 8, 16, 32);
    for (int width : new int[] {16, 64}) {
      DepthGaps network = gaps(model(phi, width), rk4);
      QUANTITIES.forEach(quantity -> assertExponent(-4, 0.3, network, quantity));
    }
  }

  /**
   * A neuron at T on the other side of its kink has another φ', of which these two know nothing.
   * The constant of 1/L varies with where in a step the kinks are crossed, by some tenths at most.
   */
  @Test
  void outputsOfReluConvergeLikeOneOverDepth() {
    Setting euler = setting(StandardDynamics.PRE_ACTIVATION, Tableau.EULER, 64, 128, 256, 512);
    DepthGaps network = gaps(model(StandardActivation.RELU, 64), euler);
    assertExponent(-1, 0.1, network, Quantity.OUTPUTS);
    assertExponent(-1, 0.1, network, Quantity.GRADIENT_V);
  }

  /**
   * Euler's method knows nothing of tolerances and adjoint equations. So deep that its gap falls by
   * the factor of its depth, what the reference adds to that gap is no more than it says of itself.
   */
  @Test
  void referenceOfReluIsWhatVeryDeepNetworksTendTo() {
    Setting deep = setting(StandardDynamics.PRE_ACTIVATION, Tableau.EULER, 4096, 16384);
    DepthGaps network = gaps(model(StandardActivation.RELU, 16), deep);
    for (Quantity quantity : QUANTITIES) {
      double expected = network.byDepth().get(0).gap().get(quantity) / 4;
      double error = network.referenceError().get(quantity);
      assertTrue(error < expected && expected < 1e-4, network.toString());
      assertEquals(expected, network.byDepth().get(1).gap().get(quantity), error, quantity.label());
    }
  }

  @Test
  void gapsThatTheReferenceDoesNotResolveAreLeftOutAndNamed() {
    Setting coarse =
        new Setting(
            StandardDynamics.PRE_ACTIVATION,
            Tableau.RK4,
            List.of(2, 4, 8, 16, 256),
            OptionalDouble.of(1e-9),
            3);
    DepthGaps network = gaps(model(StandardActivation.SOFTPLUS, 16), coarse);
    Row last = network.byDepth().get(4);
    assertFalse(network.resolved(last, Quantity.OUTPUTS));
    DepthConvergence convergence = new DepthConvergence(Tableau.RK4, "a test", List.of(network));
    assertTrue(
        convergence.findings().stream()
            .anyMatch(f -> f.contains("depth") && f.contains("256 is left out")),
        convergence.findings().toString());
    assertTrue(
        convergence.json().at("/networks/0/depths/4/notResolved").toString().contains("outputs"));
  }

  @Test
  void networkWhoseOutputsAreZeroIsRefused() {
    NeuralOde zero = new NeuralOde(5, 8, 1, 1, 0, 1, 1, StandardActivation.RELU);
    Setting euler = setting(StandardDynamics.PRE_ACTIVATION, Tableau.EULER, 1, 2, 3);
    assertThrows(InvalidConfiguration.class, () -> gaps(zero, euler));
  }

  @Test
  void powerLawIsFoundAgainAndItsIntervalHoldsIt() {
    List<Point> exact = new ArrayList<>();
    List<Point> noisy = new ArrayList<>();
    for (int k = 0; k < 6; k++) {
      double x = Math.pow(2, k);
      exact.add(new Point(x, 3 * Math.pow(x, -1.5)));
      noisy.add(new Point(x, 3 * Math.pow(x, -1.5) * (k % 2 == 0 ? 1.1 : 1 / 1.1)));
    }
    PowerLaw law = PowerLaw.through(exact).orElseThrow();
    assertEquals(-1.5, law.slope(), 1e-12);
    assertEquals(0, law.halfWidth(), 1e-6);
    assertEquals(3 * Math.pow(5, -1.5), law.curve(5, 6).get(0).y(), 1e-12);
    PowerLaw uncertain = PowerLaw.through(noisy).orElseThrow();
    assertTrue(uncertain.low() < -1.5 && -1.5 < uncertain.high());
    assertTrue(uncertain.halfWidth() > 0.01);
    assertTrue(PowerLaw.through(exact.subList(0, 2)).isEmpty());
  }
}
