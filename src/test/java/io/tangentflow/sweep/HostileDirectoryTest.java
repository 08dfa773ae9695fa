package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import io.tangentflow.testing.Pipes;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.commons.codec.digest.DigestUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Run directories that somebody else prepared, with links, pipes and names of files elsewhere. What
 * lies outside is neither changed nor deleted.
 */
@Tag("reliability")
class HostileDirectoryTest {

  private static final SweepConfiguration CONFIGURATION =
      SmallRun.configuration(
          List.of("softplus"),
          List.of("rk4"),
          List.of(3),
          List.of(8),
          List.of(0L, 1L),
          Precision.FP64);

  /** Without the end of a line, so that a run which took it for its own would cut it. */
  private static final String PRECIOUS = "a line\nthe beginning of another";

  @TempDir private Path directory;
  private Path outside;
  private Path run;

  @BeforeEach
  void finishARun() throws IOException {
    outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("precious.txt"), PRECIOUS);
    run = directory.resolve("run");
    SmallRun.of(run, CONFIGURATION, (width, seed) -> 0.5, (width, seed) -> 0.1, null).close();
  }

  private void assertNothingOutsideHasChanged() throws IOException {
    assertEquals(PRECIOUS, Files.readString(outside.resolve("precious.txt")));
    try (var files = Files.list(outside)) {
      assertEquals(1, files.count());
    }
  }

  private Path link(String name, Path target) throws IOException {
    Path link = run.resolve(name);
    Files.deleteIfExists(link);
    return Files.createSymbolicLink(link, target);
  }

  @Test
  void resultsThatAreALinkAreRefusedAndNotCut() throws IOException {
    link("results.jsonl", outside.resolve("precious.txt"));
    String sentence = assertThrows(DataFormat.class, () -> RunDirectory.open(run)).getMessage();
    assertTrue(
        sentence.endsWith("results.jsonl: cannot be read (it is a symbolic link)"), sentence);
    assertNothingOutsideHasChanged();
    link("results.jsonl", outside.resolve("absent"));
    assertThrows(DataFormat.class, () -> RunDirectory.open(run));
    assertNothingOutsideHasChanged();
  }

  /** It was one file when the run was opened, and is another when a line is written. */
  @Test
  void aLinkThatIsSwappedInIsNotAppendedTo() throws IOException {
    try (RunDirectory open = RunDirectory.open(run)) {
      link("results.jsonl", outside.resolve("precious.txt"));
      assertThrows(RunDirectoryConflict.class, () -> open.append(List.of("a line")));
      assertThrows(DataFormat.class, () -> open.keepLines(1));
    }
    assertNothingOutsideHasChanged();
  }

  @ParameterizedTest
  @ValueSource(strings = {"absent", "precious.txt"})
  void aLockThatIsALinkIsRefusedAndMakesNothing(String target) throws IOException {
    link(".lock", outside.resolve(target));
    assertThrows(RunDirectoryConflict.class, () -> RunDirectory.open(run));
    assertThrows(RunDirectoryConflict.class, () -> RunDirectory.isInUse(run));
    assertNothingOutsideHasChanged();
  }

  @ParameterizedTest
  @ValueSource(strings = {".lock", "results.jsonl", "run.json"})
  void aLoopOfLinksIsRefused(String name) throws IOException {
    link(name, run.resolve(name));
    assertThrows(TangentFlowException.class, () -> RunDirectory.open(run));
  }

  /** What is replaced as a whole replaces a link, not what it leads to. */
  @Test
  void aFileThatIsWrittenInThePlaceOfALinkIsAFile() throws IOException {
    Path link = link("report.html", outside.resolve("precious.txt"));
    AtomicFile.write(link, "<html>");
    assertTrue(Files.isRegularFile(link, LinkOption.NOFOLLOW_LINKS));
    assertNothingOutsideHasChanged();
  }

  @Test
  void ofACheckpointThatIsALinkTheLinkAloneIsDeleted() throws IOException {
    Path checkpoints = Files.createDirectory(run.resolve("checkpoints"));
    link("checkpoints/step-0000000001", outside);
    link("checkpoints/.step-0000000002." + UUID.randomUUID() + ".tmp", outside);
    link(".report.html." + UUID.randomUUID() + ".tmp", outside.resolve("precious.txt"));
    try (RunDirectory open = RunDirectory.open(run)) {
      SavedMatrices.save(new Checkpoints(open, 1), 7, 3, ElementType.FP64);
    }
    try (var entries = Files.list(checkpoints)) {
      assertEquals(
          List.of("step-0000000007"), entries.map(e -> e.getFileName().toString()).toList());
    }
    assertNothingOutsideHasChanged();
  }

  @Test
  void aDirectoryOfCheckpointsMayLieElsewhere() throws IOException {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    link("checkpoints", disk);
    try (RunDirectory open = RunDirectory.open(run)) {
      SavedMatrices.save(new Checkpoints(open, 1), 7, 3, ElementType.FP64);
    }
    assertTrue(Files.exists(disk.resolve("step-0000000007/W.npy")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../outside/W.npy",
        "/etc/passwd",
        "W.npy/../W.npy",
        "W.npy\\u0000",
        ".hidden.npy",
        ""
      })
  void aCheckpointNamesNoFileElsewhere(String name) throws IOException {
    Path step = run.resolve("checkpoints/step-0000000007");
    try (RunDirectory open = RunDirectory.open(run)) {
      SavedMatrices.save(new Checkpoints(open, 1), 7, 3, ElementType.FP64);
    }
    Path contents = step.resolve("checkpoint.json");
    String valid = Files.readString(contents);
    String hostile = valid.replace("\"W.npy\"", "\"" + name + "\"");
    assertFalse(hostile.equals(valid));
    Files.writeString(contents, hostile);
    Files.writeString(
        step.resolve("checkpoint.json.sha256"),
        DigestUtils.sha256Hex(hostile) + "  checkpoint.json\n");
    String sentence =
        assertThrows(DataFormat.class, () -> CheckpointFiles.open(step, 7)).getMessage();
    assertTrue(sentence.endsWith("names no file of a matrix in its own directory"), sentence);
  }

  @Test
  void aMatrixOfAnotherShapeThanItsCheckpointSaysIsRefused() throws IOException {
    Path step = run.resolve("checkpoints/step-0000000007");
    try (RunDirectory open = RunDirectory.open(run)) {
      SavedMatrices.save(new Checkpoints(open, 1), 7, 3, ElementType.FP64);
    }
    Path contents = step.resolve("checkpoint.json");
    String hostile = Files.readString(contents).replace("\"rows\" : 2", "\"rows\" : 4");
    Files.writeString(contents, hostile);
    Files.writeString(
        step.resolve("checkpoint.json.sha256"),
        DigestUtils.sha256Hex(hostile) + "  checkpoint.json\n");
    Checkpoint checkpoint = CheckpointFiles.open(step, 7);
    assertNotNull(checkpoint.matrix("W"));
    assertThrows(DataFormat.class, () -> checkpoint.matrix("V"));
  }

  /** Its name has more zeros than any that is written, so it would not be found by its number. */
  @Test
  void aDirectoryThatIsNoCheckpointIsLeftAlone() throws IOException {
    Files.createDirectories(run.resolve("checkpoints/step-000000000000001"));
    try (RunDirectory open = RunDirectory.open(run)) {
      Checkpoints checkpoints = new Checkpoints(open, 1);
      SavedMatrices.save(checkpoints, 7, 3, ElementType.FP64);
      assertEquals(List.of(7L), checkpoints.steps());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"run.json", "results.jsonl", ".lock"})
  void pipesAreRefusedAndNotWaitedFor(String name) throws Exception {
    Path pipe = run.resolve(name);
    Files.delete(pipe);
    Pipes.make(pipe);
    if (name.equals("run.json")) {
      assertThrows(RunDirectoryConflict.class, () -> RunDirectory.open(run));
    } else {
      Pipes.assertRefused(pipe, () -> RunDirectory.open(run));
    }
  }

  @Test
  void pipesInCheckpointsAndAmongUnitsAreRefused() throws Exception {
    Path step = Files.createDirectories(run.resolve("checkpoints/step-0000000007"));
    Pipes.make(step.resolve("checkpoint.json"));
    Pipes.assertRefused(step, () -> CheckpointFiles.open(step, 7));
    Pipes.make(Files.createDirectory(run.resolve("units")).resolve("00ff.json"));
    Exchange exchange = new DirectoryExchange(run);
    Pipes.assertRefused(run, () -> exchange.read("units/00ff.json"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"run.json", "results.jsonl"})
  void aFileOfMoreThanAnArrayHoldsIsRefused(String name) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(run.resolve(name).toFile(), "rw")) {
      file.seek(3L << 30);
      file.write('\n');
    }
    try (RunDirectory open = RunDirectory.open(run)) {
      String sentence =
          assertThrows(DataFormat.class, () -> new SweepResults(open).cells()).getMessage();
      assertTrue(sentence.endsWith("cannot be read (it is larger than 2 GiB)"), sentence);
    }
  }

  @Test
  void aSmallFileCannotAskForMoreNetworksThanAreKeptInMemory() {
    InvalidConfiguration refusal =
        assertThrows(
            InvalidConfiguration.class,
            () ->
                SmallRun.configuration(
                    List.of("softplus"),
                    List.of("rk4"),
                    List.of(3),
                    IntStream.rangeClosed(1, 1001).boxed().toList(),
                    LongStream.rangeClosed(1, 1000).boxed().toList(),
                    Precision.FP64));
    assertTrue(refusal.getMessage().contains("1001000 networks"), refusal.getMessage());
  }
}
