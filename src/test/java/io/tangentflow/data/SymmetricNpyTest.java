package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.abort;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SymmetricNpyTest {

  @TempDir private Path directory;

  @Test
  void tilesBelowTheDiagonalGiveTheBytesOfTheWholeMatrix() throws IOException {
    int n = 7;
    DenseMatrix whole = DenseMatrix.zeros(n, n);
    for (int j = 0; j < n; j++) {
      for (int i = 0; i < n; i++) {
        whole.set(i, j, Math.min(i, j) + 10.0 * Math.max(i, j) + 1 / 3.0);
      }
    }
    Path expected = directory.resolve("whole.npy");
    Path actual = directory.resolve("tiles.npy");
    Npy.write(expected, whole, ElementType.FP64);
    int size = 3;
    try (SymmetricNpy file = new SymmetricNpy(actual, n)) {
      for (int column = 0; column < n; column += size) {
        for (int row = column; row < n; row += size) {
          DenseMatrix tile = DenseMatrix.zeros(Math.min(size, n - row), Math.min(size, n - column));
          for (int j = 0; j < tile.columns(); j++) {
            for (int i = 0; i < tile.rows(); i++) {
              tile.set(i, j, whole.get(row + i, column + j));
            }
          }
          file.place(row, column, tile);
        }
      }
      assertFalse(Files.exists(actual));
      file.commit();
    }
    assertArrayEquals(Files.readAllBytes(expected), Files.readAllBytes(actual));
    assertEquals(2, entries());
  }

  @Test
  void whatIsNotCommittedLeavesTheOldFileAndNothingBesideIt() throws IOException {
    Path file = directory.resolve("K.npy");
    Files.writeString(file, "old");
    try (SymmetricNpy unfinished = new SymmetricNpy(file, 2)) {
      unfinished.place(0, 0, DenseMatrix.zeros(2, 2));
    }
    assertEquals("old", Files.readString(file));
    assertEquals(1, entries());
  }

  @Test
  void aMatrixForWhichTheDiskHasNoRoomIsRefused() throws IOException {
    Path file = directory.resolve("K.npy");
    assertThrows(
        RunDirectoryConflict.class, () -> new SymmetricNpy(file, Integer.MAX_VALUE).close());
    assertEquals(0, entries());
  }

  /** Of a million rows, in a file that is almost all holes: places beyond 2³¹ entries and bytes. */
  @ParameterizedTest
  @EnumSource(ElementType.class)
  void tilesOfAMillionRowsStandWhereTheyBelong(ElementType type) throws IOException {
    int order = 1_000_000;
    Path target = directory.resolve("K.npy");
    int row = 999_998;
    int column = 765_432;
    try (SymmetricNpy file = withHoles(target, order, type)) {
      file.place(row, column, new DenseMatrix(2, 3, new double[] {1, 2, 3, 4, 5, 6}));
      file.place(row, row, new DenseMatrix(2, 2, new double[] {7, 8, 8, 9}));
      Path unfinished;
      try (Stream<Path> list = Files.list(directory)) {
        unfinished = list.findFirst().orElseThrow();
      }
      try (RandomAccessFile in = new RandomAccessFile(unfinished.toFile(), "r")) {
        assertEquals(128 + 1_000_000L * 1_000_000L * type.bytes(), in.length());
        for (int j = 0; j < 3; j++) {
          for (int i = 0; i < 2; i++) {
            double expected = 1 + i + 2 * j;
            assertEquals(expected, entry(in, type, row + i, column + j));
            assertEquals(expected, entry(in, type, column + j, row + i));
          }
        }
        assertEquals(7, entry(in, type, row, row));
        assertEquals(9, entry(in, type, order - 1, order - 1));
        assertEquals(0, entry(in, type, row - 1, column));
      }
    }
  }

  /** Skips the test on a file system without holes, or of short files. */
  private static SymmetricNpy withHoles(Path target, int order, ElementType type) {
    try {
      return new SymmetricNpy(target, order, type, Long.MAX_VALUE);
    } catch (RunDirectoryConflict e) {
      return abort(e.getMessage());
    }
  }

  private static double entry(RandomAccessFile in, ElementType type, long i, long j)
      throws IOException {
    in.seek(128 + type.bytes() * (i + j * 1_000_000));
    byte[] bytes = new byte[type.bytes()];
    in.readFully(bytes);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return type == ElementType.FP32 ? buffer.getFloat() : buffer.getDouble();
  }

  private long entries() throws IOException {
    try (Stream<Path> list = Files.list(directory)) {
      return list.count();
    }
  }
}
