package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * NumPy's {@code .npy} files (NEP 1): real matrices and vectors in FP32 or FP64. Written here
 * because no maintained Java library reads and writes them.
 *
 * <p>Read: format versions 1.0 to 3.0, dtypes {@code <f4 <f8 >f4 >f8}, C and Fortran order, one or
 * two dimensions, plain or gzip; a vector becomes one column. Written: version 1.0, little-endian,
 * two dimensions, of a {@link DenseMatrix} in its own Fortran order; {@code numpy.load} gives rows
 * × columns.
 */
public final class Npy {

  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int VERSION_BYTES = 2;
  private static final int ALIGNMENT = 64;
  private static final int GREATEST_HEADER = 1 << 20;
  private static final int BUFFER_BYTES = 1 << 16;

  private static final Pattern DTYPE = Pattern.compile("'descr'\\s*:\\s*('[^']*'|\\[.*\\])");
  private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([0-9, ]*)\\)");
  private static final Pattern EXTENT = Pattern.compile("[0-9]+");

  private Npy() {}

  /**
   * Reads a matrix, with its NaNs and infinities if it has any.
   *
   * @return the array of shape (rows, columns), or (rows,) as one column
   * @throws DataFormat with a byte offset, if the file is not one described above, is truncated, or
   *     goes on after its last entry
   */
  public static DenseMatrix read(Path path) {
    return readWithProvenance(path).matrix();
  }

  /**
   * As {@link #read}, of finite numbers only.
   *
   * @throws DataFormat also at the first entry in the file's order that is not finite
   */
  public static DenseMatrix readFinite(Path path) {
    try (SourceFile in = SourceFile.open(path)) {
      Header header = Header.read(in);
      DenseMatrix matrix = header.readEntries(in);
      header.requireFinite(in, matrix);
      return matrix;
    }
  }

  /**
   * Writes a matrix, atomically ({@link AtomicFile}).
   *
   * @param matrix not modified
   */
  public static void write(Path path, DenseMatrix matrix, ElementType type) {
    AtomicFile.write(path, out -> write(out, matrix, type));
  }

  /**
   * Writes a matrix to a stream.
   *
   * @param out stays open
   * @param matrix not modified
   */
  public static void write(OutputStream out, DenseMatrix matrix, ElementType type)
      throws IOException {
    out.write(header(matrix.rows(), matrix.columns(), Order.COLUMNS, type));
    writeEntries(out, matrix.values(), matrix.values().length, type);
  }

  /** Which entries are neighbours in a file. */
  public enum Order {
    /** Column by column, Fortran's order. */
    COLUMNS,
    /** Row by row, C's order. */
    ROWS
  }

  /** The entries of a matrix that is never whole in memory, in the order of its file. */
  @FunctionalInterface
  public interface Entries {
    /** Puts entries {@code first} … {@code first + count − 1} at the beginning of the array. */
    void fill(long first, double[] values, int count);
  }

  /**
   * As {@link #write(Path, DenseMatrix, ElementType)}, of entries that are asked for in turn and of
   * any number.
   */
  public static void write(
      Path path, int rows, int columns, Order order, ElementType type, Entries entries) {
    long total = (long) rows * columns;
    double[] block = new double[(int) Math.min(total, BUFFER_BYTES)];
    AtomicFile.write(
        path,
        out -> {
          out.write(header(rows, columns, order, type));
          int count;
          for (long first = 0; first < total; first += count) {
            count = (int) Math.min(block.length, total - first);
            entries.fill(first, block, count);
            writeEntries(out, block, count, type);
          }
        });
  }

  /** A matrix and the file that it came from. */
  public record Loaded(DenseMatrix matrix, Provenance provenance) {}

  /** As {@link #read}, with the hash of the bytes that were read. */
  public static Loaded readWithProvenance(Path path) {
    try (SourceFile in = SourceFile.open(path)) {
      DenseMatrix matrix = Header.read(in).readEntries(in);
      return new Loaded(matrix, in.provenance());
    }
  }

  static byte[] header(int rows, int columns, Order order, ElementType type) {
    String dictionary =
        String.format(
            Locale.ROOT,
            "{'descr': '%s', 'fortran_order': %s, 'shape': (%d, %d), }",
            type.descriptor(),
            order == Order.COLUMNS ? "True" : "False",
            rows,
            columns);
    int fixed = MAGIC.length + VERSION_BYTES + Short.BYTES;
    int unpadded = fixed + dictionary.length() + 1;
    int total = (unpadded + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    byte[] header = new byte[total];
    Arrays.fill(header, (byte) ' ');
    header[total - 1] = '\n';
    ByteBuffer.wrap(header)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .put((byte) 1)
        .put((byte) 0)
        .putShort((short) (total - fixed))
        .put(dictionary.getBytes(StandardCharsets.US_ASCII));
    return header;
  }

  private static void writeEntries(OutputStream out, double[] values, int count, ElementType type)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    int block = BUFFER_BYTES / type.bytes();
    int to;
    for (int from = 0; from < count; from = to) {
      to = from + Math.min(block, count - from);
      buffer.clear();
      for (int k = from; k < to; k++) {
        switch (type) {
          case FP32 -> buffer.putFloat((float) values[k]);
          case FP64 -> buffer.putDouble(values[k]);
        }
      }
      out.write(buffer.array(), 0, buffer.position());
    }
  }

  /**
   * What stands before the entries. Entry k of the file is (⌊k/columns⌋, k mod columns) in C order,
   * and k of the column-major matrix in Fortran order.
   */
  private record Header(
      int rows, int columns, boolean fortran, ElementType type, ByteOrder byteOrder, long end) {

    static Header read(SourceFile in) {
      byte[] start = new byte[MAGIC.length + VERSION_BYTES];
      in.fill(start, MAGIC.length, "the magic number of a .npy file");
      if (!Arrays.equals(start, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
        throw in.fault(0, "not a .npy file: it does not begin with \\x93NUMPY");
      }
      in.fill(start, VERSION_BYTES, "the format version");
      int major = start[0];
      if (major < 1 || major > 3) {
        throw in.fault(MAGIC.length, "format version " + major + " is not one of 1, 2, 3");
      }
      int lengthBytes = major == 1 ? Short.BYTES : Integer.BYTES;
      byte[] lengthField = new byte[Integer.BYTES];
      in.fill(lengthField, lengthBytes, "the header's length");
      int length = ByteBuffer.wrap(lengthField).order(ByteOrder.LITTLE_ENDIAN).getInt();
      long at = in.position();
      if (length < 0 || length > GREATEST_HEADER) {
        throw in.fault(at - lengthBytes, "a header cannot be " + length + " bytes long");
      }
      String text = new String(in.next(length, "the header"), StandardCharsets.UTF_8);
      return parse(in, at, text.replace('"', '\''));
    }

    private static Header parse(SourceFile in, long at, String text) {
      String dtype = field(in, at, text, DTYPE, "descr");
      boolean fortran = field(in, at, text, ORDER, "fortran_order").equals("True");
      List<String> shape =
          EXTENT
              .matcher(field(in, at, text, SHAPE, "shape"))
              .results()
              .map(MatchResult::group)
              .toList();
      if (shape.isEmpty() || shape.size() > 2) {
        throw in.fault(
            at,
            "the array has "
                + shape.size()
                + " dimensions, and only one or two are read; save a .reshape(rows, -1)");
      }
      long rows = extent(in, at, shape.get(0));
      long columns = shape.size() == 1 ? 1 : extent(in, at, shape.get(1));
      if (rows * columns > Integer.MAX_VALUE) {
        throw in.fault(
            at, "a matrix of " + rows + " x " + columns + " exceeds 2^31 - 1 entries; split it");
      }
      ByteOrder byteOrder =
          dtype.startsWith(">", 1) ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
      ElementType type =
          switch (dtype) {
            case "'<f4'", "'>f4'" -> ElementType.FP32;
            case "'<f8'", "'>f8'" -> ElementType.FP64;
            default ->
                throw in.fault(
                    at,
                    "the dtype is "
                        + dtype
                        + ", and only float32 and float64 are read; save the array's"
                        + " .astype('float64')");
          };
      return new Header((int) rows, (int) columns, fortran, type, byteOrder, in.position());
    }

    private static String field(SourceFile in, long at, String text, Pattern field, String name) {
      Matcher matcher = field.matcher(text);
      if (!matcher.find()) {
        throw in.fault(at, "the header has no readable '" + name + "': " + text.strip());
      }
      return matcher.group(1);
    }

    private static long extent(SourceFile in, long at, String digits) {
      if (digits.length() > 10 || Long.parseLong(digits) > Integer.MAX_VALUE) {
        throw in.fault(at, "'" + digits + "' is not an extent below 2^31");
      }
      return Long.parseLong(digits);
    }

    DenseMatrix readEntries(SourceFile in) {
      int count = rows * columns;
      String what = "the " + rows + " x " + columns + " entries of " + type.bytes() + " bytes";
      in.expectRoomFor((long) count * type.bytes(), what);
      double[] values = new double[in.firstPart(count)];
      // Each entry goes to its place at once, unless the places are still to be allocated.
      boolean inPlace = fortran || values.length == count;
      byte[] bytes = new byte[BUFFER_BYTES];
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(byteOrder);
      int block = BUFFER_BYTES / type.bytes();
      int length;
      for (int from = 0; from < count; from += length) {
        length = Math.min(block, count - from);
        in.fill(bytes, length * type.bytes(), what);
        if (from + length > values.length) {
          values = Arrays.copyOf(values, (int) Math.min(count, 2L * values.length));
        }
        buffer.clear();
        for (int k = from; k < from + length; k++) {
          values[inPlace ? indexOf(k) : k] =
              switch (type) {
                case FP32 -> buffer.getFloat();
                case FP64 -> buffer.getDouble();
              };
        }
      }
      in.expectEnd(what);
      return inPlace
          ? new DenseMatrix(rows, columns, values)
          : new DenseMatrix(columns, rows, values).transpose();
    }

    void requireFinite(SourceFile in, DenseMatrix matrix) {
      for (int k = 0; k < matrix.values().length; k++) {
        int index = indexOf(k);
        double value = matrix.values()[index];
        if (!Double.isFinite(value)) {
          throw in.fault(
              end + (long) k * type.bytes(),
              String.format(
                  "entry [%d, %d] is %s, and only finite numbers are of use here",
                  index % rows, index / rows, value));
        }
      }
    }

    private int indexOf(int k) {
      return fortran ? k : k / columns + k % columns * rows;
    }
  }
}
