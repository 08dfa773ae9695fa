package io.tangentflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class ParameterDistanceTest {

  private static final Parameters.Seeded START = new Parameters.Seeded(3);

  /** W is made again in two panels, the last one of an odd number of columns. */
  private static final NeuralOde WIDE =
      new NeuralOde(5, 1029, 3, 1, 1, 1, 1, StandardActivation.SOFTPLUS);

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /** The start made again by panels is the one that was placed, to the last bit. */
  @ParameterizedTest
  @MethodSource("backends")
  void whatHasNotMovedIsAtZero(BackendCase which) {
    for (NeuralOde model : List.of(WIDE, new NeuralOde(1, 3, StandardActivation.TANH))) {
      try (Backend backend = which.open();
          Workspace workspace = backend.workspace("a test", 1 << 28)) {
        Weights weights = Weights.place(model, START, workspace);
        Map<Block, Double> distances =
            new ParameterDistance(START, weights, EnumSet.allOf(Block.class)).now(workspace);
        assertEquals(Map.of(Block.U, 0.0, Block.W, 0.0, Block.V, 0.0), distances);
        assertEquals(0, ParameterDistance.total(distances));
      }
    }
  }

  /** Against matrices downloaded before and after; a difference is rounded once. */
  @ParameterizedTest
  @MethodSource("backends")
  void whatHasMovedIsAtTheDistanceOfTheMatrices(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      Weights weights = Weights.place(WIDE, START, workspace);
      Map<Block, DenseMatrix> before = downloaded(weights, backend);
      Matrix x = weights.upload(Networks.inputs(WIDE, 4), workspace);
      Matrix y = workspace.upload(Parameters.gaussian(3, 4, 5, 7));
      Training training =
          Trainings.of(
              new DiscreteAdjoint(new TimeGrid(Tableau.EULER, 2)),
              new UpdateRule.Descent(),
              0.05,
              weights,
              x,
              y,
              workspace);
      training.step();
      training.step();
      Map<Block, DenseMatrix> after = downloaded(weights, backend);
      Map<Block, Double> distances =
          new ParameterDistance(START, weights, EnumSet.allOf(Block.class)).now(workspace);
      double squares = 0;
      double relative = 2 * which.precision().unitRoundoff() + 1e-12;
      for (Block block : Block.values()) {
        double expected = before.get(block).distance(after.get(block));
        assertTrue(expected > 1e-3, block + ": " + expected);
        assertEquals(expected, distances.get(block), relative * expected, "" + block);
        squares += expected * expected;
      }
      double total = Math.sqrt(squares);
      assertEquals(total, ParameterDistance.total(distances), relative * total);
      assertEquals(
          Map.of(Block.V, distances.get(Block.V)),
          new ParameterDistance(START, weights, Set.of(Block.V)).now(workspace));
    }
  }

  private static Map<Block, DenseMatrix> downloaded(Weights weights, Backend backend) {
    Map<Block, DenseMatrix> matrices = new EnumMap<>(Block.class);
    weights.blocks().forEach((block, matrix) -> matrices.put(block, backend.download(matrix)));
    return matrices;
  }
}
