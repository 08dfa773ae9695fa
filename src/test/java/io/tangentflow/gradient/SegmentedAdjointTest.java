package io.tangentflow.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class SegmentedAdjointTest {

  private static final int DEPTH = 7;

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /** States are copied and computed again by the same operations, so no bit differs. */
  @ParameterizedTest
  @MethodSource("backends")
  void pairsAreThoseOfTheWholeTrajectoryToTheLastBit(BackendCase which) {
    try (Backend backend = which.open()) {
      for (Tableau tableau : List.of(Tableau.EULER, Tableau.RK4, Tableau.DORMAND_PRINCE)) {
        for (int outputs : new int[] {1, 3}) {
          NeuralOde model = model(outputs);
          TimeGrid grid = new TimeGrid(tableau, DEPTH);
          try (Workspace workspace = backend.workspace("a test", 1 << 24)) {
            Weights weights = Weights.place(model, new Parameters.Seeded(2), workspace);
            Matrix x = weights.upload(Networks.inputs(model, 5), workspace);
            TangentFeatures whole = new DiscreteAdjoint(grid).features(weights, x, workspace);
            for (int steps : new int[] {1, 2, 3, DEPTH}) {
              try (Workspace scratch = workspace.scope()) {
                SegmentedAdjoint segmented = new SegmentedAdjoint(grid, outputs, steps);
                TangentFeatures parts = segmented.features(weights, x, scratch, report -> {});
                assertSame(whole, parts, steps * tableau.stages(), backend);
              }
            }
          }
        }
      }
    }
  }

  /** Segments come last one first, each in the order of its times. */
  private static void assertSame(
      TangentFeatures whole, TangentFeatures parts, int segment, Backend backend) {
    assertSame(whole.outputs(), parts.outputs(), backend);
    assertSame(whole.initialAdjoint(), parts.initialAdjoint(), backend);
    assertSame(whole.finalActivation(), parts.finalActivation(), backend);
    assertTrue(backend.dot(whole.adjoints(), whole.adjoints()) > 1e-3);
    int pairs = whole.pairs();
    assertEquals(pairs, parts.pairs());
    int at = 0;
    for (int first = (pairs - 1) / segment * segment; first >= 0; first -= segment) {
      int count = Math.min(segment, pairs - first);
      assertSame(whole.adjointSlots(first, count), parts.adjointSlots(at, count), backend);
      assertSame(whole.activationSlots(first, count), parts.activationSlots(at, count), backend);
      at += count;
    }
  }

  private static void assertSame(Matrix expected, Matrix actual, Backend backend) {
    assertArrayEquals(backend.download(expected).values(), backend.download(actual).values());
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theStatedBytesAreThePeak(BackendCase which) {
    for (Tableau tableau : List.of(Tableau.EULER, Tableau.MIDPOINT, Tableau.RK4)) {
      for (int outputs : new int[] {1, 3}) {
        for (int steps : new int[] {1, 3, DEPTH}) {
          NeuralOde model = model(outputs);
          SegmentedAdjoint adjoint =
              new SegmentedAdjoint(new TimeGrid(tableau, DEPTH), outputs, steps);
          try (Backend backend = which.open();
              Workspace workspace = backend.workspace("a test", 1 << 24)) {
            Weights weights = Weights.place(model, new Parameters.Seeded(1), workspace);
            Matrix x = weights.upload(Networks.inputs(model, 7), workspace);
            long before = (1 << 24) - workspace.remainingBytes();
            DenseMatrix each = GradientMethod.eachOutput(outputs, 7);
            try (Workspace scratch = workspace.scope()) {
              adjoint.pull(weights, x, scratch.upload(each), new NoPairs(), scratch);
            }
            assertEquals(
                workspace.peakBytes() - before,
                adjoint.bytes(model, 7, which.precision().bytes()),
                tableau + ", " + outputs + ", " + steps);
          }
        }
      }
    }
  }

  /** Of L steps in segments of c: L/c states and 2c values at stages, least for c near √(L/2). */
  @Test
  void segmentsAreOfTheLengthThatTakesLeast() {
    for (int outputs : new int[] {1, 3}) {
      for (TimeGrid grid :
          List.of(
              new TimeGrid(Tableau.EULER, 1),
              new TimeGrid(Tableau.EULER, 80),
              new TimeGrid(Tableau.RK4, 20))) {
        NeuralOde model = model(outputs);
        long chosen = new SegmentedAdjoint(grid, outputs).bytes(model, 1, 4);
        long least = Long.MAX_VALUE;
        for (int steps = 1; steps <= grid.depth(); steps++) {
          least = Math.min(least, new SegmentedAdjoint(grid, outputs, steps).bytes(model, 1, 4));
        }
        assertTrue(chosen <= 1.05 * least, grid + ": " + chosen + " of " + least);
      }
    }
  }

  /** h ← h + h² grows doubly exponentially: beyond the largest number at the same step as whole. */
  @ParameterizedTest
  @MethodSource("backends")
  void aStateThatOverflowsIsNamedAsByTheWholeTrajectory(BackendCase which) {
    NeuralOde model = new NeuralOde(1, 1, StandardActivation.QUADRATIC);
    DenseMatrix one = new DenseMatrix(1, 1, new double[] {2});
    Parameters.Given parameters = new Parameters.Given(one, one, one);
    DenseMatrix x = new DenseMatrix(1, 3, new double[] {0, 0, 4});
    TimeGrid grid = new TimeGrid(Tableau.EULER, 30);
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Weights weights = Weights.place(model, parameters, workspace);
      Matrix inputs = weights.upload(x, workspace);
      NonFiniteState whole =
          assertThrows(
              NonFiniteState.class,
              () -> new DiscreteAdjoint(grid).features(weights, inputs, workspace));
      assertTrue(whole.getMessage().contains("state of sample 2"), whole.getMessage());
      for (int steps : new int[] {1, 4, 30}) {
        NonFiniteState parts =
            assertThrows(
                NonFiniteState.class,
                () ->
                    new SegmentedAdjoint(grid, 1, steps)
                        .features(weights, inputs, workspace, report -> {}));
        assertEquals(whole.getMessage(), parts.getMessage());
      }
    }
  }

  /** Steps that are taken again are counted. */
  @Test
  void theReportCountsWhatIsComputedAgain() {
    NeuralOde model = model(1);
    try (Backend backend = BackendCase.all().get(0).open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Weights weights = Weights.place(model, new Parameters.Seeded(1), workspace);
      Matrix x = weights.upload(Networks.inputs(model, 2), workspace);
      SegmentedAdjoint adjoint = new SegmentedAdjoint(new TimeGrid(Tableau.RK4, DEPTH), 1, 3);
      GradientMethod.Report report =
          adjoint.pull(
              weights,
              x,
              workspace.upload(GradientMethod.eachOutput(1, 2)),
              new NoPairs(),
              workspace);
      assertEquals(DEPTH + 6, report.forward().accepted());
      assertEquals(4 * (DEPTH + 6), report.forward().evaluations());
      assertEquals(adjoint.forwardEvaluations(), (double) report.forward().evaluations());
      assertEquals(4 * DEPTH, report.backward().evaluations());
    }
  }

  /** A sink that keeps nothing. */
  private static final class NoPairs implements PairSink {
    @Override
    public void begin(Matrix outputs, Matrix finalActivation) {}

    @Override
    public void pair(double weight, Matrix adjoints, Matrix activations) {}

    @Override
    public void end(Matrix initialAdjoint) {}
  }

  private static NeuralOde model(int outputs) {
    return new NeuralOde(5, 33, outputs, 0.8, 1.2, 0.9, 1.1, StandardActivation.SOFTPLUS);
  }
}
