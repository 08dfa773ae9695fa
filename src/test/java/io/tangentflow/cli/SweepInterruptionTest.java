package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sweep that is stopped at any moment and gone on with ends as if it had not been stopped. */
class SweepInterruptionTest {

  private static final Object[] SWEEP = {
    "sweep",
    "--width",
    "16,32,64",
    "--seeds",
    4,
    "--activation",
    "softplus,relu",
    "--samples",
    20,
    "--backend",
    "cpu-vector",
    "--threads",
    1,
    "--out"
  };
  private static final int CELLS = 24;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private static Path uninterruptedParent;
  private static Path uninterrupted;

  @TempDir private Path directory;

  @BeforeAll
  static void runWithoutInterruption() {
    uninterrupted = uninterruptedParent.resolve("run");
    Invocation.of(sweep(uninterrupted)).ended(0);
  }

  private static Object[] sweep(Path out) {
    return Stream.concat(Stream.of(SWEEP), Stream.of(out)).toArray();
  }

  /** The results without their times, by cell; each cell stands there once. */
  private static Map<String, String> results(Path run) throws IOException {
    Map<String, String> byCell = new TreeMap<>();
    for (String line : Files.readAllLines(run.resolve("results.jsonl"))) {
      ObjectNode node = (ObjectNode) JSON.readTree(line);
      assertTrue(node.remove("seconds").asDouble() > 0);
      assertEquals(null, byCell.put(node.get("cell").toString(), node.toString()));
    }
    return byCell;
  }

  private static int finishedLines(Path run) throws IOException {
    Path file = run.resolve("results.jsonl");
    if (!Files.exists(file)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(file)) {
      return (int) lines.count();
    }
  }

  @Test
  void interruptedItSaysHowToGoOnAndDoesSo() throws Exception {
    Path run = directory.resolve("run");
    List<String> said =
        Invocation.interrupted(
            directory, List.of("-Xmx256m"), () -> finishedLines(run) >= 1, sweep(run));
    assertTrue(
        said.contains("stopped; what is finished is kept; go on with: tangentflow resume " + run),
        said.toString());
    assertTrue(finishedLines(run) < CELLS);
    Invocation.of("resume", run).ended(0);
    assertEquals(results(uninterrupted), results(run));
  }

  @Test
  void runOfAnUnknownKindIsRefusedAndLeftAsItIs() throws Exception {
    Path run = begun(3, "run");
    ObjectNode node = (ObjectNode) JSON.readTree(run.resolve("run.json").toFile());
    assertEquals("sweep", node.get("kind").asText());
    JSON.writeValue(run.resolve("run.json").toFile(), node.put("kind", "divination"));
    Map<Path, FileTime> before = times(run);
    for (String command : List.of("resume", "report")) {
      Invocation refused = Invocation.of(command, run).ended(3);
      assertTrue(refused.err().contains("run.json: is of a run of kind 'divination'"));
      assertEquals(1, refused.err().lines().count(), refused.err());
    }
    JSON.writeValue(run.resolve("run.json").toFile(), node.without("kind"));
    for (String command : List.of("resume", "report")) {
      Invocation refused = Invocation.of(command, run).ended(3);
      assertTrue(refused.err().contains("was not written by this version"), refused.err());
    }
    before.remove(run.resolve("run.json"));
    Map<Path, FileTime> after = times(run);
    after.remove(run.resolve("run.json"));
    assertEquals(before, after);
  }

  /** A copy of the uninterrupted run that has only its first results. */
  private Path begun(int lines, String name) throws IOException {
    Path run = Files.createDirectory(directory.resolve(name));
    try (Stream<Path> files = Files.list(uninterrupted)) {
      for (Path file : files.toList()) {
        Files.copy(file, run.resolve(file.getFileName()));
      }
    }
    Path results = run.resolve("results.jsonl");
    List<String> all = Files.readAllLines(results);
    Files.write(results, all.subList(0, lines));
    return run;
  }

  /** Cut at every byte in {@code RunDirectoryTest}; here a few are computed again. */
  @Test
  void cellWhoseLineWasCutIsComputedAgain() throws Exception {
    Path run = begun(CELLS, "run");
    Path file = run.resolve("results.jsonl");
    byte[] whole = Files.readAllBytes(file);
    for (int cut : new int[] {1, 2, 150}) {
      Files.write(file, Arrays.copyOf(whole, whole.length - cut));
      Invocation.of("resume", run).ended(0);
      assertEquals(results(uninterrupted), results(run));
    }
  }

  @Test
  void limitsAreReadFromTheDiskAndNotComputedAgain() throws Exception {
    Path run = begun(CELLS - 5, "run");
    Path limit = run.resolve("limit-ntk-relu-depth-inf.npy");
    FileTime written = Files.getLastModifiedTime(limit);
    Invocation resumed = Invocation.of("resume", run).ended(0);
    assertEquals(written, Files.getLastModifiedTime(limit));
    assertFalse(resumed.err().contains("limiting kernel"), resumed.err());
    assertTrue(resumed.err().contains("5 of 24 networks to compute"), resumed.err());
    assertEquals(results(uninterrupted), results(run));
  }

  @Test
  void resumeOfAFinishedRunChangesNothingButItsReport() throws Exception {
    Path run = begun(CELLS, "run");
    List<String> derived =
        List.of(
            "summary.csv",
            "networks.csv",
            "relative-error.svg",
            "least-eigenvalue.svg",
            "report.html");
    for (String name : derived) {
      Files.delete(run.resolve(name));
    }
    Map<Path, FileTime> before = times(run);
    Invocation.of("resume", run).ended(0);
    Map<Path, FileTime> after = times(run);
    for (String name : derived) {
      assertTrue(after.remove(run.resolve(name)) != null, name);
      assertArrayEquals(
          Files.readAllBytes(uninterrupted.resolve(name)),
          Files.readAllBytes(run.resolve(name)),
          name);
    }
    assertEquals(before, after);
  }

  private static Map<Path, FileTime> times(Path directory) throws IOException {
    Map<Path, FileTime> times = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        times.put(file, Files.getLastModifiedTime(file));
      }
    }
    return times;
  }

  @Test
  void secondSweepIntoARunIsRefusedAndLeavesItAsItWas() throws Exception {
    Path run = begun(3, "run");
    Map<Path, FileTime> before = times(run);
    Invocation refused = Invocation.of(sweep(run)).ended(11);
    assertTrue(refused.err().contains("go on with it by 'resume'"), refused.err());
    assertEquals(1, refused.err().lines().count());
    assertEquals(before, times(run));
  }

  @Test
  void oneProcessAtATimeWorksOnARun() throws Exception {
    Path run = begun(0, "run");
    // The file's lock is a process's: this one holds it while a child tries.
    try (var channel = FileChannel.open(run.resolve(".lock"), StandardOpenOption.WRITE);
        var lock = channel.lock()) {
      assertTrue(lock.isValid());
      for (String command : List.of("resume", "report")) {
        Invocation refused = Invocation.child(directory, List.of(), command, run, "-q").ended(11);
        assertTrue(refused.err().contains("another process is working"), refused.err());
        assertEquals(1, refused.err().lines().count(), refused.err());
      }
    }
    assertEquals(0, finishedLines(run));
  }

  @Test
  void damagedLineInTheMiddleIsNamedAndNothingIsWritten() throws Exception {
    Path run = begun(6, "run");
    Path file = run.resolve("results.jsonl");
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    lines.set(3, lines.get(3).substring(0, 40));
    Files.write(file, lines);
    Map<Path, FileTime> before = times(run);
    for (String command : List.of("resume", "report")) {
      Invocation refused = Invocation.of(command, run, "-q").ended(3);
      assertTrue(refused.err().contains("results.jsonl, line 4: "), refused.err());
      assertEquals(1, refused.err().lines().count(), refused.err());
    }
    assertEquals(before, times(run));
  }

  @Test
  void manifestThatIsNotJsonIsNamed() throws Exception {
    Path run = begun(6, "run");
    Files.writeString(run.resolve("run.json"), "never mind");
    for (String command : List.of("resume", "report")) {
      Invocation refused = Invocation.of(command, run).ended(3);
      assertTrue(refused.err().contains("run.json, line 1: not JSON"), refused.err());
      assertEquals(1, refused.err().lines().count(), refused.err());
    }
  }

  @Test
  void runWithoutResultsHasNoReport() throws Exception {
    Path run = begun(0, "run");
    Invocation refused = Invocation.of("report", run).ended(11);
    assertTrue(refused.err().contains("has no results yet"), refused.err());
  }

  @Test
  void reportOfABegunRunIsOfWhatIsFinished() throws Exception {
    Path run = begun(12, "run");
    JsonNode report = Invocation.of("report", run, "--json").ended(0).json();
    assertEquals(1, report.get("families").size());
    assertEquals(12, finishedLines(run));
  }

  @Test
  void runWhoseDataHaveChangedIsNotGoneOnWith() throws Exception {
    Path data = directory.resolve("data.csv");
    Files.writeString(data, "1,2\n3,4\n5,7\n");
    Path run = directory.resolve("run");
    Object[] sweep = {
      "sweep",
      "--data",
      "csv:" + data,
      "--samples",
      3,
      "--width",
      "8,16",
      "--seeds",
      2,
      "--out",
      run
    };
    Invocation.of(sweep).ended(0);
    Files.writeString(data, "1,2\n3,4\n5,8\n");
    Invocation refused = Invocation.of("resume", run).ended(11);
    assertTrue(refused.err().contains("SHA-256 differs"), refused.err());
    Files.delete(data);
    assertTrue(Invocation.of("resume", run).ended(3).err().contains("no such file"));
    Invocation.of("report", run).ended(0);
  }

  @Test
  void runOfAnotherDeviceIsGoneOnWithUnderAWarning() throws Exception {
    Path run = begun(CELLS - 1, "run");
    Path manifest = run.resolve("run.json");
    ObjectNode node = (ObjectNode) JSON.readTree(manifest.toFile());
    node.put("device", "cpu-vector: an abacus");
    JSON.writeValue(manifest.toFile(), node);
    Invocation resumed = Invocation.of("resume", run, "-q").ended(0);
    assertTrue(resumed.err().contains("an abacus"), resumed.err());
    assertEquals(1, resumed.err().lines().count(), resumed.err());
  }

  /** By it a Gram is planned: what a plan takes stands in the lines. */
  @Test
  void goesOnWithTheMemoryThatItBeganWith() throws Exception {
    Path whole = directory.resolve("whole");
    Invocation.of(
            Stream.concat(Arrays.stream(sweep(whole)), Stream.of("--memory", "200k")).toArray())
        .ended(0);
    assertNotEquals(results(uninterrupted), results(whole));
    Path run = directory.resolve("run");
    RunFiles.copy(whole, run);
    Path lines = run.resolve("results.jsonl");
    Files.write(lines, Files.readAllLines(lines).subList(0, 3));
    assertEquals("", Invocation.of("resume", run, "-q").ended(0).err());
    assertEquals(results(whole), results(run));
  }

  /** A cell that overflows ends the sweep; the cells before it are kept, and it is named. */
  @Test
  void cellThatIsNotFiniteIsNamedAndTheOthersAreKept() throws Exception {
    Path run = directory.resolve("run");
    Invocation sweep =
        Invocation.of(
                "sweep",
                "--activation",
                "softplus,quadratic",
                "--solver",
                "euler",
                "--depth",
                8,
                "--sigma-w",
                4,
                "--width",
                "8,16",
                "--seeds",
                2,
                "--samples",
                3,
                "--out",
                run)
            .ended(7);
    assertTrue(sweep.err().contains("stopped at quadratic, 8 steps of euler"), sweep.err());
    assertEquals(4, finishedLines(run));
    assertTrue(Invocation.of("report", run).ended(0).out().contains("softplus, 8 euler steps"));
  }
}
