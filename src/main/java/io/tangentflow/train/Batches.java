package io.tangentflow.train;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import java.util.function.BiFunction;
import java.util.function.LongFunction;

/**
 * The samples of each step: all of them, or so many at a time in an order of their own in each
 * epoch, the last batch of an epoch being what is left. A batch is gathered by copies on the
 * device.
 */
final class Batches {

  private final Backend backend;
  private final Matrix x;
  private final Matrix targets;
  private final int size;
  private final LongFunction<int[]> orders;
  private final Batch whole;
  private final Batch remainder;
  private long epoch = -1;
  private int[] order;

  /** Samples that are trained on together, where they are gathered, and their gradient. */
  private record Batch(Matrix x, Matrix targets, BatchGradient gradient) {}

  /**
   * @param x d×N
   * @param targets m×N
   * @param size B, 1 … N
   * @param orders gives an order of the N samples for each epoch
   * @param gradients makes the gradient of a batch of those inputs and targets
   */
  Batches(
      Matrix x,
      Matrix targets,
      int size,
      LongFunction<int[]> orders,
      BiFunction<Matrix, Matrix, BatchGradient> gradients,
      Workspace workspace) {
    this.backend = workspace.backend();
    this.x = x;
    this.targets = targets;
    this.size = size;
    this.orders = orders;
    if (size == x.columns()) {
      whole = new Batch(x, targets, gradients.apply(x, targets));
      remainder = whole;
    } else {
      whole = batch(size, gradients, workspace);
      int left = x.columns() % size;
      remainder = left == 0 ? whole : batch(left, gradients, workspace);
    }
  }

  private Batch batch(
      int columns, BiFunction<Matrix, Matrix, BatchGradient> gradients, Workspace workspace) {
    Matrix inputs = workspace.allocate(x.rows(), columns);
    Matrix values = workspace.allocate(targets.rows(), columns);
    return new Batch(inputs, values, gradients.apply(inputs, values));
  }

  /** Steps of an epoch, ⌈N/B⌉. */
  int perEpoch() {
    return (x.columns() - 1) / size + 1;
  }

  /** Whether each step takes all samples. */
  boolean full() {
    return size == x.columns();
  }

  /** The gradient of step k, its batch gathered. */
  BatchGradient at(long step) {
    if (full()) {
      return whole.gradient();
    }
    if (step / perEpoch() != epoch) {
      epoch = step / perEpoch();
      order = orders.apply(epoch);
    }
    int first = (int) (step % perEpoch()) * size;
    Batch batch = x.columns() - first < size ? remainder : whole;
    for (int j = 0; j < batch.x().columns(); j++) {
      int sample = order[first + j];
      backend.copy(x.columnRange(sample, 1), batch.x().columnRange(j, 1));
      backend.copy(targets.columnRange(sample, 1), batch.targets().columnRange(j, 1));
    }
    return batch.gradient();
  }

  /** Samples of the batch of step k. */
  int sizeAt(long step) {
    return Math.min(size, x.columns() - (int) (step % perEpoch()) * size);
  }
}
