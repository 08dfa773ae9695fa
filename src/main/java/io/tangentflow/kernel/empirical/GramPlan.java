package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Precision;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;

/**
 * How an empirical Gram matrix will be computed.
 *
 * @param strategy structured or explicit
 * @param blockSize samples that are solved at a time
 * @param flops of the solves and the Gram together
 * @param bytes at the peak, the Gram matrix in host memory included
 */
public record GramPlan(GramStrategy strategy, int blockSize, double flops, long bytes) {

  /** Scratch for products of features or for panels of gradients; larger ones are no faster. */
  static final long PANEL_BYTES = 64L << 20;

  /** The greatest order of a {@link io.tangentflow.model.DenseMatrix}. */
  private static final int GREATEST_ORDER = 46_340;

  /**
   * The cheapest plan within the budget: of the two strategies the one of fewer FLOPs, in the
   * largest blocks of samples that fit.
   *
   * @throws OutOfMemory if not even one sample at a time fits
   */
  public static GramPlan choose(
      NeuralOde model, TimeGrid grid, int samples, Precision precision, long budgetBytes) {
    GramPlan structured = of(GramStrategy.STRUCTURED, model, grid, samples, precision, budgetBytes);
    GramPlan explicit = of(GramStrategy.EXPLICIT, model, grid, samples, precision, budgetBytes);
    return structured.flops <= explicit.flops ? structured : explicit;
  }

  /** The plan of that strategy in the largest blocks of samples that fit. */
  public static GramPlan of(
      GramStrategy strategy,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      Precision precision,
      long budgetBytes) {
    String purpose =
        String.format(
            "the Gram matrix of %d samples at width %d by %s", samples, model.width(), grid);
    double least = leastBytes(model, grid, samples, precision);
    if (least > budgetBytes) {
      throw new OutOfMemory(purpose, (long) least, budgetBytes);
    }
    if ((long) samples * model.outputs() > GREATEST_ORDER) {
      throw new InvalidConfiguration(
          "--samples",
          String.format(
              "%d samples of %d output%s make a Gram matrix of more than 2^31 entries; choose at"
                  + " most %d",
              samples,
              model.outputs(),
              model.outputs() == 1 ? "" : "s",
              GREATEST_ORDER / model.outputs()));
    }
    for (int blocks = 1; ; blocks = Math.min(2 * blocks, samples)) {
      int blockSize = (samples + blocks - 1) / blocks;
      long bytes = bytes(model, grid, samples, blockSize, precision);
      if (bytes <= budgetBytes && fitsArrays(model, grid, blockSize)) {
        return new GramPlan(
            strategy, blockSize, flops(strategy, model, grid, samples, blockSize), bytes);
      }
      if (blockSize == 1 && bytes <= budgetBytes) {
        throw new InvalidConfiguration(
            "--depth",
            "the features of one sample by "
                + grid
                + " at width "
                + model.width()
                + " are more than 2^31 numbers; choose fewer steps");
      }
      if (blockSize == 1) {
        throw new OutOfMemory(purpose, bytes, budgetBytes);
      }
    }
  }

  /** A bound from below that no hyper-parameters overflow. */
  private static double leastBytes(
      NeuralOde model, TimeGrid grid, int samples, Precision precision) {
    double n = model.width();
    double columns = (double) samples * model.outputs();
    double ofOneSample = n * model.outputs() * grid.evaluations();
    return precision.bytes() * (n * n + n * model.inputDim() + ofOneSample)
        + Double.BYTES * columns * columns;
  }

  /** Whether the features of a block, side by side, have fewer entries than a Java array. */
  private static boolean fitsArrays(NeuralOde model, TimeGrid grid, int blockSize) {
    double slots = grid.evaluations() + 2.0;
    return slots * model.width() * model.outputs() * blockSize < Integer.MAX_VALUE - 8;
  }

  /** The slots, or rows of W, of one panel. */
  static int panel(long bytesOfOne, int available) {
    return (int) Math.min(available, Math.max(1, PANEL_BYTES / bytesOfOne));
  }

  @Override
  public String toString() {
    return String.format(
        "%s Gram, %d samples at a time, %.3g GFLOP, %.1f MiB",
        strategy, blockSize, flops / 1e9, bytes / (double) (1 << 20));
  }

  private static double flops(
      GramStrategy strategy, NeuralOde model, TimeGrid grid, int samples, int blockSize) {
    double n = model.width();
    double columns = (double) samples * model.outputs();
    double q = grid.evaluations();
    double blocks = Math.ceil(samples / (double) blockSize);
    double solve = 2 * n * n * q * (samples + columns);
    // A solve of block I, then again of each block J < I beside it.
    double solves = solve * (blocks + 1) / 2;
    return solves
        + (strategy == GramStrategy.STRUCTURED
            ? n * q * (q + 1) * (columns * columns + (double) samples * samples)
            : n * n * columns * columns + 2 * n * n * q * columns * (blocks + 1) / 2);
  }

  private static long bytes(
      NeuralOde model, TimeGrid grid, int samples, int blockSize, Precision precision) {
    int number = precision.bytes();
    long outputs = model.outputs();
    long columns = samples * outputs;
    long blockColumns = blockSize * outputs;
    int held = blockSize == samples ? 1 : 2;
    long panels =
        Math.max(
            2 * PANEL_BYTES,
            number
                * (blockColumns * blockColumns
                    + (long) blockSize * blockSize
                    + held * (long) model.width() * blockColumns));
    return Weights.bytes(model, number)
        + held
            * (new DiscreteAdjoint(grid).bytes(model, blockSize, number)
                + (long) model.inputDim() * blockSize * number)
        + panels
        + 2L * Double.BYTES * blockColumns * blockColumns
        + 2L * Double.BYTES * blockColumns * blockColumns
        + Double.BYTES * columns * columns;
  }
}
