package io.tangentflow.ode;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.Networks;
import org.junit.jupiter.api.Test;

class StatePathTest {

  /** The fewest steps to visit nodes in falling order with c kept, by dynamic programming. */
  private static int[][] fewest(int mostNodes, int mostKept) {
    int[][] fewest = new int[mostNodes + 1][mostKept + 1];
    for (int nodes = 2; nodes <= mostNodes; nodes++) {
      fewest[nodes][1] = nodes * (nodes - 1) / 2;
      for (int kept = 2; kept <= mostKept; kept++) {
        int best = Integer.MAX_VALUE;
        for (int far = 1; far < nodes; far++) {
          best = Math.min(best, far + fewest[far][kept] + fewest[nodes - far][kept - 1]);
        }
        fewest[nodes][kept] = best;
      }
    }
    return fewest;
  }

  @Test
  void noScheduleTakesFewerSteps() {
    int[][] fewest = fewest(81, 8);
    NeuralOde model = new NeuralOde(2, 3, StandardActivation.TANH);
    try (Backend backend = Backends.open("cpu-scalar", new BackendOptions(Precision.FP64, 1))) {
      for (int depth : new int[] {1, 2, 3, 7, 20, 35, 56, 80}) {
        for (int kept = 1; kept <= 8; kept++) {
          assertEquals(
              fewest[depth + 1][kept],
              stepsOfFallingVisits(model, depth, kept, backend),
              depth + " steps, " + kept + " checkpoints");
        }
      }
    }
  }

  private static int stepsOfFallingVisits(NeuralOde model, int depth, int kept, Backend backend) {
    try (Workspace workspace = backend.workspace("a test", 1 << 22)) {
      Weights weights = Weights.place(model, Networks.parameters(model, 3), workspace);
      Matrix x = weights.upload(Networks.inputs(model, 2), workspace);
      VectorField field = StandardDynamics.PRE_ACTIVATION.on(weights, 2, 2, workspace);
      TimeGrid grid = new TimeGrid(Tableau.EULER, depth);
      try (CheckpointedPath path = new CheckpointedPath(field, grid, kept, weights, x, workspace)) {
        for (int i = depth; i >= 0; i--) {
          double t = model.horizon() * i / depth;
          path.around(t);
          path.passed(t);
        }
        return path.statistics().accepted();
      }
    }
  }

  /** Between its steps a solution is as exact as at them, and the same however it is kept. */
  @Test
  void theStateIsThereAtAnyTime() {
    NeuralOde model = new NeuralOde(3, 13, 1, 2, 1, 1, 1, StandardActivation.TANH);
    Tolerance steps = new Tolerance(Tableau.DORMAND_PRINCE, 1e-8);
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1));
        Workspace workspace = backend.workspace("a test", 1 << 22)) {
      Weights weights = Weights.place(model, Networks.parameters(model, 3), workspace);
      Matrix x = weights.upload(Networks.inputs(model, 4), workspace);
      VectorField field = StandardDynamics.DRIFTING.on(weights, 4, 4, workspace);
      StoredPath stored = new StoredPath(field, steps, weights, x, workspace);
      Matrix found = workspace.allocate(model.width(), 4);
      Matrix again = workspace.allocate(model.width(), 4);
      try (CheckpointedPath kept = new CheckpointedPath(field, steps, 2, weights, x, workspace)) {
        for (double t : new double[] {2, 1.93, 1.1, 0.77, 0.3, 1e-3, 0}) {
          stored.at(t, found, backend);
          kept.at(t, again, backend);
          kept.passed(t);
          assertArrayEquals(backend.download(found).values(), backend.download(again).values());
          try (Workspace scratch = workspace.scope()) {
            NeuralOdeFlow flow = new NeuralOdeFlow(field, weights, x, 6, scratch);
            if (t > 0) {
              new RungeKutta(Tableau.BUTCHER5, flow, false, scratch).equalSteps(0, t, 400);
            }
            double distance = backend.download(flow.h()).distance(backend.download(found));
            assertEquals(0, distance / backend.download(found).norm(), 1e-7, "t = " + t);
          }
        }
      }
    }
  }
}
