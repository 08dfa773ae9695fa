package io.tangentflow.experiment;

import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.model.DenseMatrix;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A gradient with its outputs.
 *
 * @param f m×N
 * @param u n×d
 * @param w n×n
 * @param v m×n
 */
record GradientBlocks(DenseMatrix f, DenseMatrix u, DenseMatrix w, DenseMatrix v) {

  private List<DenseMatrix> blocks(Quantity quantity) {
    return switch (quantity) {
      case OUTPUTS -> List.of(f);
      case GRADIENT -> List.of(u, w, v);
      case GRADIENT_U -> List.of(u);
      case GRADIENT_W -> List.of(w);
      case GRADIENT_V -> List.of(v);
    };
  }

  double norm(Quantity quantity) {
    return Math.sqrt(blocks(quantity).stream().mapToDouble(b -> b.norm() * b.norm()).sum());
  }

  /** Relative to another; 0 where both are alike. */
  double difference(Quantity quantity, GradientBlocks other) {
    double sum = 0;
    for (int b = 0; b < blocks(quantity).size(); b++) {
      double distance = blocks(quantity).get(b).distance(other.blocks(quantity).get(b));
      sum += distance * distance;
    }
    return sum == 0 ? 0 : Math.sqrt(sum) / other.norm(quantity);
  }

  Map<Quantity, Double> differences(GradientBlocks other) {
    Map<Quantity, Double> differences = new EnumMap<>(Quantity.class);
    for (Quantity quantity : Quantity.values()) {
      differences.put(quantity, difference(quantity, other));
    }
    return differences;
  }
}
