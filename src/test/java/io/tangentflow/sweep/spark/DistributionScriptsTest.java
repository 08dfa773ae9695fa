package io.tangentflow.sweep.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts of the distribution, with programs in their way that print what they are given. */
class DistributionScriptsTest {

  private static final Path SCRIPTS = Path.of("src/dist").toAbsolutePath();

  @TempDir private Path root;
  private Path launcher;
  private Path jdk;

  @BeforeEach
  void layOut() throws IOException {
    launcher = root.resolve("home/bin/tangentflow");
    Files.createDirectories(launcher.getParent());
    Files.copy(SCRIPTS.resolve("tangentflow"), launcher);
    jdk = root.resolve("jdk");
    program(jdk.resolve("bin/java"), "printf '%s\\n' \"$@\"");
  }

  private static void program(Path file, String body) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    assertTrue(file.toFile().setExecutable(true));
  }

  /**
   * What a script is seen to do.
   *
   * @param output with its errors
   */
  private record Seen(int exitCode, String output) {}

  private Seen run(Path script, Map<String, String> environment, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", script.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("SPARK_HOME");
    builder.environment().remove("HADOOP_CONF_DIR");
    builder.environment().put("JAVA_HOME", jdk.toString());
    builder.environment().put("TANGENTFLOW_CLUSTER", root.resolve("state").toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Seen(process.waitFor(), output);
  }

  private List<String> launch(Map<String, String> environment, String... arguments)
      throws Exception {
    Seen seen = run(launcher, environment, arguments);
    assertEquals(0, seen.exitCode(), seen.output());
    return seen.output().lines().toList();
  }

  private static String classPath(List<String> words) {
    return words.get(words.indexOf("-cp") + 1);
  }

  @Test
  void aRunOfOneProcessIsStartedWithoutSpark() throws Exception {
    Map<String, String> spark = Map.of("SPARK_HOME", "/opt/spark");
    List<String> words = launch(spark, "sweep", "--out", "on");
    assertEquals(root.resolve("home") + "/lib/*", classPath(words));
    assertFalse(words.stream().anyMatch(word -> word.contains("spark")), "" + words);
  }

  @Test
  void aRunOnAClusterIsStartedWithSparksJarsAndOptions() throws Exception {
    Map<String, String> spark =
        Map.of("SPARK_HOME", "/opt/spark", "HADOOP_CONF_DIR", "/etc/hadoop");
    String home = root.resolve("home").toString();
    for (List<String> on : List.of(List.of("--on", "yarn"), List.of("--on=yarn"))) {
      List<String> arguments = new ArrayList<>(List.of("sweep", "--out", "a run"));
      arguments.addAll(on);
      List<String> words = launch(spark, arguments.toArray(String[]::new));
      assertEquals("/etc/hadoop:/opt/spark/jars/*:" + home + "/lib/*", classPath(words));
      assertTrue(words.contains("@" + home + "/spark/java-options"), "" + words);
      assertEquals(arguments, words.subList(words.size() - arguments.size(), words.size()));
    }
  }

  @Test
  void withoutSparkTheProgramItselfTellsWhatIsMissing() throws Exception {
    List<String> words = launch(Map.of(), "sweep", "--on", "yarn");
    assertEquals(root.resolve("home") + "/lib/*", classPath(words));
  }

  @Test
  void theGpusOfAMachineArePrintedAsSparkReadsThem() throws Exception {
    Path smi = root.resolve("smi");
    program(smi.resolve("nvidia-smi"), "printf '0\\n1\\n11\\n'");
    Map<String, String> path = Map.of("PATH", smi + ":" + System.getenv("PATH"));
    assertEquals(
        new Seen(0, "{\"name\": \"gpu\", \"addresses\": [\"0\", \"1\", \"11\"]}\n"),
        run(SCRIPTS.resolve("spark/discover-gpus"), path));
  }

  @Test
  void aMachineWhoseDriverDoesNotAnswerHasNoGpus() throws Exception {
    Path smi = root.resolve("smi");
    program(smi.resolve("nvidia-smi"), "echo 'no devices were found'; exit 6");
    Map<String, String> path = Map.of("PATH", smi + ":" + System.getenv("PATH"));
    assertEquals(6, run(SCRIPTS.resolve("spark/discover-gpus"), path).exitCode());
  }

  @Test
  void aClusterIsNotStartedFromWhereThereIsNoSpark() throws Exception {
    Path cluster = SCRIPTS.resolve("spark/cluster");
    Seen unset = run(cluster, Map.of(), "start");
    assertEquals(1, unset.exitCode());
    assertTrue(unset.output().contains("SPARK_HOME is not set"), unset.output());
    Seen empty = run(cluster, Map.of("SPARK_HOME", root.toString()), "start");
    assertEquals(1, empty.exitCode());
    assertTrue(empty.output().contains("there is no spark-core_2.13 in"), empty.output());
    Seen stopped = run(cluster, Map.of(), "status");
    assertEquals(1, stopped.exitCode());
    assertTrue(stopped.output().contains("no cluster was started here"), stopped.output());
    assertEquals(2, run(cluster, Map.of(), "begin").exitCode());
    assertEquals(2, run(cluster, Map.of(), "start", "--worker", "2").exitCode());
    assertFalse(Files.exists(root.resolve("state")));
  }

  @Test
  void aMasterThatDiesAtItsStartIsToldWithItsLog() throws Exception {
    Files.createDirectories(root.resolve("spark/jars"));
    Files.createFile(root.resolve("spark/jars/spark-core_2.13-4.2.0.jar"));
    Seen seen =
        run(
            SCRIPTS.resolve("spark/cluster"),
            Map.of("SPARK_HOME", root.resolve("spark").toString()),
            "start");
    assertEquals(1, seen.exitCode());
    assertTrue(
        seen.output().contains("master has ended; its log is " + root.resolve("state/master.log")),
        seen.output());
    assertTrue(Files.exists(root.resolve("state/master.log")));
  }
}
