package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NpyTest {

  private static final Path PYTHON = Path.of("/usr/bin/python3");

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"1, 1", "3, 2", "2, 3", "0, 4", "4, 0", "257, 131"})
  void doublesAndFloatsComeBackAsTheyWereWritten(int rows, int columns) {
    Path file = directory.resolve("m.npy");
    DenseMatrix matrix = numbered(rows, columns);
    for (ElementType type : ElementType.values()) {
      Npy.write(file, matrix, type);
      assertSame(matrix, Npy.read(file));
    }
  }

  @Test
  void doublesKeepEveryBitAndFloatsTheNearestFloat() {
    Path file = directory.resolve("m.npy");
    double[] values = {Math.PI, Double.MIN_VALUE, -0.0, Double.NaN, Double.NEGATIVE_INFINITY};
    Npy.write(file, new DenseMatrix(1, 5, values), ElementType.FP64);
    assertArrayEquals(values, Npy.read(file).values());
    Npy.write(file, new DenseMatrix(1, 5, values), ElementType.FP32);
    assertArrayEquals(
        new double[] {(float) Math.PI, 0, -0.0, Double.NaN, Double.NEGATIVE_INFINITY},
        Npy.read(file).values());
  }

  @Test
  void theEntriesBeginAtAMultipleOf64Bytes() throws IOException {
    Path file = directory.resolve("m.npy");
    Npy.write(file, numbered(3, 2), ElementType.FP32);
    assertEquals(0, (Files.size(file) - 3 * 2 * 4) % 64);
  }

  @ParameterizedTest
  @CsvSource({
    "1, <f8, False",
    "1, <f8, True",
    "1, >f8, False",
    "1, >f4, True",
    "1, <f4, False",
    "2, <f8, False",
    "3, <f4, True",
  })
  void everyVersionByteOrderAndLayoutIsRead(int version, String dtype, String fortran)
      throws IOException {
    DenseMatrix matrix = numbered(3, 4);
    DenseMatrix inFileOrder = fortran.equals("True") ? matrix : matrix.transpose();
    byte[] bytes =
        npy(version, dictionary(dtype, fortran, "(3, 4)"), entries(dtype, inFileOrder.values()));
    assertSame(matrix, Npy.read(file(bytes)));
    assertSame(matrix, Npy.read(file(Gzip.pack(bytes))));
  }

  @Test
  void aVectorIsReadAsOneColumn() throws IOException {
    byte[] entries = entries("<f8", new double[] {1, 2, 3});
    for (String fortran : new String[] {"False", "True"}) {
      DenseMatrix read = Npy.read(file(npy(1, dictionary("<f8", fortran, "(3,)"), entries)));
      assertSame(new DenseMatrix(3, 1, new double[] {1, 2, 3}), read);
    }
  }

  @ParameterizedTest
  @CsvSource({"<i8", "|O", "<c16", "<f2", "|b1"})
  void anotherDtypeIsNamedWithItsRemedy(String dtype) throws IOException {
    assertFault(
        npy(1, dictionary(dtype, "False", "(3, 4)"), new byte[96]),
        "byte 10: the dtype is '"
            + dtype
            + "', and only float32 and float64 are read; save the array's .astype('float64')");
  }

  @Test
  void aStructuredDtypeIsNamed() throws IOException {
    assertFault(
        npy(
            1,
            "{'descr': [('x', '<f8'), ('y', '<i4')], 'fortran_order': False, 'shape': (3,), }",
            new byte[36]),
        "byte 10: the dtype is [('x', '<f8'), ('y', '<i4')]");
  }

  @Test
  void aFileThatEndsEarlyOrGoesOnIsRefusedAtThatByte() throws IOException {
    byte[] whole = npy(1, dictionary("<f8", "False", "(3, 4)"), new byte[96]);
    int header = whole.length - 96;
    assertFault(
        Arrays.copyOf(whole, whole.length - 1), "byte " + (whole.length - 1) + ": the file");
    assertFault(
        Gzip.pack(Arrays.copyOf(whole, whole.length - 1)),
        "byte " + (whole.length - 1) + ": the file");
    assertFault(Arrays.copyOf(whole, whole.length + 1), "byte " + whole.length + ": more bytes");
    assertFault(Arrays.copyOf(whole, header - 1), "byte " + (header - 1) + ": the file ends");
    assertFault(Arrays.copyOf(whole, 9), "byte 9: the file ends within the header's length");
    assertFault(Arrays.copyOf(whole, 3), "byte 3: the file ends within the magic number");
    assertFault(new byte[0], "byte 0: the file ends within the magic number");
  }

  @Test
  void aHeaderThatPromisesMoreThanTheFileHoldsAllocatesNothing() throws IOException {
    assertFault(
        npy(1, dictionary("<f8", "False", "(2147483647, 1)"), new byte[8]), "the file ends");
    assertFault(
        npy(1, dictionary("<f8", "False", "(2147483647, 2)"), new byte[8]), "exceeds 2^31 - 1");
    assertFault(
        npy(1, dictionary("<f8", "False", "(99999999999, 2)"), new byte[8]), "not an extent");
  }

  @Test
  void whatIsNotNpyIsRefused() throws IOException {
    assertFault("1,2,3\n4,5,6\n".getBytes(StandardCharsets.UTF_8), "byte 0: not a .npy file");
    assertFault(
        npy(4, dictionary("<f8", "False", "(1, 1)"), new byte[8]), "byte 6: format version 4");
    assertFault(npy(1, dictionary("<f8", "False", "()"), new byte[8]), "0 dimensions");
    assertFault(npy(1, dictionary("<f8", "False", "(1, 1, 1)"), new byte[8]), "3 dimensions");
    assertFault(npy(1, dictionary("<f8", "Maybe", "(1, 1)"), new byte[8]), "'fortran_order'");
    assertFault(npy(1, "{'descr': '<f8'}", new byte[8]), "no readable 'fortran_order'");
    byte[] packed = Gzip.pack(npy(1, dictionary("<f8", "False", "(1, 1)"), new byte[8]));
    assertFault(Arrays.copyOf(packed, packed.length / 2), "is it damaged?");
    Path absent = directory.resolve("absent.npy");
    assertEquals(
        absent + ": there is no such file",
        assertThrows(DataFormat.class, () -> Npy.read(absent)).getMessage());
  }

  @Test
  void theFirstEntryThatIsNotFiniteIsNamedWhereFiniteOnesAreNeeded() throws IOException {
    double[] values = {1, 2, 3, Double.NaN, 5, Double.POSITIVE_INFINITY};
    byte[] c = npy(1, dictionary("<f4", "False", "(3, 2)"), entries("<f4", values));
    assertEquals(Double.NaN, Npy.read(file(c)).get(1, 1));
    assertMessage(
        "byte " + (c.length - 12) + ": entry [1, 1] is NaN", () -> Npy.readFinite(file(c)));
    byte[] fortran = npy(1, dictionary("<f4", "True", "(3, 2)"), entries("<f4", values));
    assertMessage("entry [0, 1] is NaN", () -> Npy.readFinite(file(fortran)));
  }

  @Test
  void numpyLoadsWhatIsWritten() throws IOException, InterruptedException {
    assumeNumpy();
    Path file = directory.resolve("m.npy");
    for (ElementType type : ElementType.values()) {
      Npy.write(file, numbered(3, 4), type);
      python(
          "import numpy as np; a = np.load('" + file + "')",
          "assert a.shape == (3, 4) and a.dtype == '" + type.descriptor() + "', (a.shape, a.dtype)",
          "assert a.flags.f_contiguous",
          "assert (a == np.arange(4) * 100 + np.arange(3)[:, None] - 50.5).all(), a");
    }
  }

  @Test
  void whatNumpySavesIsRead() throws IOException, InterruptedException {
    assumeNumpy();
    Path file = directory.resolve("m.npy");
    for (String dtype : new String[] {"<f8", "<f4", ">f8", ">f4"}) {
      for (String order : new String[] {"C", "F"}) {
        for (int version = 1; version <= 3; version++) {
          python(
              "import numpy as np",
              "a = np.arange(4) * 100 + np.arange(3)[:, None] - 50.5",
              "a = np.array(a, dtype='" + dtype + "', order='" + order + "')",
              "f = open('" + file + "', 'wb')",
              "np.lib.format.write_array(f, a, version=(" + version + ", 0)); f.close()");
          assertSame(numbered(3, 4), Npy.read(file));
        }
      }
    }
    python("import numpy as np; np.save('" + file + "', np.arange(3.0))");
    assertSame(new DenseMatrix(3, 1, new double[] {0, 1, 2}), Npy.read(file));
    python("import numpy as np; np.save('" + file + "', np.arange(3))");
    assertMessage("the dtype is '<i8'", () -> Npy.read(file));
  }

  private static DenseMatrix numbered(int rows, int columns) {
    return DenseMatrix.ofRows(
        rows,
        columns,
        i -> {
          double[] row = new double[columns];
          Arrays.setAll(row, j -> 100.0 * j + i - 50.5);
          return row;
        });
  }

  private static void assertSame(DenseMatrix expected, DenseMatrix actual) {
    assertEquals(expected.rows(), actual.rows());
    assertEquals(expected.columns(), actual.columns());
    assertArrayEquals(expected.values(), actual.values());
  }

  private static String dictionary(String dtype, String fortran, String shape) {
    return String.format(
        "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", dtype, fortran, shape);
  }

  private static byte[] npy(int version, String dictionary, byte[] entries) {
    byte[] text = (dictionary + "\n").getBytes(StandardCharsets.US_ASCII);
    ByteBuffer file =
        ByteBuffer.allocate(12 + text.length + entries.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
    if (version == 1) {
      file.putShort((short) text.length);
    } else {
      file.putInt(text.length);
    }
    file.put(text).put(entries);
    return Arrays.copyOf(file.array(), file.position());
  }

  private static byte[] entries(String dtype, double[] values) {
    int size = dtype.charAt(2) - '0';
    ByteBuffer entries =
        ByteBuffer.allocate(values.length * size)
            .order(dtype.charAt(0) == '<' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    for (double value : values) {
      if (size == 4) {
        entries.putFloat((float) value);
      } else {
        entries.putDouble(value);
      }
    }
    return entries.array();
  }

  private Path file(byte[] content) throws IOException {
    return Files.write(directory.resolve("f.npy"), content);
  }

  private void assertFault(byte[] content, String message) throws IOException {
    Path file = file(content);
    assertMessage(message, () -> Npy.read(file));
  }

  private static void assertMessage(String message, Executable action) {
    String actual = assertThrows(DataFormat.class, action).getMessage();
    assertEquals(true, actual.contains(message), actual);
  }

  private static void assumeNumpy() throws IOException, InterruptedException {
    assumeTrue(
        Files.isExecutable(PYTHON) && run("import numpy").isEmpty(),
        PYTHON + " with numpy is not installed here; files are not held against NumPy's");
  }

  private static void python(String... lines) throws IOException, InterruptedException {
    assertEquals("", run(String.join("\n", lines)), "what python complains of");
  }

  /** What a script prints, which is nothing if all is well. */
  private static String run(String script) throws IOException, InterruptedException {
    Process python =
        new ProcessBuilder(PYTHON.toString(), "-c", script).redirectErrorStream(true).start();
    String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return python.waitFor() == 0 ? output : output + "exit code " + python.exitValue();
  }
}
