package io.tangentflow.train;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.Weights;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * How far parameters have moved from those of a seed, ‖θ_k − θ_0‖ in the Frobenius norm. The start
 * is not kept: some columns of it at a time are made again from the seed.
 */
public final class ParameterDistance {

  /** Enough that making them is one pass on all threads, and little beside the weights. */
  private static final int PANEL_NUMBERS = 1 << 20;

  private final Parameters.Seeded start;
  private final Weights weights;
  private final Set<Block> blocks;

  /**
   * @param blocks that move; the distance of the others is not computed
   */
  public ParameterDistance(Parameters.Seeded start, Weights weights, Set<Block> blocks) {
    this.start = start;
    this.weights = weights;
    this.blocks = blocks;
  }

  /** The distance of each block at the weights as they are, with scratch of the workspace. */
  public Map<Block, Double> now(Workspace workspace) {
    Map<Block, Double> distances = new EnumMap<>(Block.class);
    for (Block block : blocks) {
      distances.put(block, Math.sqrt(squares(block, weights.block(block), workspace)));
    }
    return distances;
  }

  /** Of all parameters together: the root of the sum of squares. */
  public static double total(Map<Block, Double> distances) {
    return Math.sqrt(distances.values().stream().mapToDouble(d -> d * d).sum());
  }

  /** Bytes of scratch that a distance takes at most. */
  public static long bytes(NeuralOde model, int bytesPerNumber) {
    int n = model.width();
    long ofRows = (long) n * Math.min(Math.max(n, model.inputDim()), columnsOfPanel(n));
    long ofOutputs = (long) model.outputs() * Math.min(n, columnsOfPanel(model.outputs()));
    return Math.max(ofRows, ofOutputs) * bytesPerNumber;
  }

  private double squares(Block block, Matrix now, Workspace workspace) {
    Backend backend = workspace.backend();
    int width = Math.min(now.columns(), columnsOfPanel(now.rows()));
    double sum = 0;
    try (Workspace scratch = workspace.scope()) {
      Matrix panel = scratch.allocate(now.rows(), width);
      for (int first = 0; first < now.columns(); first += width) {
        int count = Math.min(width, now.columns() - first);
        Matrix part = panel.columnRange(0, count);
        backend.gaussian(part, start.seed(), block.stream(), (long) first * now.rows());
        backend.addScaled(-1, now.columnRange(first, count), part);
        sum += backend.dot(part, part);
      }
    }
    return sum;
  }

  /** A multiple of four, as numbers of a stream are made by fours. */
  private static int columnsOfPanel(int rows) {
    return Math.max(1, PANEL_NUMBERS / rows / 4) * 4;
  }
}
