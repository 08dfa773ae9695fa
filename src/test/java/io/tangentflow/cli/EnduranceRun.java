package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.cli.BackToBack.Mix;
import io.tangentflow.testing.Footprint;
import io.tangentflow.testing.Footprint.Kind;
import io.tangentflow.testing.Growth;
import io.tangentflow.testing.Reliability;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What a JVM held that ran jobs back to back.
 *
 * @param mix of which jobs
 * @param jobs in a round
 * @param footprints after each round that was no warm-up
 * @param warmup rounds before them
 */
record EnduranceRun(Mix mix, int jobs, List<Footprint> footprints, int warmup) {

  /**
   * Runs them in a JVM whose heap has a fixed size and lies in memory from the start, so that its
   * resident memory grows by what is not heap alone. It is one that compiles what runs twice, once
   * and for all, and reflects without making classes: otherwise code and accessors that come with
   * the hundredth call of a method look like something that jobs leave behind.
   *
   * @param keep of what each job shall keep something, or nothing
   */
  static EnduranceRun of(Path scratch, Mix mix, int rounds, int warmup, String... keep)
      throws Exception {
    Path directory = Files.createTempDirectory(scratch, "run");
    Path temporary = Files.createDirectory(directory.resolve("tmp"));
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xms256m",
                "-Xmx256m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseParallelGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:CompileThresholdScaling=0.005",
                // Of JDK 17, and of the later ones.
                "-Dsun.reflect.inflationThreshold=" + Integer.MAX_VALUE,
                "-Djdk.reflect.useNativeAccessorOnly=true",
                "-Djava.io.tmpdir=" + temporary));
    if (mix == Mix.CUDA) {
      command.add("-Dcuda.emulator.dir=" + System.getProperty("cuda.emulator.dir"));
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(
        List.of(BackToBack.class.getName(), mix.name(), "" + rounds, directory.toString()));
    command.addAll(List.of(keep));
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    Process process = Invocation.start(command, out, err);
    try {
      assertTrue(process.waitFor(1, TimeUnit.HOURS), "the jobs end");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(0, process.exitValue(), Files.readString(err));
    List<String> lines = Files.readAllLines(out);
    assertEquals(rounds + 1, lines.size());
    return new EnduranceRun(
        mix,
        Integer.parseInt(lines.get(0)),
        lines.stream().skip(1L + warmup).map(Footprint::parse).toList(),
        warmup);
  }

  /** How much more of it is held after each job. */
  Growth growth(Kind kind) {
    return Growth.of(footprints, jobs, footprint -> footprint.of(kind));
  }

  /**
   * What a job may add at most.
   *
   * @param many whether there are so many jobs that nothing is met for the first time any more:
   *     classes, code that is compiled
   */
  static double bound(Kind kind, boolean many) {
    return switch (kind) {
      case HEAP -> many ? 1000 : 20_000;
      case METASPACE -> many ? 4000 : 100_000;
      case CLASSES -> many ? 0.1 : 10;
      case DIRECT -> many ? 100 : 1000;
      case RESIDENT -> many ? 8000 : 1_000_000;
      case MAPPINGS -> many ? 0.05 : 2;
      case FILES, THREADS, TEMPORARY -> many ? 0.01 : 0.2;
    };
  }

  /**
   * Of nothing more is held after each job than its bound: of many jobs with confidence, of a few,
   * whose slope has no interval worth the name, as the slope stands.
   */
  void assertFlat(boolean many) {
    int measured = footprints.size() * jobs;
    List<String> above = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      Growth growth = growth(kind);
      double bound = bound(kind, many);
      if (many) {
        Reliability.figures(
            String.format(
                "%d jobs back to back (%s), %d of them after the warm-up",
                measured + warmup * jobs, mix, measured),
            String.format(
                "%s %s per job, 95 %% confidence, bound %s; at the end %d",
                growth, kind.unit(), bound, footprints.get(footprints.size() - 1).of(kind)));
      }
      if (many ? !growth.isWithin(bound) : growth.perJob() > bound) {
        above.add(growth + " " + kind.unit());
      }
    }
    assertEquals(List.of(), above);
  }
}
