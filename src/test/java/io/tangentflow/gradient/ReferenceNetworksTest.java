package io.tangentflow.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.data.NetworkFile;
import io.tangentflow.data.NetworkFile.Expected;
import io.tangentflow.data.NetworkFile.Network;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks whose outputs, gradients and tangent kernels were computed by reverse-mode automatic
 * differentiation through the solver, in another program, in FP64.
 */
@Tag("every-backend")
class ReferenceNetworksTest {

  private static final Path FILE =
      Path.of("src/main/resources/io/tangentflow/data/reference-networks.json");

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /** One reference output is 1e52, beyond the range of FP32: there the overflow must be named. */
  @ParameterizedTest
  @MethodSource("backends")
  void outputsGradientsAndKernelsAgreeWithAutomaticDifferentiation(BackendCase which) {
    List<Network> networks = NetworkFile.read(FILE);
    assertEquals(10, networks.size());
    for (Network network : networks) {
      try (Backend backend = which.open()) {
        Expected expected = network.expected().orElseThrow();
        if (which.precision() == Precision.FP32 && expected.outputs().norm() > Float.MAX_VALUE) {
          NonFiniteState failure =
              assertThrows(NonFiniteState.class, () -> compare(network, expected, backend, 0));
          assertTrue(failure.getMessage().contains("sample 0"), failure.getMessage());
        } else {
          compare(network, expected, backend, which.tolerance());
        }
      }
    }
  }

  private static void compare(
      Network network, Expected expected, Backend backend, double tolerance) {
    TimeGrid grid = new TimeGrid(Tableau.named(network.solver()), network.depth());
    try (Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Weights weights = Weights.place(network.model(), network.parameters(), workspace);
      TangentFeatures features =
          new DiscreteAdjoint(grid)
              .features(weights, weights.upload(network.inputs(), workspace), workspace);
      assertClose(
          network, "outputs", expected.outputs(), backend.download(features.outputs()), tolerance);
      for (int i = 0; i < features.samples(); i++) {
        ParameterGradients gradients = ParameterGradients.of(features, i, 0, workspace);
        assertClose(network, "gradU", expected.gradU().get(i), gradients.u(), tolerance);
        assertClose(network, "gradW", expected.gradW().get(i), gradients.w(), tolerance);
        assertClose(network, "gradV", expected.gradV().get(i), gradients.v(), tolerance);
      }
    }
    for (GramStrategy strategy : GramStrategy.values()) {
      GramPlan plan =
          GramPlan.of(
              strategy,
              network.model(),
              grid,
              network.inputs().columns(),
              backend.precision(),
              MemoryBudget.shared(1L << 30));
      DenseMatrix gram =
          new EmpiricalNtk(network.model(), grid, plan)
              .gram(network.parameters(), network.inputs(), backend, fraction -> {})
              .gram();
      assertClose(network, strategy + " ntk", expected.ntk(), gram, tolerance);
    }
  }

  /** Relative to the largest entry; the bound of the reference's own description. */
  private static void assertClose(
      Network network, String what, DenseMatrix expected, DenseMatrix actual, double tolerance) {
    double largest = 0;
    double difference = 0;
    for (int k = 0; k < expected.values().length; k++) {
      largest = Math.max(largest, Math.abs(expected.values()[k]));
      difference = Math.max(difference, Math.abs(expected.values()[k] - actual.values()[k]));
    }
    assertTrue(largest > 0, "the reference is not zero");
    assertTrue(
        difference <= tolerance * largest,
        network.model().activation().label()
            + " "
            + network.solver()
            + " "
            + what
            + ": "
            + difference / largest);
  }
}
