package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Plans of a Gram matrix that is computed tile by tile ({@link NtkTiles}) and never whole in
 * memory: the host holds a tile, the backend the weights and the features of two blocks of samples.
 *
 * @param model the network
 * @param grid the steps of its solver
 * @param samples N
 * @param nodes in time
 * @param strategies to choose from; the structured one alone with fewer nodes
 * @param precision of the backend
 */
public record TilePlan(
    NeuralOde model,
    TimeGrid grid,
    int samples,
    TimeNodes nodes,
    List<GramStrategy> strategies,
    Precision precision) {

  /** The order of tiles where none is asked for: large enough that solving again costs little. */
  private static final int ORDER = 1024;

  /** The same with other strategies. */
  public TilePlan by(List<GramStrategy> others) {
    return new TilePlan(model, grid, samples, nodes, others, precision);
  }

  /**
   * The plan with tiles of so many samples.
   *
   * @throws OutOfMemory if it does not fit
   */
  public GramPlan of(int tile, MemoryBudget budget) {
    requirePossible(budget);
    return fit(tile, budget).orElseThrow(() -> refusal(tile, budget));
  }

  /**
   * The plan with the largest tiles that fit, up to an order of 1024.
   *
   * @throws OutOfMemory if not even one sample at a time fits
   */
  public GramPlan largest(MemoryBudget budget) {
    requirePossible(budget);
    for (int tile = Math.min(samples, Math.max(1, ORDER / model.outputs())); tile > 1; tile--) {
      Optional<GramPlan> plan = fit(tile, budget);
      if (plan.isPresent()) {
        return plan.get();
      }
    }
    return of(1, budget);
  }

  /** The plan of fewest FLOPs with W in memory, or where none fits with columns of it. */
  private Optional<GramPlan> fit(int tile, MemoryBudget budget) {
    return IntStream.of(model.width(), leastColumns())
        .distinct()
        .filter(columns -> columns < model.width() || GramPlan.holdsWeights(model, budget))
        .mapToObj(
            columns ->
                plans(columns, tile)
                    .filter(plan -> budget.admits(plan.deviceBytes(), plan.hostBytes()))
                    .filter(plan -> GramPlan.fitsInArrays(model, slots(plan), tile))
                    .min(Comparator.comparingDouble(plan -> plan.cost(model, samples))))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private int slots(GramPlan plan) {
    int solved = plan.streamed() ? GramPlan.slotsOfSegment(model, grid) : grid.evaluations();
    return nodes.all()
        ? solved
        : Math.max(solved, new TimeCompression(model, grid, nodes).mostNodes());
  }

  private int leastColumns() {
    return GramPlan.leastColumns(model, precision);
  }

  private Stream<GramPlan> plans(int weightColumns, int tile) {
    return nodes.all()
        ? strategies.stream().map(strategy -> exact(strategy, weightColumns, tile))
        : Stream.of(false, true).map(streamed -> compressed(streamed, weightColumns, tile));
  }

  private GramPlan exact(GramStrategy strategy, int weightColumns, int tile) {
    return new GramPlan(
        strategy,
        nodes,
        false,
        GramPlan.unlessAll(weightColumns, model),
        tile,
        GramPlan.flops(strategy, model, grid, samples, tile)
            + GramPlan.weightFlops(weightColumns, false, model, grid, samples, tile),
        GramPlan.deviceBytes(strategy, model, grid, weightColumns, samples, tile, precision),
        GramPlan.blockBytes(model, tile));
  }

  private GramPlan compressed(boolean streamed, int weightColumns, int tile) {
    TimeCompression compression = new TimeCompression(model, grid, nodes);
    return new GramPlan(
        GramStrategy.STRUCTURED,
        nodes,
        streamed,
        GramPlan.unlessAll(weightColumns, model),
        tile,
        GramPlan.compressedFlops(compression, streamed, model, grid, samples, tile)
            + GramPlan.weightFlops(weightColumns, streamed, model, grid, samples, tile),
        GramPlan.compressedBytes(
            compression, streamed, weightColumns, model, grid, samples, tile, precision),
        GramPlan.blockBytes(model, tile));
  }

  /** Refuses what no tile can mend, before any count of bytes could overflow. */
  private void requirePossible(MemoryBudget budget) {
    int pairs = nodes.all() ? grid.evaluations() : 1;
    long least = GramPlan.leastOnDevice(model, leastColumns(), pairs, precision);
    if (!budget.admits(least, 0)) {
      throw GramPlan.countable(least) ? refusal(1, budget) : budget.refusal(purpose(1), least, 0);
    }
  }

  /** What the plan of the least memory needs. */
  private TangentFlowException refusal(int tile, MemoryBudget budget) {
    GramPlan least =
        plans(leastColumns(), tile)
            .min(Comparator.comparingLong(GramPlan::deviceBytes))
            .orElseThrow();
    if (budget.admits(least.deviceBytes(), least.hostBytes())) {
      return new InvalidConfiguration(
          "--tile",
          String.format(
              "the features of %d samples by %s at width %d are more than 2^31 numbers; choose a"
                  + " smaller one, or fewer steps",
              tile, grid, model.width()));
    }
    return budget.refusal(purpose(tile), least.deviceBytes(), least.hostBytes());
  }

  private String purpose(int tile) {
    return String.format(
        "a tile of %d sample%s (see --tile) of the Gram matrix at width %d by %s",
        tile, tile == 1 ? "" : "s", model.width(), grid);
  }
}
