package io.tangentflow.cli;

import static java.util.Map.entry;

import java.util.Map;

/** Lines of other programs than this that the pages show, and what executes them. */
final class ShellLines {

  private static final String CI = ".ci/run";

  /**
   * What executes lines of a program.
   *
   * @param file of this project, that has lines like it
   * @param like what stands in that file; empty where nothing executes such lines, and {@code file}
   *     says why
   */
  record Kind(String file, String like) {}

  /** By program, and the project that Maven is given. */
  static final Map<String, Kind> KINDS =
      Map.ofEntries(
          entry("mvn", new Kind(CI, "mvn -B -ntp clean verify")),
          entry("mvn -f benchmarks/pom.xml", new Kind(CI, "-f benchmarks/pom.xml clean verify")),
          entry("mvn -f spark/pom.xml", new Kind("it fetches 130 MB", "")),
          entry("java", new Kind("LibraryTest and the benchmarks' tests run what it runs", "")),
          entry("jfr", new Kind("it reads a recording of a benchmark of minutes", "")),
          entry(
              "python3",
              new Kind(
                  "src/test/java/io/tangentflow/cli/ExecutedCommandsTest.java", "\"python3\"")),
          entry(
              "spark/cluster",
              new Kind(
                  "src/test/java/io/tangentflow/sweep/spark/LoopbackCluster.java",
                  "src/dist/spark/cluster")),
          entry("spark-submit", new Kind("it is of a distribution of Spark", "")),
          entry("rm", new Kind("it removes", "")),
          entry("docker", new Kind("docker is not there where the tests run", "")),
          entry("curl", new Kind("it fetches files", "")));

  private ShellLines() {}

  /** The key of a line. */
  static String kind(String line) {
    String program = DocumentedLine.program(line).replaceFirst("^target/tangentflow/", "");
    return line.matches("mvn.* -f .*") ? line.replaceFirst(".*?( -f \\S+).*", "mvn$1") : program;
  }
}
