package io.tangentflow.train;

import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Weights;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * An update rule with the matrices that it carries from step to step, on the device beside the
 * weights. Plain descent in place carries none: the gradient's products end in the weights.
 */
final class Optimiser {

  private final UpdateRule rule;
  private final Backend backend;
  private final Map<Block, Matrix> trained;
  private final Map<Block, Matrix> sums;
  private final Map<Block, Matrix> first;
  private final Map<Block, Matrix> second;

  /**
   * @param weights changed by {@link #step}
   * @param blocks those of them that are trained
   * @param inPlace whether gradients can be added to the weights
   */
  Optimiser(
      UpdateRule rule, Weights weights, Set<Block> blocks, boolean inPlace, Workspace workspace) {
    this.rule = rule;
    backend = workspace.backend();
    trained = new EnumMap<>(weights.blocks());
    trained.keySet().retainAll(blocks);
    sums = keepsSums(rule, inPlace) ? like(workspace) : Map.of();
    boolean moments = rule instanceof UpdateRule.Adam;
    first = moments ? like(workspace) : Map.of();
    second = moments ? like(workspace) : Map.of();
  }

  private static boolean keepsSums(UpdateRule rule, boolean inPlace) {
    return !(rule instanceof UpdateRule.Descent) || !inPlace;
  }

  private Map<Block, Matrix> like(Workspace workspace) {
    Map<Block, Matrix> matrices = new EnumMap<>(Block.class);
    trained.forEach((block, m) -> matrices.put(block, workspace.allocate(m.rows(), m.columns())));
    return matrices;
  }

  /** Bytes that the constructor allocates. */
  static long bytes(
      UpdateRule rule, NeuralOde model, Set<Block> blocks, boolean inPlace, int bytesPerNumber) {
    long n = model.width();
    long numbers = 0;
    for (Block block : blocks) {
      numbers +=
          switch (block) {
            case U -> n * model.inputDim();
            case W -> n * n;
            case V -> n * model.outputs();
          };
    }
    int copies = (keepsSums(rule, inPlace) ? 1 : 0) + (rule instanceof UpdateRule.Adam ? 2 : 0);
    return copies * numbers * bytesPerNumber;
  }

  /**
   * One step.
   *
   * @param gradient of a batch
   * @param weight of its loss in the one that is lowered: 1, or one over the samples for a mean
   * @param rate η
   * @param step k = 0, 1, …
   * @return the batch's loss before it; if that is not finite the weights are as they were
   */
  double step(BatchGradient gradient, double weight, double rate, long step) {
    if (sums.isEmpty()) {
      return gradient.add(-rate * weight, 1, trained);
    }
    double decay = rule instanceof UpdateRule.Momentum momentum ? momentum.coefficient() : 0;
    double loss = gradient.add(weight, decay, sums);
    if (Double.isFinite(loss)) {
      trained.forEach((block, theta) -> update(block, theta, rate, step));
    }
    return loss;
  }

  private void update(Block block, Matrix theta, double rate, long step) {
    if (rule instanceof UpdateRule.Adam adam) {
      AdamStep parameters =
          new AdamStep(rate, adam.beta1(), adam.beta2(), adam.epsilon(), step + 1);
      backend.adam(parameters, sums.get(block), first.get(block), second.get(block), theta);
    } else {
      backend.addScaled(-rate, sums.get(block), theta);
    }
  }

  /** What the next step depends on beside the weights, by names for files. */
  Map<String, Matrix> state() {
    Map<String, Matrix> state = new LinkedHashMap<>();
    if (rule instanceof UpdateRule.Momentum) {
      sums.forEach((block, m) -> state.put("velocity-" + block, m));
    }
    first.forEach((block, m) -> state.put("first-moment-" + block, m));
    second.forEach((block, m) -> state.put("second-moment-" + block, m));
    return state;
  }
}
