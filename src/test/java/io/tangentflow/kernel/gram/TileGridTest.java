package io.tangentflow.kernel.gram;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.ElementType;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TileGridTest {

  private static final int MILLION = 1_000_000;

  /** Every tile has one number, and every number one tile; each entry of the triangle one tile. */
  @Test
  void numbersAndTilesAreTheSameByTwoWays() {
    for (int order : new int[] {1, 2, 7, 40}) {
      for (int size : new int[] {1, 2, 3, 7, 40}) {
        TileGrid grid = new TileGrid(order, size);
        int next = 0;
        long entries = 0;
        for (int row = 0; row < grid.blocks(); row++) {
          for (int column = 0; column <= row; column++) {
            assertEquals(next, grid.index(row, column));
            assertEquals(row, grid.row(next));
            assertEquals(column, grid.column(next));
            entries += (long) grid.extent(row) * grid.extent(column);
            next++;
          }
        }
        assertEquals(next, grid.count());
        assertEquals(entries, grid.entries());
        int last = grid.blocks() - 1;
        assertEquals(order, grid.start(last) + grid.extent(last));
        assertTrue(grid.extent(last) >= 1 && grid.extent(0) <= size);
      }
    }
  }

  @Test
  void aMillionSamplesAreAddressed() {
    for (int size : new int[] {31, 1024}) {
      TileGrid grid = new TileGrid(MILLION, size);
      assertEquals((int) Math.ceil((double) MILLION / size), grid.blocks());
      assertEquals((long) grid.blocks() * (grid.blocks() + 1L) / 2, grid.count());
      for (int row = 0; row < grid.blocks(); row++) {
        for (int column : new int[] {0, row / 2, row}) {
          int index = grid.index(row, column);
          assertEquals(row, grid.row(index));
          assertEquals(column, grid.column(index));
        }
      }
      int last = grid.blocks() - 1;
      assertEquals(MILLION, grid.start(last) + grid.extent(last));
      // The triangle and, on the diagonal, the other half of each tile.
      long triangle = MILLION * (MILLION + 1L) / 2;
      long diagonal = 0;
      for (int block = 0; block <= last; block++) {
        diagonal += (long) grid.extent(block) * (grid.extent(block) - 1) / 2;
      }
      assertEquals(triangle + diagonal, grid.entries());
      StoreDescription description = StoreDescription.of(grid, 1, ElementType.FP64, Map.of());
      assertEquals(8 * (triangle + diagonal) + 60L * grid.count(), description.tileBytes());
    }
  }

  @Test
  void moreTilesThanDirectoriesCanHoldAreRefused() {
    new TileGrid(TileGrid.MOST_BLOCKS, 1);
    assertThrows(InvalidConfiguration.class, () -> new TileGrid(TileGrid.MOST_BLOCKS + 1, 1));
    assertThrows(InvalidConfiguration.class, () -> new TileGrid(MILLION, 30));
    assertThrows(InvalidConfiguration.class, () -> new TileGrid(MILLION, 46_341));
    assertThrows(InvalidConfiguration.class, () -> new TileGrid(Integer.MAX_VALUE, 46_340));
  }

  @Test
  void shardsShareTheTilesOutEvenly() {
    for (int tiles : new int[] {1, 5, 55, new TileGrid(MILLION, 31).count()}) {
      for (int shards : new int[] {1, 2, 3, 7, 1000}) {
        int next = 0;
        for (int number = 1; number <= shards; number++) {
          Shard shard = Shard.named(number + "/" + shards);
          assertEquals(next, shard.from(tiles));
          next = shard.to(tiles);
          assertEquals(next - shard.from(tiles), shard.size(tiles));
          assertTrue(Math.abs(shard.size(tiles) - (double) tiles / shards) < 1);
        }
        assertEquals(tiles, next);
      }
    }
  }

  @Test
  void whatIsNoShardIsRefused() {
    for (String word :
        new String[] {"0/2", "3/2", "1/0", "1", "1/", "/2", "a/b", "-1/2", "1/2/3"}) {
      assertThrows(InvalidConfiguration.class, () -> Shard.named(word), word);
    }
  }
}
