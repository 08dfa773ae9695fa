package io.tangentflow.kernel.gram;

import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.InputFile;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;

/**
 * The file of one tile: a header of {@value #HEADER_BYTES} bytes, the entries column by column, and
 * a CRC-32C of all of that. Everything is little-endian.
 *
 * <pre>
 *   byte  0  magic number 89 'T' 'F' 'T' 'I' 'L' 'E' 0A
 *         8  version of the format, int
 *        12  bytes of an entry, int: 4 or 8, IEEE 754
 *        16  row and column of the tile among tiles, two ints
 *        24  rows and columns of the tile, two ints
 *        32  fingerprint of the store's description, long
 *        40  bound on the error of the gradients of the row's samples, double
 *        48  bytes of all entries, long
 *        56  entries
 *      last  CRC-32C of all before, int
 * </pre>
 */
final class TileFile {

  static final int HEADER_BYTES = 56;
  static final int CHECKSUM_BYTES = Integer.BYTES;

  private static final byte[] MAGIC = {(byte) 0x89, 'T', 'F', 'T', 'I', 'L', 'E', '\n'};
  private static final int BUFFER_BYTES = 1 << 16;

  /**
   * What a tile has to be.
   *
   * @param row among tiles
   * @param column among tiles
   * @param rows of it
   * @param columns of it
   */
  record Shape(ElementType type, int row, int column, int rows, int columns, long fingerprint) {

    long entryBytes() {
      return (long) rows * columns * type.bytes();
    }

    long fileBytes() {
      return HEADER_BYTES + entryBytes() + CHECKSUM_BYTES;
    }
  }

  private TileFile() {}

  /** Writes a tile, atomically ({@link AtomicFile}). */
  static void write(Path file, Shape shape, DenseMatrix tile, double gradientError) {
    AtomicFile.write(
        file,
        out -> {
          CRC32C checksum = new CRC32C();
          OutputStream checked = new CheckedOutputStream(out, checksum);
          byte[] bytes = new byte[BUFFER_BYTES];
          ByteBuffer buffer = view(bytes);
          putHeader(shape, gradientError, buffer);
          checked.write(bytes, 0, buffer.position());
          int perBuffer = BUFFER_BYTES / shape.type().bytes();
          double[] values = tile.values();
          for (int from = 0; from < values.length; from += perBuffer) {
            shape
                .type()
                .put(values, from, Math.min(values.length, from + perBuffer), buffer.clear());
            checked.write(bytes, 0, buffer.position());
          }
          buffer.clear().putInt((int) checksum.getValue());
          out.write(bytes, 0, CHECKSUM_BYTES);
        });
  }

  private static ByteBuffer view(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void putHeader(Shape shape, double gradientError, ByteBuffer buffer) {
    buffer
        .put(MAGIC)
        .putInt(StoreDescription.VERSION)
        .putInt(shape.type().bytes())
        .putInt(shape.row())
        .putInt(shape.column())
        .putInt(shape.rows())
        .putInt(shape.columns())
        .putLong(shape.fingerprint())
        .putDouble(gradientError)
        .putLong(shape.entryBytes());
  }

  /**
   * Reads a tile.
   *
   * @throws DamagedTile if the file is not that tile, whole, under its checksum
   */
  static DenseMatrix read(Path file, Shape shape) throws DamagedTile {
    // First, as store.json says how much is to be allocated, and may be damaged itself.
    verifyHeader(file, shape);
    DenseMatrix tile = DenseMatrix.zeros(shape.rows(), shape.columns());
    scan(file, shape, (first, bytes) -> decode(bytes, shape.type(), tile.values(), first));
    return tile;
  }

  /**
   * As {@link #read}, of a file whose entries are of no interest.
   *
   * @return the bound on the error of the gradients of the row's samples
   */
  static double verify(Path file, Shape shape) throws DamagedTile {
    return scan(file, shape, (first, bytes) -> {});
  }

  /**
   * Looks at the length and the header alone.
   *
   * @throws DamagedTile if they are not those of that tile
   */
  static void verifyHeader(Path file, Shape shape) throws DamagedTile {
    try (InputStream in = InputFile.open(file)) {
      header(in, file, shape);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Receives entries as they are read. */
  private interface Entries {
    void accept(int first, ByteBuffer bytes);
  }

  private static double scan(Path file, Shape shape, Entries entries) throws DamagedTile {
    CRC32C checksum = new CRC32C();
    try (InputStream raw = InputFile.open(file);
        InputStream in = new CheckedInputStream(raw, checksum)) {
      double gradientError = header(in, file, shape);
      byte[] bytes = new byte[BUFFER_BYTES];
      long total = shape.entryBytes();
      int count;
      for (long at = 0; at < total; at += count) {
        count = (int) Math.min(BUFFER_BYTES, total - at);
        fill(in, bytes, count);
        entries.accept((int) (at / shape.type().bytes()), view(bytes).limit(count));
      }
      int expected = (int) checksum.getValue();
      fill(in, bytes, CHECKSUM_BYTES);
      if (view(bytes).getInt() != expected) {
        throw new DamagedTile("is damaged: its checksum is not that of its bytes");
      }
      return gradientError;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static void decode(ByteBuffer bytes, ElementType type, double[] values, int first) {
    int at = first;
    while (bytes.hasRemaining()) {
      values[at++] =
          switch (type) {
            case FP32 -> bytes.getFloat();
            case FP64 -> bytes.getDouble();
          };
    }
  }

  private static double header(InputStream in, Path file, Shape shape)
      throws IOException, DamagedTile {
    long length = Files.size(file);
    if (length < HEADER_BYTES) {
      throw new DamagedTile("is damaged: it ends after " + length + " bytes, within its header");
    }
    byte[] bytes = new byte[HEADER_BYTES];
    fill(in, bytes, HEADER_BYTES);
    ByteBuffer header = view(bytes);
    byte[] magic = new byte[MAGIC.length];
    header.get(magic);
    if (!Arrays.equals(magic, MAGIC)) {
      throw new DamagedTile("is not a tile: its first bytes are not those of one");
    }
    requireField("version of the format", StoreDescription.VERSION, header.getInt());
    requireField("bytes of an entry", shape.type().bytes(), header.getInt());
    requireField("row among tiles", shape.row(), header.getInt());
    requireField("column among tiles", shape.column(), header.getInt());
    requireField("rows", shape.rows(), header.getInt());
    requireField("columns", shape.columns(), header.getInt());
    if (header.getLong() != shape.fingerprint()) {
      throw new DamagedTile("is a tile of another store");
    }
    double gradientError = header.getDouble();
    requireField("bytes of all entries", shape.entryBytes(), header.getLong());
    if (length != shape.fileBytes()) {
      throw new DamagedTile(
          "is damaged: it has " + length + " bytes, and not " + shape.fileBytes());
    }
    return gradientError;
  }

  private static void requireField(String name, long expected, long found) throws DamagedTile {
    if (found != expected) {
      throw new DamagedTile(
          String.format("its %s: %d, where the store has %d", name, found, expected));
    }
  }

  private static void fill(InputStream in, byte[] bytes, int count)
      throws IOException, DamagedTile {
    if (in.readNBytes(bytes, 0, count) < count) {
      throw new DamagedTile("is damaged: it ended while it was read");
    }
  }

  private static DamagedTile unreadable(IOException e) {
    return new DamagedTile("cannot be read (" + AtomicFile.reason(e) + ")");
  }
}
