package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.TilePlan;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.Shard;
import io.tangentflow.kernel.gram.StoreDescription;
import io.tangentflow.kernel.gram.TileGrid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a Gram matrix will go into a store: what is not asked for is as in the store that is there.
 *
 * @param plan in blocks of the samples of a tile
 * @param description of the store
 * @param existing the store, if it has been begun
 */
record StorePlan(GramPlan plan, StoreDescription description, Optional<GramStore> existing) {

  /**
   * Plans. Nothing is written.
   *
   * @param plans of tiles by each strategy
   * @param asked the strategy; empty for that of the store, or of fewer FLOPs
   * @param kernel what determines the entries, but for the strategy
   */
  static StorePlan of(
      StoreOptions options,
      TilePlan plans,
      Optional<GramStrategy> asked,
      Map<String, String> kernel,
      MemoryBudget budget) {
    Optional<GramStore> existing = GramStore.find(options.path);
    Optional<StoreDescription> begun = existing.map(GramStore::description);
    Optional<GramStrategy> strategy = asked.or(() -> begun.flatMap(StorePlan::strategy));
    int order = order(plans);
    GramPlan plan =
        plan(
            options,
            strategy.map(one -> plans.by(List.of(one))).orElse(plans),
            begun.filter(store -> store.order() == order),
            budget);
    ElementType type =
        Optional.ofNullable(options.type)
            .or(() -> begun.map(StoreDescription::elementType))
            .orElse(ElementType.FP64);
    Map<String, String> whole = new LinkedHashMap<>(kernel);
    whole.put("gram", plan.strategy().toString());
    int outputs = plans.model().outputs();
    TileGrid grid = new TileGrid(order, plan.blockSize() * outputs);
    StoreDescription description = StoreDescription.of(grid, outputs, type, whole);
    existing.ifPresent(store -> store.requireSame(description));
    return new StorePlan(plan, description, existing);
  }

  private static Optional<GramStrategy> strategy(StoreDescription begun) {
    return Arrays.stream(GramStrategy.values())
        .filter(one -> one.toString().equals(begun.kernel().get("gram")))
        .findFirst();
  }

  private static int order(TilePlan plans) {
    long order = (long) plans.samples() * plans.model().outputs();
    if (order > Integer.MAX_VALUE) {
      throw new InvalidConfiguration(
          "--samples",
          String.format(
              "%d samples of %d outputs make a Gram matrix of more than 2^31 rows",
              plans.samples(), plans.model().outputs()));
    }
    return (int) order;
  }

  /**
   * @param begun the store that is there, if it is of so many samples
   */
  private static GramPlan plan(
      StoreOptions options, TilePlan plans, Optional<StoreDescription> begun, MemoryBudget budget) {
    int outputs = plans.model().outputs();
    Optional<Integer> tile =
        Optional.ofNullable(options.tile)
            .or(
                () ->
                    begun
                        .filter(store -> store.outputs() == outputs)
                        .map(store -> store.tile() / outputs));
    if (tile.isEmpty()) {
      return plans.largest(budget);
    }
    int samples = Math.min(tile.get(), plans.samples());
    // Its size is refused before its bytes are counted. No larger than the order, it is an int.
    TileGrid grid = new TileGrid(order(plans), samples * outputs);
    return plans.of(grid.size() / outputs, budget);
  }

  /**
   * Makes sure that what is missing of a shard fits on the disk, before a store is begun.
   *
   * @throws RunDirectoryConflict if it does not
   */
  void requireRoom(Path path, Shard shard) {
    TileGrid grid = description.grid();
    BitSet present = existing.map(GramStore::present).orElseGet(BitSet::new);
    int to = shard.to(grid.count());
    long needed = 0;
    for (int i = present.nextClearBit(shard.from(grid.count()));
        i < to;
        i = present.nextClearBit(i + 1)) {
      needed += description.tileBytes(grid.row(i), grid.column(i));
    }
    Path directory = path.toAbsolutePath().normalize();
    while (!Files.exists(directory)) {
      directory = directory.getParent();
    }
    try {
      long free = Files.getFileStore(directory).getUsableSpace();
      if (needed > free) {
        throw new RunDirectoryConflict(
            path,
            String.format(
                "%d bytes are needed for what is missing, and the disk has %d", needed, free));
      }
    } catch (IOException e) {
      throw new RunDirectoryConflict(path, "cannot be read (" + AtomicFile.reason(e) + ")", e);
    }
  }
}
