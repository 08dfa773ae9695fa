package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.testing.Reliability;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands in JVMs whose heap is too small, from one that has no room for the program itself to one
 * that has for all: each ends by itself with its result, or with one sentence and an exit code, and
 * with no part of a file. DIR in a command is a directory of its own.
 */
@Tag("reliability")
class SmallHeapTest {

  private static final Path KERNEL = Path.of("kernel.npy");

  private static final List<String> COLLECTORS = List.of("Parallel", "G1", "Serial");

  /** Of FP32 sums in other orders, where a smaller budget takes other blocks. */
  private static final double TOLERANCE = 1e-5;

  private static final int AMPLE = 512;

  private static final List<String> COMMANDS =
      List.of(
          "ntk --width 64 --samples 300 --depth 2 --out DIR/K.npy",
          "limit --samples 500 --out DIR/K.npy",
          "spectrum KERNEL --out DIR/l.npy",
          "certify --samples 200",
          "predict --samples 300 --test-samples 20 --out DIR/predicted",
          "ensemble --networks 4000 --samples 10 --width 8 --depth 2 --out DIR/f.npy");

  /** What goes on where it was left; their budget fixes the order of their sums. */
  private static final List<String> RUNS =
      List.of(
          "ntk --width 32 --samples 60 --depth 2 --memory 2m --tile 10 --store DIR/store",
          "train --width 128 --samples 60 --targets indicator --depth 2 --steps 4 --kernel-every 2"
              + " --checkpoint-every 1 --predict none --memory 4m --out DIR/run",
          "sweep --width 16,256 --seeds 1 --samples 80 --depth 2 --memory 4m --out DIR/run");

  @TempDir private Path scratch;

  /** A command in a heap of so many MiB. */
  private Invocation run(String line, int heap, String collector) throws Exception {
    String words =
        line.replace("DIR", directory().toString())
                .replace("KERNEL", scratch.resolve(KERNEL).toString())
            + " -q";
    List<String> flags = List.of("-Xmx" + heap + "m", "-XX:+Use" + collector + "GC");
    Path err = scratch.resolve("err");
    Path out = scratch.resolve("out");
    Process process = Invocation.start(flags, out, err, (Object[]) words.split(" +", -1));
    try {
      assertTrue(process.waitFor(5, TimeUnit.MINUTES), line + " in " + heap + "m ends by itself");
    } finally {
      process.destroyForcibly();
    }
    List<String> said =
        Files.readAllLines(err).stream()
            .filter(each -> !each.startsWith("WARNING: "))
            // From JDK 21 on it tells of each exit, if there is room.
            .filter(each -> !each.startsWith("Runtime.exit("))
            .toList();
    return new Invocation(process.exitValue(), Files.readString(out), String.join("\n", said));
  }

  private Path directory() {
    return scratch.resolve("directory");
  }

  private Written unhindered(String line) throws Exception {
    run(line, AMPLE, "Parallel").ended(0);
    Written result = Written.in(directory());
    Written.clear(directory());
    return result;
  }

  /** How a command ends, one after another of growing heaps. */
  private void tryAll(List<String> commands, List<Integer> heaps, boolean goOn) throws Exception {
    Files.createDirectories(directory());
    int turn = 0;
    for (String line : commands) {
      Written expected = unhindered(line);
      Map<String, Integer> ends = new TreeMap<>();
      for (int heap : heaps) {
        String collector = COLLECTORS.get(turn++ % COLLECTORS.size());
        String when = line + ", heap of " + heap + "m, " + collector;
        Invocation hindered = run(line, heap, collector);
        ends.merge(end(hindered, when), 1, Integer::sum);
        double tolerance = goOn ? 0 : TOLERANCE;
        if (hindered.code() == 0) {
          Written.in(directory()).assertPartOf(expected, tolerance, when);
          assertEquals(
              expected.matrices().keySet(), Written.in(directory()).matrices().keySet(), when);
        } else {
          assertEquals("", hindered.out(), when);
          Written.in(directory()).assertPartOf(expected, tolerance, when);
        }
        if (goOn) {
          boolean begun = Files.exists(directory().resolve("run/run.json"));
          run(begun ? "resume DIR/run" : line, AMPLE, collector).ended(0);
          Written.in(directory()).assertSame(expected, when);
        }
        Written.clear(directory());
      }
      assertTrue(ends.containsKey("done"), line + ": " + ends);
      if (Reliability.full()) {
        assertTrue(ends.containsKey("exit code 5"), line + ": " + ends);
        Reliability.figures(
            "'"
                + line.substring(0, line.indexOf(' '))
                + "' in "
                + heaps.size()
                + " heaps of "
                + heaps
                + " MiB",
            ends + " (" + line + ")");
      }
    }
  }

  /** What the end of a command is called; no other end is right. */
  private static String end(Invocation ended, String when) {
    if (ended.code() == 0) {
      return "done";
    }
    if (ended.code() == 1 && !ended.err().contains("tangentflow")) {
      return "the JVM does not reach the program";
    }
    if (ended.code() == 1 && ended.err().contains("UncaughtExceptionHandler")) {
      // The sentence is there, but the JVM has no room for its own exit.
      assertTrue(ended.err().startsWith("tangentflow: the JVM's heap is too small to begin"), when);
      return "said, and the JVM fails to exit";
    }
    assertEquals(1, ended.err().lines().count(), when + ": " + ended);
    assertTrue(ended.err().startsWith("tangentflow: "), when + ": " + ended);
    assertTrue(ended.err().contains("TANGENTFLOW_OPTS=-Xmx"), when + ": " + ended);
    boolean more = ended.code() == 2 && ended.err().contains("--memory: ");
    assertTrue(ended.code() == 5 || more, when + ": " + ended);
    return more ? "--memory is more than there is" : "exit code 5";
  }

  private static List<String> some(List<String> all) {
    return all.subList(0, Reliability.count(1, all.size()));
  }

  @Test
  void aCommandInASmallHeapIsDoneOrSaysThatThereIsNoMemory() throws Exception {
    Invocation.of("limit", "--samples", 600, "--out", scratch.resolve(KERNEL), "-q").ended(0);
    List<Integer> heaps =
        Reliability.full()
            ? List.of(8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 48, 64)
            : List.of(10, 14, 40);
    tryAll(some(COMMANDS), heaps, false);
  }

  @Test
  void aRunThatEndsForWantOfHeapGoesOnInALargerOne() throws Exception {
    tryAll(
        some(RUNS),
        Reliability.full() ? List.of(12, 14, 16, 18, 20, 24, 32, 48) : List.of(18, 64),
        true);
  }
}
