package io.tangentflow.cli;

import io.tangentflow.kernel.empirical.NtkTiles;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.Shard;
import io.tangentflow.kernel.gram.TileGrid;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.sweep.TileResult;
import io.tangentflow.sweep.TileStrip;
import io.tangentflow.sweep.UnitExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** The tiles of a shard that are not in a store yet, on their way into it. */
final class StoredNtk implements NtkTiles.Sink {

  /** A tile is written in seconds, on a slow disk in minutes. */
  private static final Duration ABANDONED = Duration.ofHours(1);

  private final GramStore store;
  private final TileGrid grid;
  private final Console console;
  private final Console.Progress progress;
  private final int from;
  private final int to;

  /** Tiles of the shard that are in the store. */
  private final BitSet done = new BitSet();

  /** Files in the places of tiles that are not those tiles. */
  private final BitSet damaged = new BitSet();

  private final List<TileResult> results = new ArrayList<>();

  private int computed;

  /** Finds out what there is to do. */
  StoredNtk(GramStore store, Shard shard, Console console, Console.Progress progress) {
    this.store = store;
    this.console = console;
    this.progress = progress;
    grid = store.grid();
    from = shard.from(grid.count());
    to = shard.to(grid.count());
    store.removeAbandoned(ABANDONED);
    BitSet present = store.present();
    for (int i = present.nextSetBit(from); i >= 0 && i < to; i = present.nextSetBit(i + 1)) {
      judge(i);
    }
    progress.at(done.cardinality());
    progress.with(Interruption.ofTiles(console));
  }

  /** Takes note of the file that is in the place of a tile. */
  private void judge(int index) {
    int row = grid.row(index);
    int column = grid.column(index);
    store
        .visibleDamage(row, column)
        .ifPresentOrElse(
            why -> {
              damaged.set(index);
              console.warning(
                  store.file(row, column) + ": " + why + "; the tile is computed again");
            },
            () -> done.set(index));
  }

  @Override
  public boolean wants(int row, int column) {
    int index = grid.index(row, column);
    if (index < from || index >= to || done.get(index)) {
      return false;
    }
    if (!damaged.get(index) && store.exists(row, column)) {
      judge(index);
      progress.at(done.cardinality());
    }
    return !done.get(index);
  }

  @Override
  public void accept(int row, int column, DenseMatrix tile, double gradientError) {
    int index = grid.index(row, column);
    store.put(row, column, tile, gradientError);
    done.set(index);
    damaged.clear(index);
    computed++;
    progress.at(done.cardinality());
  }

  /** The tiles that are to be computed. */
  BitSet missing() {
    BitSet missing = new BitSet();
    missing.set(from, to);
    missing.andNot(done);
    return missing;
  }

  /** Takes note of tiles that another process has put into the store. */
  void accept(TileResult result) {
    results.add(result);
    computed += result.computed();
    TileStrip strip = result.strip();
    done.set(grid.index(strip.row(), strip.from()), grid.index(strip.row(), strip.to() - 1) + 1);
    progress.at(done.cardinality());
    progress.detail("the last on executor " + result.place().executor());
  }

  /** Tells of strips. */
  UnitExecutor.Listener narration() {
    return new UnitNarration(console, progress);
  }

  /** What other processes have done. */
  List<TileResult> results() {
    return results;
  }

  /** Tiles that have been computed. */
  int computed() {
    return computed;
  }

  /** The most bytes that the backend of any process held. */
  long peakBytes() {
    return results.stream().mapToLong(TileResult::peakBytes).max().orElse(0);
  }
}
