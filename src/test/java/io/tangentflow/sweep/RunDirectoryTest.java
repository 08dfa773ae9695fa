package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Provenance;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunDirectoryTest {

  private static final SweepConfiguration CONFIGURATION =
      SmallRun.configuration(
          List.of("softplus", "relu"),
          List.of("rk4"),
          List.of(3),
          List.of(8, 16),
          List.of(0L, 1L),
          Precision.FP64);

  @TempDir private Path directory;

  private Path finished() {
    Path path = directory.resolve("run");
    SmallRun.of(path, CONFIGURATION, (width, seed) -> 1.0 / 3 / width, (w, s) -> 0.1, null).close();
    return path;
  }

  /** Killed while it was written, the last line has lost some of its bytes, or only its end. */
  @Test
  void lastLineCutAtAnyByteIsDroppedAndNoOther() throws Exception {
    Path path = finished();
    Path file = path.resolve("results.jsonl");
    byte[] whole = Files.readAllBytes(file);
    int start = whole.length - 1;
    while (whole[start - 1] != '\n') {
      start--;
    }
    for (int end = start; end < whole.length; end++) {
      Files.write(file, Arrays.copyOf(whole, end));
      try (RunDirectory run = RunDirectory.open(path)) {
        assertEquals(7, run.lines(CellResult.class).size(), "cut at byte " + end);
        assertEquals(start, Files.size(file));
      }
    }
    Files.write(file, whole);
    try (RunDirectory run = RunDirectory.open(path)) {
      assertEquals(8, run.lines(CellResult.class).size());
    }
    assertArrayEquals(whole, Files.readAllBytes(file));
  }

  @Test
  void twoResultsOnALineAreNamed() throws Exception {
    Path path = finished();
    Path file = path.resolve("results.jsonl");
    Files.writeString(file, Files.readString(file).replaceFirst("\n", ""));
    try (RunDirectory run = RunDirectory.open(path)) {
      DataFormat failure = assertThrows(DataFormat.class, () -> run.lines(CellResult.class));
      assertTrue(failure.getMessage().contains("line 1: "), failure.getMessage());
    }
  }

  /** Each letter is a file of that content and, followed by its place, of that name. */
  @ParameterizedTest
  @CsvSource({
    "a b, a b, ",
    "a b, a c, b1 is not the file",
    "a b, b a, a0 is not the file",
    "a b, a, b1 is not the file",
    "a b, b, a0 is not the file",
    "a, a b, 'b1 is read now, but was not'",
    "a c, a b c, 'b1 is read now, but was not'",
    "'', a, 'a0 is read now, but was not'",
    "a, '', a0 is not the file",
    "'', '', ",
  })
  void dataAreTheSameFilesInTheSameOrder(String before, String now, String refusal) {
    Path path = finished();
    Manifest manifest =
        Manifest.of(
            Sweep.KIND, "sweep", CONFIGURATION, read(before), "here", MemoryBudget.shared(1));
    Executable check = () -> manifest.requireSameData(read(now), path);
    if (refusal == null) {
      assertDoesNotThrow(check);
    } else {
      String message = assertThrows(RunDirectoryConflict.class, check).getMessage();
      assertTrue(message.contains(refusal), message);
    }
  }

  private static List<Provenance> read(String contents) {
    List<String> each = Arrays.stream(contents.split(" ", -1)).filter(c -> !c.isEmpty()).toList();
    return IntStream.range(0, each.size())
        .mapToObj(i -> new Provenance(Path.of(each.get(i) + i), each.get(i)))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "{}", "null", "[]", "{\"command\":\"sweep\"}", "{} {}"})
  void manifestThatIsNotOneIsRefused(String text) throws Exception {
    Path path = finished();
    Files.writeString(path.resolve("run.json"), text);
    try (RunDirectory run = RunDirectory.open(path)) {
      DataFormat failure = assertThrows(DataFormat.class, run::manifest);
      assertTrue(failure.getMessage().contains("run.json"), failure.getMessage());
    }
  }

  @Test
  void secondRunInTheDirectoryIsRefusedAndLeavesItAsItWas() throws Exception {
    Path path = finished();
    byte[] manifest = Files.readAllBytes(path.resolve("run.json"));
    assertThrows(
        RunDirectoryConflict.class,
        () -> RunDirectory.create(path, SmallRun.manifest(CONFIGURATION)));
    assertArrayEquals(manifest, Files.readAllBytes(path.resolve("run.json")));
  }

  @Test
  void runThatIsWorkedOnIsNotOpenedAgain() {
    Path path = finished();
    try (RunDirectory run = RunDirectory.open(path)) {
      RunDirectoryConflict failure =
          assertThrows(RunDirectoryConflict.class, () -> RunDirectory.open(path));
      assertTrue(failure.getMessage().contains("working on this run"), failure.getMessage());
      // Nor under another name of the same directory, and the refusal does not free the lock.
      Path other = path.resolve("../run");
      assertThrows(RunDirectoryConflict.class, () -> RunDirectory.open(other));
      assertEquals(8, run.lines(CellResult.class).size());
    }
    RunDirectory.open(path).close();
  }

  @Test
  void temporaryFilesOfAKilledProcessAreRemovedAndOthersAreNot() throws Exception {
    Path path = finished();
    Path leftover = path.resolve(".report.html." + UUID.randomUUID() + ".tmp");
    Path mine = path.resolve("notes.tmp");
    Files.writeString(leftover, "half");
    Files.writeString(mine, "whole");
    RunDirectory.open(path).close();
    assertFalse(Files.exists(leftover));
    assertTrue(Files.exists(mine));
  }

  @Test
  void runKilledBeforeItsManifestCanBeginAgain() throws Exception {
    Path path = Files.createDirectory(directory.resolve("run"));
    Files.createFile(path.resolve(".lock"));
    Files.writeString(path.resolve(".run.json." + UUID.randomUUID() + ".tmp"), "{");
    RunDirectory.create(path, SmallRun.manifest(CONFIGURATION)).close();
    try (RunDirectory run = RunDirectory.open(path)) {
      assertEquals(List.of(), run.lines(CellResult.class));
    }
  }

  @Test
  void linkToADirectoryIsADirectory() throws Exception {
    Path real = Files.createDirectory(directory.resolve("real"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), real);
    RunDirectory.create(link, SmallRun.manifest(CONFIGURATION)).close();
    assertTrue(Files.exists(real.resolve("run.json")));
  }

  @Test
  void aDirectoryIsInUseWhileItIsOpen() {
    Path path = directory.resolve("run");
    assertFalse(RunDirectory.isInUse(path));
    try (RunDirectory run = RunDirectory.create(path, SmallRun.manifest(CONFIGURATION))) {
      assertTrue(RunDirectory.isInUse(run.path()));
    }
    assertFalse(RunDirectory.isInUse(path));
  }
}
