package io.tangentflow.data;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A symmetric matrix of any order on its way into an {@code .npy} file ({@link Npy}), tile by tile,
 * never whole in memory. The file appears at its place by {@link #commit}, whole; before that it is
 * a neighbour as of {@link AtomicFile}, which {@link #close} removes.
 */
public final class SymmetricNpy implements AutoCloseable {

  private static final int HANDLES = 4;

  private final Path target;
  private final Path temporary;
  private final int order;
  private final ElementType type;
  private final long start;
  private final List<RandomAccessFile> handles = new ArrayList<>();

  /**
   * Begins a file of an N×N matrix in FP64.
   *
   * @throws RunDirectoryConflict if it cannot be written, or the disk has no room for it
   */
  public SymmetricNpy(Path target, int order) {
    this(target, order, ElementType.FP64);
  }

  /**
   * Begins a file of an N×N matrix.
   *
   * @throws RunDirectoryConflict if it cannot be written, or the disk has no room for it
   */
  public SymmetricNpy(Path target, int order, ElementType type) {
    this(target, order, type, target.toAbsolutePath().getParent().toFile().getUsableSpace());
  }

  /**
   * @param free bytes that the file may have
   */
  SymmetricNpy(Path target, int order, ElementType type, long free) {
    this.target = target;
    this.order = order;
    this.type = type;
    temporary = AtomicFile.temporary(target);
    byte[] header = Npy.header(order, order, Npy.Order.COLUMNS, type);
    start = header.length;
    long length = position(0, order);
    try {
      if (length > free) {
        throw new IOException(length + " bytes are needed, and the disk has " + free);
      }
      for (int part = 0; part < HANDLES; part++) {
        // Not a channel: a thread's interruption would close that in the middle of the write.
        handles.add(new RandomAccessFile(temporary.toFile(), "rw"));
      }
      handles.get(0).write(header);
      handles.get(0).setLength(length);
    } catch (IOException e) {
      close();
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

  /** A part of the columns by each thread, through a file handle of its own. */
  private void write(int row, int column, DenseMatrix tile) throws IOException {
    try {
      IntStream.range(0, handles.size())
          .parallel()
          .forEach(part -> writePart(part, row, column, tile));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void writePart(int part, int row, int column, DenseMatrix tile) {
    byte[] bytes = new byte[Math.multiplyExact(tile.rows(), type.bytes())];
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    RandomAccessFile file = handles.get(part);
    int to = (part + 1) * tile.columns() / handles.size();
    try {
      for (int j = part * tile.columns() / handles.size(); j < to; j++) {
        type.put(tile.values(), j * tile.rows(), (j + 1) * tile.rows(), buffer.clear());
        file.seek(position(row, column + (long) j));
        file.write(bytes);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The byte of the file at which an entry begins; that of (0, N) is the file's length. */
  private long position(int row, long column) {
    return start + type.bytes() * (column * order + row);
  }

  /** Puts the file at its place, when all tiles on and below the diagonal have been written. */
  public void commit() {
    try {
      handles.get(0).getFD().sync();
      AtomicFile.replace(temporary, target);
    } catch (IOException e) {
      throw conflict(e);
    }
  }

  @Override
  public void close() {
    for (RandomAccessFile handle : handles) {
      try {
        handle.close();
      } catch (IOException e) {
        // What was synced is in place; of anything else nothing is kept.
      }
    }
    AtomicFile.deleteLeftover(temporary);
  }

  private RunDirectoryConflict conflict(IOException e) {
    return new RunDirectoryConflict(target, "cannot be written (" + AtomicFile.reason(e) + ")", e);
  }
}
