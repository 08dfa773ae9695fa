package io.tangentflow.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Ensemble.Method;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An ensemble against its networks solved one at a time, by products, on the same backend. */
@Tag("every-backend")
class EnsembleTest {

  private static final long FIRST_SEED = (1L << 32) - 2; // The third seed has another high word.
  private static final int NETWORKS = 4;

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void eachColumnIsTheNetworkOfItsSeedAtEveryWidth(BackendCase which) {
    int[] samples = {1, 2, 5, 9};
    int turn = 0;
    for (int width : new int[] {1, 3, 7, 33, 64, 100}) {
      for (int outputs : new int[] {1, 3}) {
        for (Method method : Method.values()) {
          NeuralOde model =
              new NeuralOde(5, width, outputs, 1.5, 1.25, 0.75, 1.5, StandardActivation.TANH);
          check(new Ensemble(model, method, 3, FIRST_SEED, NETWORKS), samples[turn++ % 4], which);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void eachColumnIsTheNetworkOfItsSeedForEveryActivationAndNumberOfSamples(BackendCase which) {
    for (StandardActivation phi : StandardActivation.values()) {
      for (Method method : Method.values()) {
        for (int samples : new int[] {1, 2, 5, 9}) {
          NeuralOde model = new NeuralOde(3, 20, 2, 1, 1, 0.5, 1, phi);
          check(new Ensemble(model, method, 2, FIRST_SEED, NETWORKS), samples, which);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void partsOfAnEnsembleAreItsColumns(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 17, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    Ensemble whole = new Ensemble(model, Method.RK4, 3, 11, 9);
    DenseMatrix x = Networks.inputs(model, 3);
    DenseMatrix all = solve(whole, x, which);
    for (int[] part : new int[][] {{0, 4}, {4, 1}, {5, 4}}) {
      DenseMatrix some = solve(whole.part(part[0], part[1]), x, which);
      assertArrayEquals(
          Arrays.copyOfRange(all.values(), 6 * part[0], 6 * (part[0] + part[1])), some.values());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void memoryThatItTakesIsGivenBack(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 17, StandardActivation.SOFTPLUS);
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      Matrix x = workspace.allocate(4, 3);
      Matrix outputs = workspace.allocate(3, 5);
      long before = workspace.remainingBytes();
      backend.ensemble(new Ensemble(model, Method.EULER, 3, 1, 5), x, outputs, workspace);
      assertEquals(before, workspace.remainingBytes());
      assertTrue(workspace.peakBytes() > (1 << 28) - before);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void shapesThatDoNotFitAreRefusedByNameOfBoth(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 8, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    Ensemble ensemble = new Ensemble(model, Method.EULER, 3, 1, 5);
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      Matrix x = workspace.allocate(4, 3);
      for (Matrix outputs :
          List.of(
              workspace.allocate(3, 5),
              workspace.allocate(6, 4),
              workspace.allocate(
                  6, 5, which.precision() == Precision.FP64 ? Precision.FP32 : Precision.FP64))) {
        assertNames(x, outputs, backend, ensemble, workspace);
      }
      assertNames(workspace.allocate(5, 3), workspace.allocate(6, 5), backend, ensemble, workspace);
    }
  }

  private static void assertNames(
      Matrix x, Matrix outputs, Backend backend, Ensemble ensemble, Workspace workspace) {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> backend.ensemble(ensemble, x, outputs, workspace))
            .getMessage();
    assertTrue(message.contains(x.shape()) && message.contains(outputs.shape()), message);
  }

  @Test
  void ensemblesOfWideNetworksOrOfNoneAreRefused() {
    NeuralOde model = new NeuralOde(4, 512, StandardActivation.SOFTPLUS);
    assertEquals(0.25, new Ensemble(model, Method.EULER, 4, 1, 1).timeStep());
    assertRefused("--width", "513", () -> new Ensemble(model.withWidth(513), Method.RK4, 1, 1, 1));
    assertRefused("--depth", "0", () -> new Ensemble(model, Method.RK4, 0, 1, 1));
    assertRefused("--networks", "0", () -> new Ensemble(model, Method.RK4, 1, 1, 0));
  }

  private static void assertRefused(String field, String value, Runnable wrong) {
    String message = assertThrows(InvalidConfiguration.class, wrong::run).getMessage();
    assertTrue(message.startsWith(field) && message.contains(value), message);
  }

  /**
   * Relative to the largest output: a sum of a hundred products is rounded a hundred times, in
   * another order, and the flow over T = 1.5 amplifies by less than e³.
   */
  private static void check(Ensemble ensemble, int samples, BackendCase which) {
    DenseMatrix x = Networks.inputs(ensemble.model(), samples);
    DenseMatrix outputs = solve(ensemble, x, which);
    DenseMatrix expected = oneByOne(ensemble, x, which);
    double largest = Arrays.stream(expected.values()).map(Math::abs).max().orElseThrow();
    assertTrue(largest > 1e-3, ensemble + ": " + largest);
    double tolerance = which.precision() == Precision.FP64 ? 1e-12 : 5e-6;
    for (int k = 0; k < expected.values().length; k++) {
      assertEquals(
          expected.values()[k],
          outputs.values()[k],
          tolerance * largest,
          () -> which + " " + ensemble + ", " + samples + " samples");
    }
  }

  private static DenseMatrix solve(Ensemble ensemble, DenseMatrix x, BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      Matrix inputs = workspace.allocate(x.rows(), x.columns());
      backend.upload(x, inputs);
      Matrix outputs =
          workspace.allocate(ensemble.model().outputs() * x.columns(), ensemble.networks());
      backend.ensemble(ensemble, inputs, outputs, workspace);
      return backend.download(outputs);
    }
  }

  private static DenseMatrix oneByOne(Ensemble ensemble, DenseMatrix x, BackendCase which) {
    int rows = ensemble.model().outputs() * x.columns();
    DenseMatrix all = DenseMatrix.zeros(rows, ensemble.networks());
    TimeGrid grid =
        new TimeGrid(
            ensemble.method() == Method.EULER ? Tableau.EULER : Tableau.RK4, ensemble.depth());
    try (Backend backend = which.open()) {
      for (int b = 0; b < ensemble.networks(); b++) {
        try (Workspace workspace = backend.workspace("a test", 1 << 28)) {
          Weights weights =
              Weights.place(
                  ensemble.model(), new Parameters.Seeded(ensemble.firstSeed() + b), workspace);
          DenseMatrix f =
              backend.download(
                  new FixedStepSolver(grid)
                      .solve(weights, weights.upload(x, workspace), workspace)
                      .outputs());
          System.arraycopy(f.values(), 0, all.values(), b * rows, rows);
        }
      }
    }
    return all;
  }
}
