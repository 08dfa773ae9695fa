package io.tangentflow.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {

  @TempDir Path directory;

  @Test
  void theContentReplacesWhatStoodThereAndLeavesNothingElse() throws IOException {
    Path file = directory.resolve("a.txt");
    AtomicFile.write(file, "σ²");
    assertEquals("σ²", Files.readString(file));
    AtomicFile.write(file, new byte[] {'x'});
    assertEquals("x", Files.readString(file));
    assertEquals(List.of(file), entries());
  }

  @Test
  void aWriteThatFailsLeavesTheOldContentAndNothingElse() throws IOException {
    Path file = directory.resolve("a.txt");
    AtomicFile.write(file, "old");
    RunDirectoryConflict conflict =
        assertThrows(
            RunDirectoryConflict.class,
            () ->
                AtomicFile.write(
                    file,
                    out -> {
                      out.write(new byte[1 << 20]);
                      throw new IOException("No space left on device");
                    }));
    assertEquals(file + ": cannot be written (No space left on device)", conflict.getMessage());
    assertThrows(
        IllegalStateException.class,
        () ->
            AtomicFile.write(
                file,
                out -> {
                  throw new IllegalStateException();
                }));
    assertEquals("old", Files.readString(file));
    assertEquals(List.of(file), entries());
  }

  @Test
  void whatIsThereIsNotCreatedAgain() throws IOException {
    Path file = directory.resolve("a.txt");
    assertEquals(true, AtomicFile.create(file, "first"));
    assertEquals(false, AtomicFile.create(file, "second"));
    assertEquals("first", Files.readString(file));
    assertEquals(List.of(file), entries());
  }

  /**
   * What a killed process has left goes when it is old; what another is writing, and others',
   * stays.
   */
  @Test
  void onlyOldTemporaryFilesOfThatNameAreRemoved() throws IOException {
    List<Path> stay = new ArrayList<>();
    stay.add(Files.createFile(AtomicFile.leftover(directory.resolve("a.npy"))));
    Path old = Files.createFile(AtomicFile.leftover(directory.resolve("a.npy")));
    for (String name : List.of("b.npy", ".x.a.npy", "a.npy.b")) {
      stay.add(Files.createFile(AtomicFile.leftover(directory.resolve(name))));
      age(stay.get(stay.size() - 1));
    }
    stay.add(Files.createFile(directory.resolve("a.npy")));
    age(stay.get(stay.size() - 1));
    age(old);
    AtomicFile.removeAbandoned(directory, "a.npy"::equals, AtomicFile.ABANDONED);
    assertEquals(stay.stream().sorted().toList(), entries().stream().sorted().toList());
  }

  private static void age(Path file) throws IOException {
    Instant before = Instant.now().minus(AtomicFile.ABANDONED).minusSeconds(60);
    Files.setLastModifiedTime(file, FileTime.from(before));
  }

  @Test
  void aReaderSeesTheOldContentUntilTheNewIsWhole() {
    Path file = directory.resolve("a.txt");
    AtomicFile.write(file, "old");
    AtomicFile.write(
        file,
        out -> {
          out.write('n');
          out.flush();
          assertEquals("old", Files.readString(file));
        });
  }

  @Test
  void anInterruptedThreadStillWritesWholeFiles() throws IOException {
    Path file = directory.resolve("a.txt");
    Thread.currentThread().interrupt();
    AtomicFile.write(file, "whole");
    assertEquals(true, Thread.interrupted());
    assertEquals("whole", Files.readString(file));
  }

  @Test
  void aTargetThatCannotBeAFileIsAConflict() {
    assertThrows(RunDirectoryConflict.class, () -> AtomicFile.write(directory, "x"));
    assertThrows(
        RunDirectoryConflict.class,
        () -> AtomicFile.write(directory.resolve("absent").resolve("a.txt"), "x"));
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    }
  }
}
