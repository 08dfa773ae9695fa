package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who asks for no cluster needs nothing of Spark; who asks for one is told what is missing. */
class ClustersTest {

  private static final Pattern FOREIGN =
      Pattern.compile("org/apache/(spark|hadoop)|/spark-|/hadoop-|/scala-");

  /** Opens a cluster in a JVM of its own. */
  static final class Open {
    private Open() {}

    public static void main(String[] args) {
      try {
        Clusters.open(args[0], "/tmp", "auto", 1);
      } catch (TangentFlowException e) {
        System.out.println(e.exitCode() + " " + e.getMessage());
      }
    }
  }

  private static List<String> classPath() {
    return Arrays.asList(
        System.getProperty("java.class.path").split(Pattern.quote(File.pathSeparator), -1));
  }

  private static String java(List<String> classPath, List<String> arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                String.join(File.pathSeparator, classPath)));
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  @Test
  void withoutSparksJarsAClusterIsRefusedInOneSentence() throws Exception {
    List<String> own =
        classPath().stream()
            .filter(entry -> !FOREIGN.matcher(entry.replace(File.separatorChar, '/')).find())
            .toList();
    assertTrue(own.size() < classPath().size(), "no jar of Spark was left out");
    assertEquals(
        "12 Spark is not on the class path; let SPARK_HOME name a directory with Spark 4.2's jars/"
            + " and start bin/tangentflow, or use spark-submit (docs/scale.md)\n",
        java(own, List.of(Open.class.getName(), "spark://127.0.0.1:7077")));
  }

  @Test
  void aSweepOfThisProcessLoadsNoClassOfSpark(@TempDir Path root) throws Exception {
    String loaded =
        java(
            // Without the units that tests of clusters add.
            classPath().stream().filter(entry -> !entry.endsWith("test-classes")).toList(),
            List.of(
                "-Xlog:class+load",
                "io.tangentflow.cli.Main",
                "sweep",
                "--width=8",
                "--depth=2",
                "--samples=4",
                "--seeds=1",
                "--out=" + root.resolve("run")));
    List<String> lines = loaded.lines().toList();
    assertTrue(loaded.contains("io.tangentflow.sweep.RunDirectory "), "classes are not listed");
    assertEquals(
        "",
        lines.stream()
            .filter(line -> line.contains("] org.apache.spark.") || line.contains("] scala."))
            .collect(Collectors.joining("\n")));
    assertEquals(
        0,
        Stream.of("] org.apache.hadoop.", "] io.tangentflow.sweep.spark.")
            .filter(loaded::contains)
            .count());
  }
}
