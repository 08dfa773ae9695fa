package io.tangentflow.kernel.empirical;

import static io.tangentflow.kernel.empirical.GramStrategy.STRUCTURED;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.SegmentedAdjoint;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * How an empirical Gram matrix will be computed.
 *
 * @param strategy structured or explicit
 * @param nodes in time, at which the structured one keeps features
 * @param streamed whether features are brought to these nodes while they are solved for, from
 *     states at segments of steps, and not after it
 * @param weightColumns columns of W that are in memory at a time, made again for each product; 0
 *     where all of W is held
 * @param blockSize samples that are solved at a time
 * @param flops of the solves and the Gram together, with as many nodes as there may be, and of
 *     making W where it is not held
 * @param deviceBytes of the backend's matrices at the peak
 * @param hostBytes of the Gram matrix and its blocks in host memory
 */
public record GramPlan(
    GramStrategy strategy,
    TimeNodes nodes,
    boolean streamed,
    int weightColumns,
    int blockSize,
    double flops,
    long deviceBytes,
    long hostBytes) {

  /** Scratch for products of features or for panels of gradients; larger ones are no faster. */
  static final long PANEL_BYTES = 64L << 20;

  /** What a number of a gradient panel costs to write, measured in FLOPs of a large product. */
  private static final double FLOPS_PER_WRITTEN_NUMBER = 80;

  /** What a normal number costs to make, a logarithm, sine or cosine counted as 20. */
  private static final double FLOPS_PER_NORMAL_NUMBER = 50;

  /** Where a lower bound is below a pebibyte, a whole count of bytes does not overflow. */
  private static final long COUNTABLE = 1L << 50;

  /** The numbers of the largest Java array, which the largest matrix of the CPU backends is. */
  private static final long LARGEST_ARRAY = Integer.MAX_VALUE - 8;

  /**
   * The plan within the budget that is expected to be fastest: of the two strategies the one of
   * fewer FLOPs, the writing of gradients counted in, in the largest blocks of samples that fit.
   *
   * @throws io.tangentflow.TangentFlowException.OutOfMemory if not even one sample at a time fits
   */
  public static GramPlan choose(
      NeuralOde model, TimeGrid grid, int samples, Precision precision, MemoryBudget budget) {
    return firstThatFits(
            model,
            precision,
            budget,
            columns ->
                Stream.of(GramStrategy.values())
                    .flatMap(
                        strategy ->
                            fit(strategy, model, grid, columns, samples, precision, budget)
                                .stream())
                    .min(Comparator.comparingDouble(plan -> plan.cost(model, samples))))
        .orElseThrow(
            () -> refusal(GramStrategy.STRUCTURED, model, grid, samples, precision, budget));
  }

  /**
   * The plan of that strategy in the largest blocks of samples that fit.
   *
   * @throws io.tangentflow.TangentFlowException.OutOfMemory if not even one sample at a time fits
   */
  public static GramPlan of(
      GramStrategy strategy,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      Precision precision,
      MemoryBudget budget) {
    return firstThatFits(
            model,
            precision,
            budget,
            columns -> fit(strategy, model, grid, columns, samples, precision, budget))
        .orElseThrow(() -> refusal(strategy, model, grid, samples, precision, budget));
  }

  /**
   * The structured plan with features at fewer nodes in time, in the largest blocks of samples that
   * fit.
   *
   * @throws InvalidConfiguration if there are not so many distinct times
   * @throws io.tangentflow.TangentFlowException.OutOfMemory if not even one sample at a time fits
   */
  public static GramPlan compressed(
      TimeNodes nodes,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      Precision precision,
      MemoryBudget budget) {
    requirePossible(
        model,
        grid,
        1,
        samples,
        precision,
        budget,
        () ->
            compressedRefusal(
                new TimeCompression(model, grid, nodes), model, grid, samples, precision, budget));
    TimeCompression compression = new TimeCompression(model, grid, nodes);
    return firstThatFits(
            model,
            precision,
            budget,
            columns ->
                chooseCompressed(
                    compression, nodes, columns, model, grid, samples, precision, budget))
        .orElseThrow(() -> compressedRefusal(compression, model, grid, samples, precision, budget));
  }

  private static TangentFlowException compressedRefusal(
      TimeCompression compression,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      Precision precision,
      MemoryBudget budget) {
    int columns = leastColumns(model, precision);
    return budget.refusal(
        purpose(model, grid, samples),
        compressedBytes(compression, true, columns, model, grid, samples, 1, precision),
        hostBytes(model, samples, 1));
  }

  /** With W in memory, or where that does not fit with columns of it. */
  private static Optional<GramPlan> firstThatFits(
      NeuralOde model,
      Precision precision,
      MemoryBudget budget,
      IntFunction<Optional<GramPlan>> ofColumns) {
    Optional<GramPlan> held =
        holdsWeights(model, budget) ? ofColumns.apply(model.width()) : Optional.empty();
    int columns = leastColumns(model, precision);
    return held.isPresent() || columns == model.width() ? held : ofColumns.apply(columns);
  }

  /**
   * The columns of W of a panel: of a width at which products are no slower, but no more than an
   * eighth of W, and whole fours of random numbers.
   */
  static int leastColumns(NeuralOde model, Precision precision) {
    int n = model.width();
    int columns = Math.min(n / 8, panel((long) n * precision.bytes(), n)) / 4 * 4;
    return n < 16 ? n : Math.max(4, columns);
  }

  private static Optional<GramPlan> chooseCompressed(
      TimeCompression compression,
      TimeNodes nodes,
      int weightColumns,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      Precision precision,
      MemoryBudget budget) {
    Optional<GramPlan> whole =
        fitCompressed(
            compression, nodes, false, weightColumns, model, grid, samples, precision, budget);
    if (whole.isPresent() && whole.get().blockSize == samples) {
      return whole;
    }
    // Smaller blocks are solved for again and again, segments once more.
    Optional<GramPlan> streamed =
        fitCompressed(
            compression, nodes, true, weightColumns, model, grid, samples, precision, budget);
    return Stream.concat(whole.stream(), streamed.stream())
        .min(Comparator.comparingDouble(GramPlan::flops));
  }

  private static Optional<GramPlan> fitCompressed(
      TimeCompression compression,
      TimeNodes nodes,
      boolean streamed,
      int weightColumns,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      Precision precision,
      MemoryBudget budget) {
    int mostSlots = streamed ? slotsOfSegment(model, grid) : grid.evaluations();
    if (!budget.admits(leastOnDevice(model, weightColumns, mostSlots, precision), 0)) {
      return Optional.empty();
    }
    for (int blocks = 1; blocks <= samples; blocks++) {
      int blockSize = (samples - 1) / blocks + 1;
      long deviceBytes =
          compressedBytes(
              compression, streamed, weightColumns, model, grid, samples, blockSize, precision);
      long hostBytes = hostBytes(model, samples, blockSize);
      int slots = Math.max(mostSlots, compression.mostNodes());
      if (budget.admits(deviceBytes, hostBytes) && fitsInArrays(model, slots, blockSize)) {
        double flops =
            compressedFlops(compression, streamed, model, grid, samples, blockSize)
                + weightFlops(weightColumns, streamed, model, grid, samples, blockSize);
        return Optional.of(
            new GramPlan(
                STRUCTURED,
                nodes,
                streamed,
                unlessAll(weightColumns, model),
                blockSize,
                flops,
                deviceBytes,
                hostBytes));
      }
    }
    return Optional.empty();
  }

  static int slotsOfSegment(NeuralOde model, TimeGrid grid) {
    return new SegmentedAdjoint(grid, model.outputs()).stepsOfSegment() * grid.tableau().stages();
  }

  /**
   * All samples in one block, for methods whose pairs no plan knows beforehand: the memory is what
   * the budget allows, and the FLOPs are not known (NaN).
   *
   * @throws io.tangentflow.TangentFlowException.OutOfMemory if the Gram matrix does not fit
   */
  public static GramPlan inOneBlock(
      GramStrategy strategy, NeuralOde model, int samples, MemoryBudget budget) {
    requireSamples(samples);
    requireOrder(model, samples);
    long host = hostBytes(model, samples, samples);
    if (!budget.admits(0, host)) {
      throw budget.refusal("the Gram matrix of " + samples + " samples", 0, host);
    }
    return new GramPlan(
        strategy,
        TimeNodes.ALL,
        false,
        0,
        samples,
        Double.NaN,
        budget.deviceBytesBeside(host),
        host);
  }

  /** Whether W is not in memory as a whole, since it does not fit. */
  public boolean weightsByPanels() {
    return weightColumns > 0;
  }

  /** Places a network's parameters as planned. */
  Weights place(NeuralOde model, Parameters parameters, Workspace workspace) {
    return weightsByPanels()
        ? Weights.placeByPanels(model, parameters, weightColumns, workspace)
        : Weights.place(model, parameters, workspace);
  }

  static int unlessAll(int weightColumns, NeuralOde model) {
    return weightColumns == model.width() ? 0 : weightColumns;
  }

  /** structured, explicit or compressed, which is structured with features at fewer nodes. */
  public String algorithm() {
    return nodes.all() ? strategy.toString() : "compressed";
  }

  /** At the peak, on the backend and in host memory together. */
  public long bytes() {
    return deviceBytes + hostBytes;
  }

  /**
   * FLOPs, and for a gradient panel what its writing costs: as a product of inner dimension Q alone
   * it waits for memory.
   */
  double cost(NeuralOde model, int samples) {
    if (strategy == GramStrategy.STRUCTURED) {
      return flops;
    }
    double blocks = Math.ceil(samples / (double) blockSize);
    double written = blocks * samples * model.outputs() * model.width() * (double) model.width();
    return flops + FLOPS_PER_WRITTEN_NUMBER * written;
  }

  private static Optional<GramPlan> fit(
      GramStrategy strategy,
      NeuralOde model,
      TimeGrid grid,
      int weightColumns,
      int samples,
      Precision precision,
      MemoryBudget budget) {
    requirePossible(
        model,
        grid,
        grid.evaluations(),
        samples,
        precision,
        budget,
        () -> refusal(strategy, model, grid, samples, precision, budget));
    for (int blocks = 1; blocks <= samples; blocks++) {
      int blockSize = (samples - 1) / blocks + 1;
      long deviceBytes =
          deviceBytes(strategy, model, grid, weightColumns, samples, blockSize, precision);
      long hostBytes = hostBytes(model, samples, blockSize);
      if (budget.admits(deviceBytes, hostBytes)
          && fitsInArrays(model, grid.evaluations(), blockSize)) {
        double flops =
            flops(strategy, model, grid, samples, blockSize)
                + weightFlops(weightColumns, false, model, grid, samples, blockSize);
        return Optional.of(
            new GramPlan(
                strategy,
                TimeNodes.ALL,
                false,
                unlessAll(weightColumns, model),
                blockSize,
                flops,
                deviceBytes,
                hostBytes));
      }
    }
    return Optional.empty();
  }

  /**
   * Refuses what no blocks can mend, before any count of bytes could overflow.
   *
   * @param pairs of a sample that are there at one time
   * @param refusal that counts what one sample at a time needs
   */
  private static void requirePossible(
      NeuralOde model,
      TimeGrid grid,
      int pairs,
      int samples,
      Precision precision,
      MemoryBudget budget,
      Supplier<TangentFlowException> refusal) {
    requireSamples(samples);
    long onDevice = leastOnDevice(model, leastColumns(model, precision), pairs, precision);
    double columns = (double) samples * model.outputs();
    long onHost = (long) (Double.BYTES * columns * columns);
    if (!budget.admits(onDevice, onHost)) {
      throw countable(Math.max(onDevice, onHost))
          ? refusal.get()
          : budget.refusal(purpose(model, grid, samples), onDevice, onHost);
    }
    requireOrder(model, samples);
  }

  /** Whether the bytes of a plan can be counted of which this is a lower bound. */
  static boolean countable(long least) {
    return least < COUNTABLE;
  }

  /** The weights, with so many columns of W, and so many pairs of one sample. */
  static long leastOnDevice(NeuralOde model, int weightColumns, int pairs, Precision precision) {
    double n = model.width();
    double columns = (double) weightColumns + model.inputDim() + (double) model.outputs() * pairs;
    return (long) (precision.bytes() * n * columns);
  }

  private static void requireSamples(int samples) {
    if (samples < 1) {
      throw new InvalidConfiguration("--samples", "must be at least 1, not " + samples);
    }
  }

  private static void requireOrder(NeuralOde model, int samples) {
    if ((double) samples * model.outputs() > DenseMatrix.GREATEST_ORDER) {
      throw new InvalidConfiguration(
          "--samples",
          String.format(
              "%d samples of %d output%s make a Gram matrix of more than 2^31 entries; choose at"
                  + " most %d",
              samples,
              model.outputs(),
              model.outputs() == 1 ? "" : "s",
              DenseMatrix.GREATEST_ORDER / model.outputs()));
    }
  }

  /** Why not even one sample at a time can be planned for. */
  private static TangentFlowException refusal(
      GramStrategy strategy,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      Precision precision,
      MemoryBudget budget) {
    int columns = leastColumns(model, precision);
    long deviceBytes = deviceBytes(strategy, model, grid, columns, samples, 1, precision);
    long hostBytes = hostBytes(model, samples, 1);
    return !budget.admits(deviceBytes, hostBytes)
        ? budget.refusal(purpose(model, grid, samples), deviceBytes, hostBytes)
        : new InvalidConfiguration(
            "--depth",
            String.format(
                "the features of one sample by %s at width %d are more than 2^31 numbers; choose"
                    + " fewer steps",
                grid, model.width()));
  }

  private static String purpose(NeuralOde model, TimeGrid grid, int samples) {
    return String.format(
        "the Gram matrix of %d samples at width %d by %s", samples, model.width(), grid);
  }

  /** The slots, or rows of W, of one panel. */
  static int panel(long bytesOfOne, int available) {
    return (int) Math.min(available, Math.max(1, PANEL_BYTES / bytesOfOne));
  }

  @Override
  public String toString() {
    double mebibytes = bytes() / (double) (1 << 20);
    return Double.isNaN(flops)
        ? String.format(
            "%s Gram, %d samples at a time; FLOPs and bytes are not known before it runs",
            strategy, blockSize)
        : String.format(
            "%s Gram%s, %d samples at a time%s, %.3g GFLOP, %.1f MiB",
            strategy,
            nodes.phrase() + (streamed ? " made while solving" : ""),
            blockSize,
            weightPanels(),
            flops / 1e9,
            mebibytes);
  }

  private String weightPanels() {
    return weightsByPanels()
        ? String.format(", W made %d columns at a time for each product", weightColumns)
        : "";
  }

  static double flops(
      GramStrategy strategy, NeuralOde model, TimeGrid grid, int samples, int blockSize) {
    double n = model.width();
    double columns = (double) samples * model.outputs();
    double q = grid.evaluations();
    double blocks = Math.ceil(samples / (double) blockSize);
    // Each of the blocks² gradient panels is formed from its features.
    return solveFlops(model, grid, samples, blockSize)
        + (strategy == GramStrategy.STRUCTURED
            ? structuredFlops(model, q, samples)
            : n * n * columns * columns + 2 * n * n * q * columns * blocks);
  }

  /** The numbers of W for each product of each solve, where W is not held. */
  static double weightFlops(
      int weightColumns,
      boolean streamed,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      int blockSize) {
    double n = model.width();
    if (weightColumns == model.width()) {
      return 0;
    }
    double forward =
        streamed
            ? new SegmentedAdjoint(grid, model.outputs()).forwardEvaluations()
            : grid.evaluations();
    double blocks = Math.ceil(samples / (double) blockSize);
    double solves = blocks * (blocks + 1) / 2;
    return FLOPS_PER_NORMAL_NUMBER * n * n * (forward + grid.evaluations()) * solves;
  }

  /** A solve of block I, then again of each block J &lt; I beside it. */
  private static double solveFlops(NeuralOde model, TimeGrid grid, int samples, int blockSize) {
    double n = model.width();
    double blocks = Math.ceil(samples / (double) blockSize);
    double solve = 2 * n * n * grid.evaluations() * samples * (1.0 + model.outputs());
    return solve * (blocks + 1) / 2;
  }

  private static double structuredFlops(NeuralOde model, double pairs, int samples) {
    double columns = (double) samples * model.outputs();
    return model.width() * pairs * pairs * (columns * columns + (double) samples * samples);
  }

  /** The solves, features to nodes and back for their rest, and the Gram of the nodes. */
  static double compressedFlops(
      TimeCompression compression,
      boolean streamed,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      int blockSize) {
    double nodes = compression.mostNodes();
    double n = model.width();
    double q = grid.evaluations();
    double times = (Math.ceil(samples / (double) blockSize) + 1) / 2;
    double features = n * samples * (1.0 + model.outputs()) * times;
    double flops =
        solveFlops(model, grid, samples, blockSize) + structuredFlops(model, nodes, samples);
    if (!streamed) {
      return flops + 4 * features * q * nodes;
    }
    double segments = Math.ceil(q / slotsOfSegment(model, grid));
    double again = new SegmentedAdjoint(grid, model.outputs()).forwardEvaluations() - q;
    return flops
        + 2 * n * n * again * samples * times
        + 4 * features * (q + segments * nodes) * nodes;
  }

  /**
   * What {@link EmpiricalNtk} holds on the backend at its peak with compressed features: the
   * weights; the nodes of one block, or of two; and a solve, what brings its features to nodes, or
   * a contraction's scratch.
   */
  static long compressedBytes(
      TimeCompression compression,
      boolean streamed,
      int weightColumns,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      int blockSize,
      Precision precision) {
    int number = precision.bytes();
    int nodes = compression.mostNodes();
    long inputs = (long) model.inputDim() * blockSize * number;
    long retained = compression.retainedBytes(blockSize, number);
    long making =
        streamed
            ? streamedBytes(compression, model, grid, blockSize, number)
            : compressingBytes(compression, model, grid, blockSize, number);
    return peak(
        Weights.bytes(model, weightColumns, number),
        inputs + retained,
        inputs + making,
        contraction(STRUCTURED, model, nodes, blockSize, number, true),
        contraction(STRUCTURED, model, nodes, blockSize, number, false),
        blockSize == samples);
  }

  /** A solve, or its features beside those at nodes. */
  private static long compressingBytes(
      TimeCompression compression, NeuralOde model, TimeGrid grid, int blockSize, int number) {
    DiscreteAdjoint adjoint = new DiscreteAdjoint(grid);
    return Math.max(
        adjoint.bytes(model, blockSize, number),
        adjoint.retainedBytes(model, blockSize, number)
            + compression.retainedBytes(blockSize, number)
            + compression.scratchBytes(blockSize, number));
  }

  /** The states at segments and the pairs of one, beside features at nodes. */
  private static long streamedBytes(
      TimeCompression compression, NeuralOde model, TimeGrid grid, int blockSize, int number) {
    int slots = slotsOfSegment(model, grid);
    return new SegmentedAdjoint(grid, model.outputs()).bytes(model, blockSize, number)
        + compression.retainedBytes(blockSize, number)
        + compression.streamedScratchBytes(blockSize, slots, number);
  }

  /** The numbers of the largest matrix that depends on the block: all slots of the trajectory. */
  private static long largestMatrix(NeuralOde model, int slots, int blockSize) {
    return (long) model.width() * blockSize * model.outputs() * (slots + 1L);
  }

  /**
   * What {@link EmpiricalNtk} holds on the backend at its peak: the weights; the features of one
   * block, or of two; and either a solve's or a contraction's scratch.
   */
  static long deviceBytes(
      GramStrategy strategy,
      NeuralOde model,
      TimeGrid grid,
      int weightColumns,
      int samples,
      int blockSize,
      Precision precision) {
    int number = precision.bytes();
    DiscreteAdjoint adjoint = new DiscreteAdjoint(grid);
    int pairs = grid.evaluations();
    long inputs = (long) model.inputDim() * blockSize * number;
    long features = inputs + adjoint.retainedBytes(model, blockSize, number);
    long solve = inputs + adjoint.bytes(model, blockSize, number);
    return peak(
        Weights.bytes(model, weightColumns, number),
        features,
        solve,
        contraction(strategy, model, pairs, blockSize, number, true),
        contraction(strategy, model, pairs, blockSize, number, false),
        blockSize == samples);
  }

  /**
   * The weights, and the features of one block, or of two, while they are made or contracted.
   *
   * @param making what it takes to make the features of a block
   * @param alone what it takes to contract a block with itself
   * @param beside the same with another block
   */
  private static long peak(
      long weights, long features, long making, long alone, long beside, boolean oneBlock) {
    long one = Math.max(making, features + alone);
    long two = features + Math.max(making, features + beside);
    return weights + (oneBlock ? one : Math.max(one, two));
  }

  /** Whether W fits into an array, where it has to lie in one. */
  static boolean holdsWeights(NeuralOde model, MemoryBudget budget) {
    return !budget.inJavaArrays() || (long) model.width() * model.width() <= LARGEST_ARRAY;
  }

  /** Whether arrays hold the matrices of a block. */
  static boolean fitsInArrays(NeuralOde model, int slots, int blockSize) {
    return largestMatrix(model, slots, blockSize) <= LARGEST_ARRAY;
  }

  /** The Gram matrix, a block of it and its output term. */
  private static long hostBytes(NeuralOde model, int samples, int blockSize) {
    long columns = (long) samples * model.outputs();
    return Double.BYTES * columns * columns + blockBytes(model, blockSize);
  }

  /** A block of the Gram matrix and its output term, in host memory. */
  static long blockBytes(NeuralOde model, int blockSize) {
    long blockColumns = (long) blockSize * model.outputs();
    return Double.BYTES * 2 * blockColumns * blockColumns;
  }

  /** The sum of a block, beside products of slots, panels of gradients or the input term. */
  private static long contraction(
      GramStrategy strategy,
      NeuralOde model,
      int pairs,
      int blockSize,
      int number,
      boolean diagonal) {
    long blockColumns = (long) blockSize * model.outputs();
    long entries = blockColumns * blockColumns;
    long sum = Double.BYTES * entries;
    long pair = number * (entries + (long) blockSize * blockSize);
    long panels =
        switch (strategy) {
          case STRUCTURED -> pair * panel(number * entries, pairs) + (diagonal ? sum : 0);
          case EXPLICIT -> {
            long row = (long) number * model.width() * blockColumns;
            yield number * entries + (diagonal ? 1 : 2) * row * panel(row, model.width());
          }
        };
    return sum + Math.max(pair, panels);
  }
}
