package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;

/**
 * How products with an empirical kernel will be computed without its Gram matrix.
 *
 * @param nodes in time, at which features are kept
 * @param blockSize samples that are solved, and multiplied, at a time
 * @param featureBytes of the features of all samples: q(m + 1) columns of n numbers each, and their
 *     ends
 * @param deviceBytes of the backend's matrices at the peak: the features, and a solve with the
 *     weights or a product with the sum of gradients
 * @param solveFlops to make the features, once
 * @param productFlops of one product: 4n²Nq, and what scaling columns takes
 */
public record TangentKernelPlan(
    TimeNodes nodes,
    int blockSize,
    long featureBytes,
    long deviceBytes,
    double solveFlops,
    double productFlops) {

  /** The columns that a product is blocked by: enough for its rate, and few for its scratch. */
  private static final int PRODUCT_COLUMNS = 4096;

  /**
   * The plan in the largest blocks of samples that fit, of at most a few thousand columns. A
   * product takes 2n² FLOPs for each pair of columns to sum gradients, as many again to multiply
   * the sum, and 2nm for each sample of a group that is scaled at a time.
   *
   * @throws InvalidConfiguration if there are not so many distinct times
   * @throws io.tangentflow.TangentFlowException.OutOfMemory if not even one sample at a time fits
   */
  public static TangentKernelPlan of(
      TimeNodes nodes,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      Precision precision,
      MemoryBudget budget) {
    if (samples < 1) {
      throw new InvalidConfiguration("--samples", "must be at least 1, not " + samples);
    }
    Sizes sizes = new Sizes(nodes, model, grid, samples, precision.bytes());
    sizes.requirePossible(budget);
    for (int blocks = 1; blocks <= samples; blocks++) {
      int blockSize = (samples - 1) / blocks + 1;
      boolean small = blockSize == 1 || (long) blockSize * grid.evaluations() <= PRODUCT_COLUMNS;
      if (small && sizes.admitted(budget, blockSize)) {
        return new TangentKernelPlan(
            nodes,
            blockSize,
            sizes.features(),
            sizes.device(blockSize),
            sizes.solveFlops(),
            sizes.productFlops());
      }
    }
    throw sizes.refusal(budget);
  }

  @Override
  public String toString() {
    return String.format(
        "no Gram, features%s, %d samples at a time, %.3g GFLOP and %.3g for each product, %.1f MiB",
        nodes.phrase(),
        blockSize,
        solveFlops / 1e9,
        productFlops / 1e9,
        deviceBytes / (double) (1 << 20));
  }

  /** What the parts of the work take. */
  private record Sizes(TimeNodes nodes, NeuralOde model, TimeGrid grid, int samples, int number) {

    /** Refuses what no blocks can mend, before any count of bytes could overflow. */
    void requirePossible(MemoryBudget budget) {
      double n = model.width();
      double kept = (double) samples * (1.0 + model.outputs()) * (pairs() + 1);
      long least = (long) (number * n * (kept + n + model.inputDim()));
      if (!budget.admits(least, 0)) {
        throw GramPlan.countable(least) ? refusal(budget) : budget.refusal(purpose(), least, 0);
      }
      if (!GramPlan.holdsWeights(model, budget)) {
        throw OutOfMemory.ofArray(model.width(), model.width());
      }
    }

    OutOfMemory refusal(MemoryBudget budget) {
      return budget.refusal(purpose(), device(1), host());
    }

    boolean admitted(MemoryBudget budget, int blockSize) {
      return GramPlan.fitsInArrays(model, grid.evaluations(), blockSize)
          && budget.admits(device(blockSize), host());
    }

    private boolean all() {
      return nodes.all();
    }

    private int pairs() {
      return all() ? grid.evaluations() : new TimeCompression(model, grid, nodes).mostNodes();
    }

    /** Of all samples, with their inputs. */
    long features() {
      return retained(samples) + (long) model.inputDim() * samples * number;
    }

    private long retained(int count) {
      return all()
          ? new DiscreteAdjoint(grid).retainedBytes(model, count, number)
          : new TimeCompression(model, grid, nodes).retainedBytes(count, number);
    }

    long device(int blockSize) {
      return features() + Math.max(making(blockSize), multiplying(blockSize));
    }

    /** The weights, and a block's solve beside what it leaves. */
    private long making(int blockSize) {
      DiscreteAdjoint adjoint = new DiscreteAdjoint(grid);
      long solve = adjoint.bytes(model, blockSize, number);
      long beside =
          all()
              ? solve - retained(blockSize)
              : Math.max(
                  solve - retained(blockSize),
                  adjoint.retainedBytes(model, blockSize, number)
                      + new TimeCompression(model, grid, nodes).scratchBytes(blockSize, number));
      return Weights.bytes(model, number) + Math.max(0, beside);
    }

    private long multiplying(int blockSize) {
      return TangentKernelOperator.productBytes(model, pairs(), blockSize, number);
    }

    /** A vector and its product, and the weights of a vector in groups. */
    long host() {
      long columns = (long) samples * model.outputs();
      return Double.BYTES * columns * (3 + TangentKernelOperator.GROUP);
    }

    double solveFlops() {
      double n = model.width();
      double columns = samples * (1.0 + model.outputs());
      double toNodes = all() ? 0 : 4 * n * columns * grid.evaluations() * pairs();
      return 2 * n * n * grid.evaluations() * columns + toNodes;
    }

    double productFlops() {
      double n = model.width();
      double m = model.outputs();
      double group = Math.min(TangentKernelOperator.GROUP, samples);
      double ends = 4 * n * samples * (model.inputDim() + m);
      return (pairs() * (4 * n * n + 2 * n * m * group)) * samples + ends;
    }

    String purpose() {
      return String.format(
          "the tangent features of %d samples at width %d by %s", samples, model.width(), grid);
    }
  }
}
