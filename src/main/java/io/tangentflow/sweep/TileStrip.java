package io.tangentflow.sweep;

import io.tangentflow.kernel.gram.TileGrid;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Tiles of one row that are computed together, since they share the features of its samples.
 *
 * @param row among tiles
 * @param from the first column
 * @param to the column after the last one
 */
public record TileStrip(int row, int from, int to) {

  /** Strips for each process that computes: enough that none waits long for the last. */
  private static final int STRIPS_PER_SLOT = 8;

  /**
   * Strips that hold the wanted tiles, few enough in each that all processes have work.
   *
   * @param wanted indices of the grid
   * @param slots processes that compute at a time
   */
  public static List<TileStrip> of(TileGrid grid, BitSet wanted, int slots) {
    int most = Math.max(1, wanted.cardinality() / (slots * STRIPS_PER_SLOT));
    List<TileStrip> strips = new ArrayList<>();
    for (int i = wanted.nextSetBit(0); i >= 0; ) {
      int row = grid.row(i);
      int from = grid.column(i);
      int to = from + 1;
      while (to - from < most && to <= row && wanted.get(grid.index(row, to))) {
        to++;
      }
      strips.add(new TileStrip(row, from, to));
      i = wanted.nextSetBit(grid.index(row, to - 1) + 1);
    }
    return strips;
  }

  /** For a line of progress. */
  String words() {
    return to - from == 1
        ? String.format("tile %d, %d", row, from)
        : String.format("tiles %d, %d to %d", row, from, to - 1);
  }

  boolean holds(int tileRow, int column) {
    return tileRow == row && column >= from && column < to;
  }
}
