package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A loop in a JVM of its own, and the signals that a terminal or a scheduler would send it. */
class InterruptionTest {

  private static final int INTERRUPTED = 130;
  private static final int TERMINATED = 143;

  /** How the loop takes a request to stop. */
  enum Manner {
    SAVES,
    SAVES_SLOWLY,
    HANGS,
    FAILS,
    IS_LEFT_AT_ONCE,
    ENDS_BY_ITSELF
  }

  @Command(name = "loop")
  static final class Loop implements Callable<Integer> {
    @Mixin private Console console;
    @Parameters private Manner manner;
    @Parameters private Path directory;

    public static void main(String[] args) {
      CommandLine loop = new CommandLine(new Loop());
      loop.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
      System.exit(loop.execute(args));
    }

    @Override
    public Integer call() throws Exception {
      Path run = directory.resolve("my run");
      try (Interruption interruption =
          switch (manner) {
            case IS_LEFT_AT_ONCE -> Interruption.atOnce(console, run, "");
            case HANGS -> Interruption.afterStep(console, run, Duration.ofSeconds(1));
            default -> Interruption.afterStep(console, run, Duration.ofSeconds(30));
          }) {
        Files.createFile(directory.resolve("begun"));
        while (manner != Manner.ENDS_BY_ITSELF && !stops(interruption)) {
          Thread.sleep(10);
        }
        if (manner == Manner.FAILS) {
          throw new IllegalStateException("the loop's own failure");
        }
        Thread.sleep(manner == Manner.SAVES_SLOWLY ? 1500 : 300);
        Files.createFile(directory.resolve("saved"));
        interruption.saved();
      }
      return 0;
    }

    private boolean stops(Interruption interruption) {
      return interruption.stopRequested()
          && manner != Manner.HANGS
          && manner != Manner.IS_LEFT_AT_ONCE;
    }
  }

  @TempDir private Path directory;

  private Process start(Manner manner, String... options) throws Exception {
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    List<String> command = new ArrayList<>();
    // A shell's background job would have the signal ignored, and so its children.
    command.addAll(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Loop.class.getName(), manner.name(), directory.toString()));
    command.addAll(List.of(options));
    Process process = Invocation.start(command, out, err);
    while (process.isAlive() && !Files.exists(directory.resolve("begun"))) {
      Thread.sleep(1);
    }
    return process;
  }

  private static void send(String signal, Process process) throws Exception {
    new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start().waitFor();
  }

  private List<String> ended(int code, Process process) throws Exception {
    try {
      assertTrue(process.waitFor(20, TimeUnit.SECONDS), "the child ends by itself");
    } finally {
      process.destroyForcibly();
    }
    List<String> err = Files.readAllLines(directory.resolve("err"));
    assertEquals(code, process.exitValue(), err.toString());
    return err;
  }

  private boolean saved() {
    return Files.exists(directory.resolve("saved"));
  }

  private String advice() {
    return "go on with: tangentflow resume '" + directory.resolve("my run") + "'";
  }

  @Test
  void loopIsWaitedForUntilItHasSaved() throws Exception {
    Process process = start(Manner.SAVES);
    send("INT", process);
    List<String> err = ended(INTERRUPTED, process);
    assertTrue(saved());
    assertEquals(
        List.of(
            "stopping after this step, in 30 s at the latest",
            "stopped; all is saved; " + advice()),
        err);
  }

  @Test
  void secondSignalNeitherEndsTheSaveNorHoldsTheEndUp() throws Exception {
    Process process = start(Manner.SAVES_SLOWLY);
    send("INT", process);
    Thread.sleep(200);
    assertFalse(saved(), "the save takes longer than this");
    send("INT", process);
    List<String> err = ended(INTERRUPTED, process);
    assertTrue(saved());
    assertEquals(2, err.size(), err.toString());
  }

  @Test
  void loopThatDoesNotEndIsLeftWhenTheTimeIsOver() throws Exception {
    Process process = start(Manner.HANGS);
    send("INT", process);
    List<String> err = ended(INTERRUPTED, process);
    assertFalse(saved());
    assertEquals(
        "warning: the step took too long and is lost; what was saved is kept; " + advice(),
        err.get(err.size() - 1));
  }

  @Test
  void loopThatFailsIsNotSaidToHaveSaved() throws Exception {
    Process process = start(Manner.FAILS);
    send("INT", process);
    List<String> err = ended(INTERRUPTED, process);
    assertTrue(err.contains("stopped; what was saved is kept; " + advice()), err.toString());
  }

  @Test
  void runThatCanBeLeftAtAnyMomentIs() throws Exception {
    Process process = start(Manner.IS_LEFT_AT_ONCE);
    send("INT", process);
    assertEquals(
        List.of("stopped; what is finished is kept; " + advice()), ended(INTERRUPTED, process));
  }

  @Test
  void requestToTerminateIsTakenAlike() throws Exception {
    Process process = start(Manner.SAVES, "--quiet");
    send("TERM", process);
    assertEquals(List.of(), ended(TERMINATED, process));
    assertTrue(saved());
  }

  @Test
  void loopThatEndsByItselfIsNotSaidToBeStopped() throws Exception {
    assertEquals(List.of(), ended(0, start(Manner.ENDS_BY_ITSELF)));
    assertTrue(saved());
  }
}
