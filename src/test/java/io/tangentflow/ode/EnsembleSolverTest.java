package io.tangentflow.ode;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Ensemble.Method;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class EnsembleSolverTest {

  private static final NeuralOde MODEL =
      new NeuralOde(4, 6, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void chunksOfAnySizeGiveTheSameOutputsInOrder(BackendCase which) {
    Ensemble ensemble = new Ensemble(MODEL, Method.RK4, 2, 5, 300);
    DenseMatrix x = Networks.inputs(MODEL, 3);
    try (Backend backend = which.open()) {
      DenseMatrix whole = new EnsembleSolver(ensemble, x, backend, 1 << 28).outputs(finished -> {});
      EnsembleSolver solver = new EnsembleSolver(ensemble, x, backend, 1 << 16);
      assertTrue(solver.chunk() > 1 && solver.chunk() < 150, solver.chunk() + "");
      List<Integer> progress = new ArrayList<>();
      DenseMatrix inChunks = solver.outputs(progress::add);
      assertEquals(6, whole.rows());
      assertArrayEquals(whole.values(), inChunks.values());
      assertEquals((300 - 1) / solver.chunk() + 1, progress.size());
      assertEquals(300, progress.get(progress.size() - 1));
      assertEquals(solver.chunk(), progress.get(0));
    }
  }

  /** With φ(h) = h² some networks blow up before T, and with a smaller scale none does. */
  @ParameterizedTest
  @MethodSource("backends")
  void anOutputThatIsNotFiniteNamesItsNetworkAndSample(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 6, 2, 1, 1, 2, 1, StandardActivation.QUADRATIC);
    DenseMatrix x = Networks.inputs(model, 3);
    for (int k = 0; k < 4; k++) {
      x.set(k, 0, 0);
      x.set(k, 1, 0.01 * x.get(k, 1));
      x.set(k, 2, 1000);
    }
    try (Backend backend = which.open()) {
      NonFiniteState failure =
          assertThrows(
              NonFiniteState.class,
              () ->
                  new EnsembleSolver(
                          new Ensemble(model, Method.EULER, 20, 70, 9), x, backend, 1 << 20)
                      .outputs(finished -> {}));
      assertTrue(
          failure.getMessage().contains("network of seed 70 is not finite at sample 2"),
          failure.getMessage());
      assertEquals(7, failure.exitCode());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void whatCannotBeIsRefused(BackendCase which) {
    Ensemble ensemble = new Ensemble(MODEL, Method.RK4, 2, 5, 30);
    try (Backend backend = which.open()) {
      assertThrows(
          InvalidConfiguration.class,
          () -> new EnsembleSolver(ensemble, DenseMatrix.zeros(5, 1), backend, 1 << 20));
      EnsembleSolver solver = new EnsembleSolver(ensemble, Networks.inputs(MODEL, 3), backend, 100);
      OutOfMemory failure = assertThrows(OutOfMemory.class, () -> solver.outputs(0, 1));
      assertTrue(failure.getMessage().contains("an ensemble of width 6 on 3 samples"));
    }
  }
}
