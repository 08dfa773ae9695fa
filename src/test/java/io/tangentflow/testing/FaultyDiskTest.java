package io.tangentflow.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.testing.FaultyDisk.Fault;
import io.tangentflow.testing.FaultyDisk.Loss;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.SyncFailedException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the disk that fails counts, refuses and loses. */
@Tag("faults")
@ExtendWith(FaultyDisk.Required.class)
class FaultyDiskTest {

  @TempDir private Path disk;
  @TempDir private Path elsewhere;

  /** All ways by which a JVM changes files, one after another; each line is one call. */
  private static void changeFiles(Path directory) throws IOException {
    try (FileOutputStream file = new FileOutputStream(directory.resolve("a").toFile())) {
      file.write(new byte[] {1, 2});
      file.getFD().sync();
    }
    try (RandomAccessFile file = new RandomAccessFile(directory.resolve("a").toFile(), "rw")) {
      file.seek(2);
      file.write(new byte[] {3, 4});
      file.setLength(3);
    }
    Files.createDirectory(directory.resolve("d"));
    try (FileChannel file =
        FileChannel.open(
            directory.resolve("d/b"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {5}));
      file.write(ByteBuffer.wrap(new byte[] {6}), 1);
      file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {7}), ByteBuffer.wrap(new byte[1])});
      file.force(false);
    }
    Files.move(directory.resolve("d/b"), directory.resolve("c"), StandardCopyOption.ATOMIC_MOVE);
    Files.createLink(directory.resolve("l"), directory.resolve("c"));
    try (FileChannel names = FileChannel.open(directory)) {
      names.force(true);
    }
    Files.write(directory.resolve("l"), new byte[] {9});
    Files.delete(directory.resolve("d"));
    Files.delete(directory.resolve("l"));
    assertTrue(directory.resolve("c").toFile().delete());
  }

  private static final List<String> CALLS =
      List.of(
          "create a",
          "write a",
          "sync a",
          "write a",
          "truncate a",
          "mkdir d",
          "create d/b",
          "write d/b",
          "write d/b",
          "write d/b",
          "sync d/b",
          "rename c",
          "link l",
          "sync ",
          "truncate l",
          "write l",
          "delete d",
          "delete l",
          "delete c");

  @Test
  void everyCallThatChangesAFileIsCountedAndNoOther() throws IOException {
    FaultyDisk.begin(disk, Fault.NONE, 0);
    changeFiles(elsewhere);
    assertEquals(0, FaultyDisk.changes());
    changeFiles(disk);
    assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(disk.resolve("a")));
    assertEquals(CALLS, FaultyDisk.log());
    assertEquals(CALLS.size(), FaultyDisk.changes());
    assertFalse(FaultyDisk.struck());
  }

  @ParameterizedTest
  @EnumSource(names = {"NO_SPACE", "IO_ERROR", "DEAD"})
  void theCallThatIsToFailFailsAndTheOnesBeforeDoNot(Fault fault) throws IOException {
    for (int call = 1; call < CALLS.size(); call++) {
      Path directory = Files.createDirectory(disk.resolve(fault + "-" + call));
      FaultyDisk.begin(directory, fault, call);
      IOException failure = assertThrows(IOException.class, () -> changeFiles(directory));
      String reason = fault == Fault.NO_SPACE ? "No space left" : "Input/output error";
      // Of a sync of a file Java does not say why it failed.
      assertTrue(
          failure instanceof SyncFailedException || failure.getMessage().contains(reason),
          call + ": " + failure);
      assertEquals(CALLS.subList(0, call), FaultyDisk.log());
      assertTrue(FaultyDisk.struck());
      if (fault == Fault.DEAD) {
        Path file = directory.resolve("later");
        assertThrows(IOException.class, () -> Files.createFile(file));
      }
      FaultyDisk.end();
      Files.createFile(directory.resolve("healed"));
    }
  }

  @Test
  void fullDiskTakesHalfOfAWriteAndThenOnlyWhatNeedsNoRoom() throws IOException {
    FaultyDisk.begin(disk, Fault.FULL, 2);
    Path file = disk.resolve("a");
    IOException failure = assertThrows(IOException.class, () -> Files.write(file, new byte[8]));
    assertTrue(failure.getMessage().contains("No space left"), failure.toString());
    assertEquals(List.of("create a", "write a", "write a"), FaultyDisk.log());
    assertEquals(4, Files.size(file));
    assertThrows(IOException.class, () -> Files.createDirectory(disk.resolve("d")));
    Files.move(file, disk.resolve("b"), StandardCopyOption.ATOMIC_MOVE);
    Files.delete(disk.resolve("b"));
  }

  private void readAll() throws IOException {
    assertArrayEquals(new byte[] {1}, Files.readAllBytes(disk.resolve("a")));
    try (RandomAccessFile file = new RandomAccessFile(disk.resolve("a").toFile(), "r")) {
      assertEquals(1, file.read());
    }
    try (DirectoryStream<Path> names = Files.newDirectoryStream(disk)) {
      names.forEach(name -> assertEquals(disk.resolve("a"), name));
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  @Test
  void theReadThatIsToFailFails() throws IOException {
    Files.write(disk.resolve("a"), new byte[] {1});
    FaultyDisk.begin(disk, Fault.NONE, 0);
    readAll();
    long reads = FaultyDisk.reads();
    for (long call = 1; call <= reads; call++) {
      FaultyDisk.begin(disk, Fault.UNREADABLE, call);
      IOException failure = assertThrows(IOException.class, this::readAll);
      assertTrue(failure.getMessage().contains("Input/output error"), failure.toString());
      readAll();
    }
    // Bytes and their end; a byte; ".", "..", the file and the end of a directory.
    assertEquals(2 + 1 + 4, reads);
  }

  private static void append(Path file, boolean sync, int... bytes) throws IOException {
    try (FileOutputStream out = new FileOutputStream(file.toFile(), true)) {
      for (int value : bytes) {
        out.write(value);
      }
      if (sync) {
        out.getFD().sync();
      }
    }
  }

  private static void syncNames(Path directory) throws IOException {
    try (FileChannel names = FileChannel.open(directory)) {
      names.force(true);
    }
  }

  /** A tail that was not synced, a file that never was, and names that were not. */
  private void leaveUnsynced() throws IOException {
    append(disk.resolve("old"), true, 1, 2);
    FaultyDisk.begin(disk, Fault.NONE, 0);
    append(disk.resolve("old"), false, 3);
    append(disk.resolve("never"), false, 4);
    append(disk.resolve("synced"), true, 5, 6);
    append(disk.resolve("synced"), true, 7);
    Files.createDirectory(disk.resolve("d"));
    append(disk.resolve("d/in"), true, 8);
    syncNames(disk.resolve("d"));
    FaultyDisk.end();
  }

  @Test
  void powerCutTakesBytesThatWereNotSynced() throws IOException {
    leaveUnsynced();
    FaultyDisk.lose(Loss.TAILS);
    assertArrayEquals(new byte[] {1, 2}, Files.readAllBytes(disk.resolve("old")));
    assertArrayEquals(new byte[0], Files.readAllBytes(disk.resolve("never")));
    assertArrayEquals(new byte[] {5, 6, 7}, Files.readAllBytes(disk.resolve("synced")));
    assertArrayEquals(new byte[] {8}, Files.readAllBytes(disk.resolve("d/in")));
  }

  @Test
  void powerCutLeavesZerosForBytesThatWereNotSynced() throws IOException {
    leaveUnsynced();
    FaultyDisk.lose(Loss.TAILS_AS_ZEROS);
    assertArrayEquals(new byte[] {1, 2, 0}, Files.readAllBytes(disk.resolve("old")));
    assertArrayEquals(new byte[1], Files.readAllBytes(disk.resolve("never")));
    assertArrayEquals(new byte[] {5, 6, 7}, Files.readAllBytes(disk.resolve("synced")));
  }

  @Test
  void powerCutTakesNamesThatWereNotSynced() throws IOException {
    leaveUnsynced();
    FaultyDisk.lose(Loss.NAMES);
    assertArrayEquals(new byte[] {1, 2}, Files.readAllBytes(disk.resolve("old")));
    try (var names = Files.list(disk)) {
      assertEquals(List.of(disk.resolve("old")), names.toList());
    }
  }

  @Test
  void powerCutLeavesNamesAndBytesThatWereSynced() throws IOException {
    append(disk.resolve("a"), true, 1);
    append(disk.resolve("gone"), true, 1);
    FaultyDisk.begin(disk, Fault.NONE, 0);
    append(disk.resolve("new"), true, 2);
    Files.createDirectory(disk.resolve("d"));
    append(disk.resolve("d/in"), true, 3);
    syncNames(disk.resolve("d"));
    Files.delete(disk.resolve("gone"));
    syncNames(disk);
    // A rename that is not synced is undone, and what it replaced is there again.
    Files.move(disk.resolve("new"), disk.resolve("a"), StandardCopyOption.ATOMIC_MOVE);
    FaultyDisk.end();
    FaultyDisk.lose(Loss.NAMES);
    assertArrayEquals(new byte[] {1}, Files.readAllBytes(disk.resolve("a")));
    assertArrayEquals(new byte[] {2}, Files.readAllBytes(disk.resolve("new")));
    assertArrayEquals(new byte[] {3}, Files.readAllBytes(disk.resolve("d/in")));
    assertFalse(Files.exists(disk.resolve("gone")));
  }
}
