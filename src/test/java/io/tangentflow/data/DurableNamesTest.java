package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.testing.FaultyDisk;
import io.tangentflow.testing.FaultyDisk.Fault;
import io.tangentflow.testing.FaultyDisk.Loss;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Names of files and directories on a disk that fails, or whose power is cut. */
@Tag("faults")
@ExtendWith(FaultyDisk.Required.class)
class DurableNamesTest {

  @TempDir private Path disk;

  @Test
  void newDirectoriesAndTheFilesInThemOutliveAPowerCut() throws IOException {
    Path directory = disk.resolve("a/b/c");
    FaultyDisk.begin(disk, Fault.NONE, 0);
    Directories.create(directory);
    AtomicFile.write(directory.resolve("file"), "content");
    FaultyDisk.end();
    FaultyDisk.lose(Loss.NAMES);
    assertEquals("content", Files.readString(directory.resolve("file")));
  }

  /** The file is created, written, synced and renamed; then its name is synced. */
  @Test
  void nameThatIsNotOnTheDiskIsTold() {
    Path file = disk.resolve("file");
    FaultyDisk.begin(disk, Fault.IO_ERROR, 5);
    RunDirectoryConflict told =
        assertThrows(RunDirectoryConflict.class, () -> AtomicFile.write(file, "content"));
    assertEquals("sync ", FaultyDisk.log().get(4));
    assertEquals(file + ": cannot be written (Input/output error)", told.getMessage());
  }

  @Test
  void directoryThatCannotBeReadIsAnOrdinaryFailure() throws IOException {
    Files.createFile(disk.resolve("file"));
    FaultyDisk.begin(disk, Fault.NONE, 0);
    Directories.entries(disk);
    long reads = FaultyDisk.reads();
    for (long call = 1; call <= reads; call++) {
      FaultyDisk.begin(disk, Fault.UNREADABLE, call);
      FileSystemException failure =
          assertThrows(FileSystemException.class, () -> Directories.entries(disk));
      assertTrue(failure.getMessage().contains("Input/output error"), failure.toString());
    }
    assertTrue(reads > 0);
  }
}
