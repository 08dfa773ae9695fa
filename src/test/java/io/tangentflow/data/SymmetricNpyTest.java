package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  private long entries() throws IOException {
    try (Stream<Path> list = Files.list(directory)) {
      return list.count();
    }
  }
}
