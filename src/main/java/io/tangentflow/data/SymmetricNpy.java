package io.tangentflow.data;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * A symmetric matrix of any order on its way into an {@code .npy} file ({@link Npy}), in FP64, tile
 * by tile, never whole in memory. The file appears at its place by {@link #commit}, whole; before
 * that it is a neighbour as of {@link AtomicFile}, which {@link #close} removes.
 */
public final class SymmetricNpy implements AutoCloseable {

  private static final long BYTES = Double.BYTES;

  private final Path target;
  private final Path temporary;
  private final int order;
  private final long start;
  private final RandomAccessFile file;

  /**
   * Begins a file of an N×N matrix.
   *
   * @throws RunDirectoryConflict if it cannot be written, or the disk has no room for it
   */
  public SymmetricNpy(Path target, int order) {
    this.target = target;
    this.order = order;
    temporary = AtomicFile.temporary(target);
    byte[] header = Npy.header(order, order, Npy.Order.COLUMNS, ElementType.FP64);
    start = header.length;
    long length = start + BYTES * order * order;
    RandomAccessFile opened = null;
    try {
      long free = temporary.toAbsolutePath().getParent().toFile().getUsableSpace();
      if (length > free) {
        throw new IOException(length + " bytes are needed, and the disk has " + free);
      }
      // Not a channel: a thread's interruption would close that in the middle of the write.
      opened = new RandomAccessFile(temporary.toFile(), "rw");
      opened.write(header);
      opened.setLength(length);
      file = opened;
    } catch (IOException e) {
      closeQuietly(opened);
      AtomicFile.deleteLeftover(temporary);
      throw conflict(e);
    }
  }

  /** Writes a tile that begins at that row and column, and its mirror image. */
  public void place(int row, int column, DenseMatrix tile) {
    try {
      write(row, column, tile);
      if (row != column) {
        write(column, row, tile.transpose());
      }
    } catch (IOException e) {
      throw conflict(e);
    }
  }

  private void write(int row, int column, DenseMatrix tile) throws IOException {
    byte[] bytes = new byte[(int) (tile.rows() * BYTES)];
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int j = 0; j < tile.columns(); j++) {
      buffer.asDoubleBuffer().put(tile.values(), j * tile.rows(), tile.rows());
      file.seek(start + BYTES * ((column + (long) j) * order + row));
      file.write(bytes);
    }
  }

  /** Puts the file at its place, when all tiles on and below the diagonal have been written. */
  public void commit() {
    try {
      file.getFD().sync();
      file.close();
      AtomicFile.replace(temporary, target);
    } catch (IOException e) {
      throw conflict(e);
    }
  }

  @Override
  public void close() {
    closeQuietly(file);
    AtomicFile.deleteLeftover(temporary);
  }

  private static void closeQuietly(RandomAccessFile file) {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      // Nothing of it is kept.
    }
  }

  private RunDirectoryConflict conflict(IOException e) {
    return new RunDirectoryConflict(target, "cannot be written (" + AtomicFile.reason(e) + ")", e);
  }
}
