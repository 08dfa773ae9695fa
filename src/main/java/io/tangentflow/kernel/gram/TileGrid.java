package io.tangentflow.kernel.gram;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.DenseMatrix;

/**
 * A symmetric matrix cut into square tiles of one size, but for what is left over at the end of a
 * row and a column. Kept are the tiles on and below the diagonal, (r, c) with c ≤ r, numbered row
 * by row: tile (r, c) is number r(r + 1)/2 + c.
 *
 * @param order rows, and columns, of the matrix
 * @param size rows, and columns, of a tile
 */
public record TileGrid(int order, int size) {

  /** More rows of tiles would be more tiles than a directory per row and an {@code int} can do. */
  public static final int MOST_BLOCKS = 32_768;

  /**
   * Cuts.
   *
   * @throws InvalidConfiguration if that makes too many rows of tiles, or tiles too large for one
   *     array
   */
  public TileGrid {
    if (order < 1 || size < 1) {
      throw new IllegalArgumentException("no tiles of order " + size + " make one of " + order);
    }
    if (size > DenseMatrix.GREATEST_ORDER) {
      throw new InvalidConfiguration(
          "--tile",
          String.format(
              "makes tiles of order %d, of more than 2^31 entries; choose a smaller one", size));
    }
    if ((order - 1L) / size + 1 > MOST_BLOCKS) {
      throw new InvalidConfiguration(
          "--tile",
          String.format(
              "tiles of order %d cut a matrix of order %d into more than %d rows of tiles; choose a"
                  + " larger one",
              size, order, MOST_BLOCKS));
    }
  }

  /** Rows of tiles. */
  public int blocks() {
    return (order - 1) / size + 1;
  }

  /** Tiles on and below the diagonal; fewer than 2³⁰. */
  public int count() {
    return index(blocks(), 0);
  }

  /** The number of tile (row, column), column ≤ row. */
  public int index(int row, int column) {
    return (int) (row * (row + 1L) / 2 + column);
  }

  /** The row of the tile of that number. */
  public int row(int index) {
    // Exact: 8 · 2³⁰ + 1 is a double, and its root is nowhere near an integer that it is not.
    return (int) ((Math.sqrt(8.0 * index + 1) - 1) / 2);
  }

  /** The column of the tile of that number. */
  public int column(int index) {
    return index - index(row(index), 0);
  }

  /** The matrix's row at which a row of tiles begins, and column at which a column does. */
  public int start(int block) {
    return Math.multiplyExact(block, size);
  }

  /** Rows of a row of tiles, and columns of a column of tiles. */
  public int extent(int block) {
    return Math.min(size, order - start(block));
  }

  /** Entries of all tiles together. */
  public long entries() {
    long sum = 0;
    for (int row = 0; row < blocks(); row++) {
      sum += (long) extent(row) * (start(row) + (long) extent(row));
    }
    return sum;
  }
}
