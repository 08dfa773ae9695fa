package io.tangentflow.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.VectorField;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.Networks;
import org.junit.jupiter.api.Test;

class CheckpointedPathTest {

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
}
