package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A training that ends at any moment and is gone on with ends as if it had not been stopped. */
class TrainResumeTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int STEPS = 12;

  @TempDir private Path directory;

  private static Object[] train(Path run, String precision, int threads, String more) {
    List<Object> words =
        new ArrayList<>(
            List.of(
                "train",
                "--samples",
                8,
                "--test-samples",
                3,
                "--targets",
                "indicator",
                "--width",
                20,
                "--depth",
                2,
                "--solver",
                "euler",
                "--activation",
                "relu",
                "--steps",
                STEPS,
                "--kernel-every",
                5,
                "--predict",
                "start",
                "--distance-every",
                3,
                "--gap-every",
                7,
                "--gap-method",
                "discrete:rk4/2",
                "--backend",
                "cpu-vector"));
    words.addAll(List.of("--precision", precision, "--threads", threads, "--out", run));
    words.addAll(Arrays.asList(more.split(" ", -1)));
    return words.toArray();
  }

  private static Path checkpoint(Path run, int step) {
    return run.resolve(String.format("checkpoints/step-%010d", step));
  }

  /** The lines as they are written, without the times. */
  private static List<String> results(Path run) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(run.resolve("results.jsonl"))) {
      ObjectNode node = (ObjectNode) JSON.readTree(line);
      assertTrue(node.remove("seconds").asDouble() >= 0);
      lines.add(node.toString());
    }
    return lines;
  }

  /** The bytes of each matrix of a checkpoint, as text. */
  private static Map<String, String> matrices(Path checkpoint) throws IOException {
    Map<String, String> matrices = new TreeMap<>();
    try (Stream<Path> files = Files.list(checkpoint)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".npy")).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        matrices.put(file.getFileName().toString(), HexFormat.of().formatHex(bytes));
      }
    }
    assertTrue(matrices.size() >= 3, matrices.keySet().toString());
    return matrices;
  }

  /** A copy of a run as it was killed when it had just saved a step; 0 for no checkpoint. */
  private Path killed(Path whole, int step) throws IOException {
    Path run = directory.resolve("killed-" + step);
    RunFiles.copy(whole, run);
    for (int later = step + 1; later <= STEPS; later++) {
      RunFiles.delete(checkpoint(run, later));
    }
    return run;
  }

  private static void assertSame(Path expected, Path run) throws IOException {
    assertEquals(results(expected), results(run));
    assertEquals(matrices(checkpoint(expected, STEPS)), matrices(checkpoint(run, STEPS)));
  }

  @ParameterizedTest
  @CsvSource({
    "fp32, 2, --learning-rate 0.02",
    "fp64, 1, --learning-rate auto --checkpoint-every 1",
    "fp64, 2, --optimiser momentum --learning-rate 0.01 --batch-size 3",
    "fp32, 1, --optimiser adam --learning-rate 0.01 --batch-size 3 --loss cross-entropy",
    "fp64, 2, --optimiser adam --learning-rate 0.01 --freeze W --mean",
    "fp32, 1, --learning-rate 0.02 --gradient checkpointed=2:rk4/3"
  })
  void fromEveryCheckpointItEndsWithTheSameBits(String precision, int threads, String more)
      throws IOException {
    Path whole = directory.resolve("whole");
    String every = more.contains("--checkpoint-every") ? "" : " --checkpoint-every 1";
    Object[] words = train(whole, precision, threads, more + every + " --keep " + STEPS);
    if (more.contains("--gradient")) {
      List<Object> others = new ArrayList<>(List.of(words));
      for (String option : List.of("--depth", "--solver")) {
        others.subList(others.indexOf(option), others.indexOf(option) + 2).clear();
      }
      words = others.toArray();
    }
    Invocation.of(words).ended(0);
    assertEquals(STEPS + 1, results(whole).size());
    for (int step = 1; step <= STEPS; step++) {
      Path run = killed(whole, step);
      Invocation resumed = Invocation.of("resume", run).ended(0);
      assertTrue(resumed.err().contains("going on from step " + step), resumed.err());
      assertSame(whole, run);
    }
    // Nothing of the beginning is there either, nor any line.
    Path run = killed(whole, 0);
    RunFiles.delete(run.resolve("checkpoints"));
    for (String file : List.of("start.json", "results.jsonl", "outputs-start.npy")) {
      Files.delete(run.resolve(file));
    }
    Invocation.of("resume", run, "-q").ended(0);
    assertSame(whole, run);
  }

  @Test
  void dataThatAreNotFoundByTheirRelativePathTellWhereThatBegins() throws IOException {
    Path here = Path.of("").toAbsolutePath();
    Path data = here.relativize(directory.toAbsolutePath().resolve("d.csv"));
    Files.writeString(data, "a,b,y\n1,2,3\n4,5,6\n7,8,8\n");
    Path run = directory.resolve("run");
    String train = "train --samples 2 --test-samples 1 --width 8 --steps 1 --data csv:" + data;
    Invocation.of((Object[]) (train + " --out " + run).split(" ", -1)).ended(0);
    Files.delete(data);
    String refused = Invocation.of("resume", run).ended(3).err();
    assertTrue(refused.contains(data + ": there is no such file in " + here + "; rel"), refused);
    assertTrue(refused.contains("the directory where it began: resume it there"), refused);
  }

  /** By it the tangent kernel is planned, and so the order of its sums. */
  @ParameterizedTest
  @CsvSource({"'', true", "300k, true", "100m, false"})
  void goesOnWithTheMemoryThatItBeganWith(String memory, boolean same) throws IOException {
    Path run = directory.resolve("run");
    String begun =
        Invocation.of(train(run, "fp32", 1, "--learning-rate 0.02 --memory 300k")).ended(0).err();
    String kernel =
        begun.lines().filter(line -> line.startsWith("tangent kernel: ")).findAny().get();
    Path whole = directory.resolve("whole");
    RunFiles.copy(run, whole);
    RunFiles.delete(checkpoint(run, STEPS));
    Invocation resumed =
        memory.isEmpty()
            ? Invocation.of("resume", run)
            : Invocation.of("resume", run, "--memory", memory);
    String said = resumed.ended(0).err();
    assertEquals(same, said.contains(kernel), said);
    assertEquals(
        !same,
        said.contains("began with a memory budget of 300.0 KiB and goes on with one of"),
        said);
    if (same) {
      assertSame(whole, run);
    }
  }

  /** How a finished run is gone on with whose manifest was edited. */
  private Invocation resumed(Consumer<ObjectNode> edit, int code) throws IOException {
    Path run = directory.resolve("run");
    if (!Files.exists(run)) {
      Invocation.of(train(run, "fp64", 1, "--learning-rate 0.02")).ended(0);
    }
    Path manifest = run.resolve("run.json");
    ObjectNode node = (ObjectNode) JSON.readTree(manifest.toFile());
    edit.accept(node);
    JSON.writeValue(manifest.toFile(), node);
    return Invocation.of("resume", run).ended(code);
  }

  /** Of a machine with less, the plan is another. */
  @Test
  void aBudgetThatIsNotFreeAnyMoreIsToldAndDoneWithout() throws IOException {
    String said =
        resumed(node -> ((ObjectNode) node.get("budget")).put("deviceBytes", 1L << 50), 0).err();
    assertTrue(
        said.contains("warning: this run began with a memory budget of 1048576.0 GiB"), said);
    for (String nonsense : List.of("much", "0", "-1")) {
      String refused =
          resumed(node -> ((ObjectNode) node.get("budget")).put("deviceBytes", nonsense), 3).err();
      assertTrue(refused.contains("run.json"), refused);
    }
  }

  /** Whoever made the directory may have written them. */
  @Test
  void noControlCharactersOfARunReachTheTerminal() throws IOException {
    String said = resumed(node -> node.put("version", "\u001b[2J\nforged"), 0).err();
    assertTrue(said.contains("began with version ?[2J?forged and"), said);
  }

  @Test
  void damagedCheckpointIsPassedOverWithAWarning() throws IOException {
    Path whole = directory.resolve("whole");
    Invocation.of(train(whole, "fp64", 1, "--learning-rate 0.02 --checkpoint-every 1 --keep 12"))
        .ended(0);
    Path run = killed(whole, 9);
    Path file = checkpoint(run, 9).resolve("W.npy");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 5] ^= 1;
    Files.write(file, bytes);
    Invocation resumed = Invocation.of("resume", run).ended(0);
    List<String> warnings =
        resumed.err().lines().filter(line -> line.startsWith("warning: ")).toList();
    assertEquals(1, warnings.size(), resumed.err());
    assertTrue(warnings.get(0).contains("step-0000000009"), resumed.err());
    assertTrue(resumed.err().contains("going on from step 8"), resumed.err());
    assertSame(whole, run);
  }

  private static int finished(Path run) throws IOException {
    Path file = run.resolve("results.jsonl");
    return Files.exists(file) ? Files.readAllLines(file).size() : 0;
  }

  private static int newestCheckpoint(Path run) throws IOException {
    Path checkpoints = run.resolve("checkpoints");
    if (!Files.isDirectory(checkpoints)) {
      return 0;
    }
    try (Stream<Path> names = Files.list(checkpoints)) {
      return names
          .map(path -> path.getFileName().toString())
          .filter(name -> name.startsWith("step-"))
          .mapToInt(name -> Integer.parseInt(name.substring(5)))
          .max()
          .orElse(0);
    }
  }

  /** So long that it is hardly through before it is stopped; quick without the kernel. */
  private Object[] longTraining(Path run, int steps) {
    return new Object[] {
      "train",
      "--samples",
      6,
      "--test-samples",
      0,
      "--width",
      24,
      "--depth",
      2,
      "--learning-rate",
      1e-3,
      "--steps",
      steps,
      "--checkpoint-every",
      10,
      "--kernel-every",
      0,
      "--predict",
      "none",
      "--threads",
      1,
      "--backend",
      "cpu-vector",
      "--out",
      run
    };
  }

  @Test
  void interruptedItFinishesItsStepAndSaysHowToGoOn() throws Exception {
    int steps = 500;
    Path run = directory.resolve("run");
    List<String> said =
        Invocation.interrupted(
            directory,
            List.of("-Xmx256m"),
            () -> newestCheckpoint(run) >= 10,
            longTraining(run, steps));
    assertTrue(
        said.contains("stopped; all is saved; go on with: tangentflow resume " + run),
        said.toString());
    int newest = newestCheckpoint(run);
    assertTrue(newest < steps, "it was stopped on its way");
    assertEquals(newest, finished(run), "every step that was done has its line");
    assertFalse(Files.exists(run.resolve("report.html")));
    Invocation.of("resume", run).ended(0);
    Path whole = directory.resolve("whole");
    Invocation.of(longTraining(whole, steps)).ended(0);
    assertEquals(results(whole), results(run));
    assertEquals(matrices(checkpoint(whole, steps)), matrices(checkpoint(run, steps)));
  }

  @Test
  void divergenceKeepsWhatWasSeen() throws IOException {
    Path run = directory.resolve("run");
    Invocation diverged =
        Invocation.of(train(run, "fp32", 1, "--learning-rate 100 --checkpoint-every 1 --keep 3"))
            .ended(9);
    List<String> said = diverged.err().lines().toList();
    assertEquals("", diverged.out());
    String last = said.get(said.size() - 1);
    int lines = finished(run);
    assertTrue(lines > 1 && lines < STEPS, "lines: " + lines);
    assertTrue(last.matches("tangentflow: .* step " + lines + "[;: ].*"), last);
    assertTrue(last.contains("--learning-rate"), last);
    assertEquals(lines, newestCheckpoint(run), "the last step that was taken is saved");
    assertTrue(Files.readString(run.resolve("report.html")).contains("ends above its start"));
    List<String> before = results(run);
    Invocation report = Invocation.of("report", run).ended(0);
    assertTrue(report.out().contains("Only " + (lines - 1) + " of 12 steps"), report.out());
    assertEquals(last, Invocation.of("resume", run, "-q").ended(9).err().strip());
    assertEquals(before, results(run));
  }

  @Test
  void finishedRunIsLeftAsItIs() throws IOException {
    Path whole = directory.resolve("whole");
    Invocation first =
        Invocation.of(train(whole, "fp64", 1, "--learning-rate 0.02 --checkpoint-every 4"))
            .ended(0);
    List<String> lines = Files.readAllLines(whole.resolve("results.jsonl"));
    String report = Files.readString(whole.resolve("report.html"));
    Invocation again = Invocation.of("resume", whole).ended(0);
    assertEquals(first.out(), again.out());
    assertEquals(lines, Files.readAllLines(whole.resolve("results.jsonl")));
    assertEquals(report, Files.readString(whole.resolve("report.html")));
    assertEquals(first.out(), Invocation.of("report", whole).ended(0).out());
  }
}
