package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.testing.Reliability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Commands that are killed at random moments, from the start of their JVM to their report, and gone
 * on with until they are killed again, end with the results of an undisturbed run.
 */
@Tag("reliability")
class KilledRunsTest {

  private static final int KILLS_OF_ONE_RUN = 4;
  private static final int INTERVAL = 10;
  private static final long ON_ITS_WAY = -1;

  /** What is killed, and how often: in every build, and where all is tried. */
  private enum Killed {
    SWEEP(
        4,
        60,
        "sweep --width 16,32,64 --seeds 4 --activation softplus,relu --samples 20"
            + " --backend cpu-vector --threads 1"),
    STORE(
        4,
        60,
        "ntk --samples 45 --width 64 --depth 2 --precision fp64 --gram structured --tile 4"
            + " --backend cpu-scalar"),
    TRAINING(
        8,
        60,
        "train --samples 6 --test-samples 0 --width 24 --depth 2 --learning-rate 0.001 --steps 300"
            + " --checkpoint-every 10 --kernel-every 0 --predict none --backend cpu-vector"
            + " --threads 1"),
    REPRODUCTION(1, 20, "reproduce fig13 --scale smoke --backend cpu-vector --threads 1");

    private final int usual;
    private final int full;
    private final String words;

    Killed(int usual, int full, String words) {
      this.usual = usual;
      this.full = full;
      this.words = words;
    }

    /** Goes on with it, or begins it where it was not begun. */
    Object[] command(Path directory) {
      if (Files.exists(directory.resolve("run.json"))) {
        return new Object[] {"resume", directory};
      }
      List<Object> all = new ArrayList<>(Arrays.asList((Object[]) words.split(" ", -1)));
      all.addAll(this == STORE ? List.of("--json", "--store") : List.of("--out"));
      all.add(directory);
      return all.toArray();
    }

    private boolean begun(Path directory) {
      return Files.exists(directory.resolve(this == STORE ? "store.json" : "run.json"));
    }

    /** When something was last finished, or null. */
    private FileTime last(Path directory) throws IOException {
      Path changes = directory.resolve(this == STORE ? "tiles" : "results.jsonl");
      return Files.exists(changes) ? Files.getLastModifiedTime(changes) : null;
    }

    /** The units that are on the disk: none of them is to be computed again. */
    Set<String> finished(Path directory) {
      return switch (this) {
        case SWEEP, REPRODUCTION ->
            new HashSet<>(RunFiles.lines(directory.resolve("results.jsonl")));
        case STORE ->
            RunFiles.contents(directory).keySet().stream()
                .filter(name -> name.endsWith(".tile"))
                .collect(Collectors.toSet());
        case TRAINING ->
            RunFiles.lines(directory.resolve("results.jsonl")).stream()
                .limit(newestCheckpoint(directory))
                .collect(Collectors.toSet());
      };
    }

    private static int newestCheckpoint(Path run) {
      return RunFiles.contents(run.resolve("checkpoints")).keySet().stream()
          .mapToInt(name -> Integer.parseInt(name.substring("step-".length(), name.indexOf('/'))))
          .max()
          .orElse(0);
    }
  }

  @TempDir private Path parent;

  private final Random random = new Random();
  private int kills;
  private int inStart;
  private int resumes;

  /** Milliseconds that the last process had. */
  private long took;

  @ParameterizedTest
  @EnumSource
  void killedAtRandomMomentsItEndsWithTheSameResults(Killed what) throws Exception {
    Path whole = parent.resolve("whole");
    assertEquals(0, kill(what, whole, Long.MAX_VALUE));
    long millis = took;

    int wanted = Reliability.count(what.usual, what.full);
    int runs = 0;
    while (kills < wanted) {
      Path run = parent.resolve("run-" + runs++);
      int killed = 1 + random.nextInt(KILLS_OF_ONE_RUN);
      for (int i = 0; i < killed && kills < wanted; i++) {
        Set<String> before = what.finished(run);
        // The start takes most of the time: half of them are killed later.
        if (kill(what, run, random.nextBoolean() ? random.nextLong(millis) : ON_ITS_WAY) == 0) {
          millis = i == 0 ? took : millis;
          break; // It was faster.
        }
        assertNothingLost(what, before, run);
      }
      goOnToTheEnd(what, run);
      assertEquals(Set.of(), RunFiles.differences(whole, run));
      if (what == Killed.STORE) {
        // Where others may be writing too, what is left goes when it is old.
        RunFiles.age(run);
        Invocation.of(what.command(run)).ended(0);
      }
      assertEquals(List.of(), RunFiles.leftovers(run));
      RunFiles.delete(run);
    }
    Reliability.figures(
        "SIGKILL, " + what,
        String.format(
            "%d kills, %d of them before anything was on the disk; %d runs, gone on with %d times;"
                + " 0 finished units lost, 0 computed again",
            kills, inStart, runs, resumes));
  }

  /**
   * Runs it in a JVM of its own, for that long at most, or until shortly after it has finished
   * something; its exit code, 0 where it came to its end.
   */
  private int kill(Killed what, Path run, long millis) throws Exception {
    resumes += what.begun(run) ? 1 : 0;
    Path err = parent.resolve("err");
    FileTime before = what.last(run);
    Process process =
        Invocation.start(
            List.of("-Xmx256m", "-XX:-UsePerfData"), parent.resolve("out"), err, what.command(run));
    long start = System.nanoTime();
    if (millis == ON_ITS_WAY) {
      while (process.isAlive() && Objects.equals(before, what.last(run))) {
        Thread.sleep(1);
      }
      process.waitFor(random.nextInt(50), TimeUnit.MILLISECONDS);
    } else {
      process.waitFor(millis, TimeUnit.MILLISECONDS);
    }
    took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) + 1;
    process.destroyForcibly();
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    int code = process.exitValue();
    assertTrue(code == 0 || code == 128 + 9, code + ": " + Files.readString(err));
    return code;
  }

  private void assertNothingLost(Killed what, Set<String> before, Path run) {
    kills++;
    Set<String> after = what.finished(run);
    inStart += after.isEmpty() ? 1 : 0;
    assertTrue(after.containsAll(before));
    if (what == Killed.TRAINING) {
      int newest = Killed.newestCheckpoint(run);
      int lines = RunFiles.lines(run.resolve("results.jsonl")).size();
      assertTrue(lines <= newest + INTERVAL, lines + " lines, saved at " + newest);
    }
  }

  /** In this JVM; it says how much there is to do. */
  private void goOnToTheEnd(Killed what, Path run) throws IOException {
    resumes += what.begun(run) ? 1 : 0;
    int finished = what.finished(run).size();
    int step = Killed.newestCheckpoint(run);
    Invocation last = Invocation.of(what.command(run)).ended(0);
    switch (what) {
      case SWEEP -> assertSaid(last, (24 - finished) + " of 24 networks to compute");
      case STORE -> assertEquals(78 - finished, last.json().get("computed").asInt());
      case TRAINING -> {
        if (step > 0) {
          assertSaid(last, "going on from step " + step);
        }
      }
      case REPRODUCTION -> assertEquals(6, what.finished(run).size());
    }
  }

  private static void assertSaid(Invocation invocation, String words) {
    assertTrue(invocation.err().contains(words), invocation.err());
  }
}
