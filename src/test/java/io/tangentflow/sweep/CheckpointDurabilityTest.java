package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.ElementType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints of a JVM that is killed while it saves, or whose files cannot grow. */
class CheckpointDurabilityTest {

  private static final int KILLS = 20;
  private static final int KEEP = 2;
  private static final int N = 150;
  private static final ElementType TYPE = ElementType.FP64;

  @TempDir private Path parent;

  /** Saves after every step, from the newest checkpoint on, and says so when each is saved. */
  static final class Saving {
    public static void main(String[] args) {
      try (RunDirectory run = RunDirectory.open(Path.of(args[0]))) {
        Checkpoints checkpoints = new Checkpoints(run, KEEP);
        long step =
            checkpoints
                .latest(
                    damaged -> {
                      throw damaged;
                    })
                .map(Checkpoint::step)
                .orElse(0L);
        while (true) {
          step++;
          SavedMatrices.save(checkpoints, step, N, TYPE);
          System.out.println(step);
        }
      }
    }
  }

  /** Saves what fits and what does not, under a limit of the size of files. */
  static final class Failing {
    public static void main(String[] args) {
      try (RunDirectory run = RunDirectory.open(Path.of(args[0]))) {
        Checkpoints checkpoints = new Checkpoints(run, 1);
        SavedMatrices.save(checkpoints, 1, 5, TYPE);
        run.append(Map.of("line", 1));
        try {
          SavedMatrices.save(checkpoints, 2, 400, TYPE);
        } catch (RunDirectoryConflict e) {
          System.out.println(e.getMessage());
        }
        try {
          run.append(List.of(Map.of("line", 2), Map.of("line", "x".repeat(1 << 20))));
        } catch (RunDirectoryConflict e) {
          System.out.println(e.getMessage());
        }
        run.append(Map.of("line", 3));
      }
    }
  }

  private static List<String> java(Class<?> main, Path run) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        main.getName(),
        run.toString());
  }

  private static Process start(List<String> command, Path out) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(out.toFile())
        .start();
  }

  private static List<String> lines(Path out) throws IOException {
    String text = Files.exists(out) ? Files.readString(out) : "";
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
  }

  private static List<String> names(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void killedAtRandomMomentsItLosesNothingThatWasSaved() throws Exception {
    Path path = parent.resolve("run");
    SavedMatrices.run(path).close();
    Random random = new Random();
    int half = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Path out = parent.resolve("out" + kill);
      Process process = start(java(Saving.class, path), out);
      while (process.isAlive() && lines(out).size() < 1 + kill % 4) {
        Thread.sleep(1);
      }
      Thread.sleep(random.nextInt(30));
      process.destroyForcibly();
      assertTrue(process.waitFor(20, TimeUnit.SECONDS));
      List<String> saved = lines(out);
      half += names(path.resolve("checkpoints")).stream().anyMatch(AtomicFile::isLeftover) ? 1 : 0;
      assertWhole(path, Long.parseLong(saved.get(saved.size() - 1)));
    }
    assertTrue(half > 0, "of so many kills none was in the middle of a save");
  }

  private static void assertWhole(Path path, long saved) throws IOException {
    try (RunDirectory run = RunDirectory.open(path)) {
      Checkpoints checkpoints = new Checkpoints(run, KEEP);
      List<Long> steps = checkpoints.steps();
      long newest = steps.get(steps.size() - 1);
      // It may have been killed before it could say so, or before it deleted the oldest.
      assertTrue(newest == saved || newest == saved + 1, newest + " where " + saved + " was saved");
      assertTrue(steps.size() <= KEEP + 1, steps.toString());
      assertTrue(steps.size() >= Math.min(KEEP, newest), steps.toString());
      for (long step : steps) {
        SavedMatrices.assertWhole(checkpoints.read(step), N, TYPE);
      }
      assertEquals(
          steps.stream().map(step -> String.format("step-%010d", step)).toList(),
          names(path.resolve("checkpoints")));
    }
  }

  @Test
  void saveThatFailsInTheMiddleLeavesTheOthersAsTheyWere() throws Exception {
    Path path = parent.resolve("run");
    SavedMatrices.run(path).close();
    List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -f 400; exec \"$@\"", "sh"));
    command.addAll(java(Failing.class, path));
    Path out = parent.resolve("out");
    Process process = start(command, out);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    List<String> said = lines(out);
    assertEquals(0, process.exitValue(), said.toString());
    assertEquals(2, said.size(), said.toString());
    assertTrue(said.get(0).startsWith(path + "/checkpoints/step-0000000002: "), said.get(0));
    assertTrue(said.get(0).contains("cannot be written (File too large)"), said.get(0));
    assertTrue(said.get(0).contains("earlier checkpoints are as they were"), said.get(0));
    assertTrue(said.get(1).contains("cannot be appended to (File too large)"), said.get(1));
    assertEquals(List.of("step-0000000001"), names(path.resolve("checkpoints")));
    try (RunDirectory run = RunDirectory.open(path)) {
      SavedMatrices.assertWhole(new Checkpoints(run, 1).read(1), 5, TYPE);
      List<Integer> numbers =
          run.lines(JsonNode.class).stream().map(line -> line.get("line").asInt()).toList();
      assertEquals(List.of(1, 3), numbers);
      assertFalse(Files.readString(path.resolve("results.jsonl")).contains("x"));
    }
  }
}
