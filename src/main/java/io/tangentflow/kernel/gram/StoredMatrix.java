package io.tangentflow.kernel.gram;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.SymmetricNpy;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * A {@link GramStore} that lacks no tile, as one symmetric matrix K. Each method reads each stored
 * tile once and holds it against its checksum; only {@link #toDense} has the matrix in memory.
 */
public final class StoredMatrix {

  /** Tiles in memory at a time. */
  private static final int TILES_AT_ONCE = Runtime.getRuntime().availableProcessors();

  private final GramStore store;
  private final TileGrid grid;

  /**
   * The matrix of a store.
   *
   * @throws RunDirectoryConflict if tiles are missing, telling how many
   */
  public StoredMatrix(GramStore store) {
    store.requireComplete();
    this.store = store;
    grid = store.grid();
  }

  /** Rows of K. */
  public int order() {
    return grid.order();
  }

  /**
   * y ← K x. The sum is that of the tiles' products in the order of their numbers, so it does not
   * depend on threads.
   *
   * @param x order×vectors, column after column. Not modified.
   * @param vectors columns of x and y
   * @param y order×vectors, another array than x. Modified.
   * @throws DataFormat if a tile is damaged
   */
  public void multiply(double[] x, int vectors, double[] y) {
    int length = Math.multiplyExact(order(), vectors);
    if (x.length != length || y.length != length) {
      throw new IllegalArgumentException(
          String.format(
              "%d vectors of order %d are %d numbers, not %d and %d",
              vectors, order(), length, x.length, y.length));
    }
    Arrays.fill(y, 0);
    for (int first = 0; first < grid.count(); first += TILES_AT_ONCE) {
      int last = Math.min(grid.count(), first + TILES_AT_ONCE);
      List<TileProduct> products =
          IntStream.range(first, last)
              .parallel()
              .mapToObj(
                  index -> {
                    int row = grid.row(index);
                    int column = grid.column(index);
                    return new TileProduct(
                        store.tile(row, column), grid.start(row), grid.start(column), x, vectors);
                  })
              .toList();
      products.forEach(product -> product.addTo(y));
    }
  }

  /**
   * ‖K‖_F.
   *
   * @param progress receives the number of tiles that are read, from any thread
   * @throws DataFormat if a tile is damaged, or an entry is not finite
   */
  public double norm(IntConsumer progress) {
    AtomicInteger read = new AtomicInteger();
    double[] norms = new double[grid.count()];
    IntStream.range(0, grid.count())
        .parallel()
        .forEach(
            index -> {
              int row = grid.row(index);
              int column = grid.column(index);
              double norm = store.tile(row, column).norm();
              if (!Double.isFinite(norm)) {
                throw new DataFormat(
                    store.file(row, column), "holds numbers that are not finite", null);
              }
              norms[index] = row == column ? norm : Math.sqrt(2) * norm;
              progress.accept(read.incrementAndGet());
            });
    return Arrays.stream(norms).reduce(0, Math::hypot);
  }

  /**
   * The matrix in memory.
   *
   * @throws OutOfMemory if it has more than 2³¹ entries
   * @throws DataFormat if a tile is damaged
   */
  public DenseMatrix toDense() {
    int order = order();
    if (order > DenseMatrix.GREATEST_ORDER) {
      throw new OutOfMemory(
          "the matrix of " + store.path() + " in memory",
          Double.BYTES * (long) order * order,
          Double.BYTES * (long) Integer.MAX_VALUE);
    }
    DenseMatrix matrix = DenseMatrix.zeros(order, order);
    IntStream.range(0, grid.count())
        .parallel()
        .forEach(
            index -> {
              int row = grid.row(index);
              int column = grid.column(index);
              DenseMatrix tile = store.tile(row, column);
              copy(tile, matrix, grid.start(row), grid.start(column));
              if (row != column) {
                copy(tile.transpose(), matrix, grid.start(column), grid.start(row));
              }
            });
    return matrix;
  }

  private static void copy(DenseMatrix tile, DenseMatrix matrix, int row, int column) {
    for (int j = 0; j < tile.columns(); j++) {
      System.arraycopy(
          tile.values(),
          j * tile.rows(),
          matrix.values(),
          row + (column + j) * matrix.rows(),
          tile.rows());
    }
  }

  /**
   * Writes the matrix to an {@code .npy} file, tile by tile; the file appears whole. A symmetric
   * matrix is the same in C and in Fortran order.
   *
   * @param type of the entries in the file
   * @param progress receives the number of tiles that are written
   * @throws InvalidConfiguration if an entry is beyond the range of that type
   * @throws DataFormat if a tile is damaged
   * @throws RunDirectoryConflict if the file cannot be written, or the disk has no room for it
   */
  public void export(Path target, ElementType type, IntConsumer progress) {
    try (SymmetricNpy file = new SymmetricNpy(target, order(), type)) {
      for (int index = 0; index < grid.count(); index++) {
        int row = grid.row(index);
        int column = grid.column(index);
        DenseMatrix tile = store.tile(row, column);
        if (!type.holds(tile.values())) {
          throw new InvalidConfiguration(
              "--precision", "an entry is beyond the range of fp32; choose fp64");
        }
        file.place(grid.start(row), grid.start(column), tile);
        progress.accept(index + 1);
      }
      file.commit();
    }
  }
}
