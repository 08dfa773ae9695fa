package io.tangentflow.sweep.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.sweep.Clusters;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.launcher.JavaModuleOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("cluster")
class SparkSettingsTest {

  @Test
  @Timeout(30)
  void aMasterThatDoesNotAnswerIsMissedInOneSentence() {
    ClusterFailure failure =
        assertThrows(
            ClusterFailure.class, () -> Clusters.open("spark://127.0.0.1:1", "/tmp", "auto", 1));
    assertEquals(12, failure.exitCode());
    assertTrue(
        failure.getMessage().startsWith("no master answers at spark://127.0.0.1:1 ("),
        failure.getMessage());
  }

  @Test
  void aMasterWithoutAPortIsRefused() {
    for (String master : List.of("spark://somewhere", "spark://", "spark://a b:7077")) {
      InvalidConfiguration refusal =
          assertThrows(
              InvalidConfiguration.class, () -> SparkSettings.of(master, "auto", 1), master);
      assertTrue(refusal.getMessage().startsWith("--on: "), refusal.getMessage());
    }
  }

  @Test
  @Timeout(60)
  void aKindOfMasterThatSparkDoesNotKnowIsRefused() {
    InvalidConfiguration failure =
        assertThrows(
            InvalidConfiguration.class,
            () -> Clusters.open("mesos://host:5050", "/tmp", "auto", 1));
    assertTrue(
        failure.getMessage().startsWith("--on: 'mesos://host:5050' is no master of Spark"),
        failure.getMessage());
  }

  @Test
  void oneUnitHasAProcessWithItsThreadsAsCores() {
    SparkConf settings = SparkSettings.of("yarn", "auto", 6);
    assertEquals("6", settings.get("spark.task.cpus"));
    assertEquals("6", settings.get("spark.executor.cores"));
    assertFalse(settings.contains("spark.executor.resource.gpu.amount"));
    assertFalse(settings.contains("spark.driver.host"));
    assertTrue(
        settings
            .get("spark.executor.extraJavaOptions")
            .endsWith("--enable-native-access=ALL-UNNAMED"));
  }

  @Test
  void aMasterOnLoopbackSpeaksToADriverOnLoopback() throws IOException {
    try (ServerSocket master = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      SparkConf settings =
          SparkSettings.of("spark://127.0.0.1:" + master.getLocalPort(), "cuda", 1);
      assertEquals("127.0.0.1", settings.get("spark.driver.host"));
      assertEquals("1", settings.get("spark.executor.resource.gpu.amount"));
      assertEquals("1", settings.get("spark.task.resource.gpu.amount"));
    }
  }

  @Test
  void gpusAreFoundByAScriptWhereWorkersHaveNone() {
    for (String master : List.of("yarn", "k8s://https://host:6443")) {
      InvalidConfiguration refusal =
          assertThrows(
              InvalidConfiguration.class, () -> SparkSettings.of(master, "cuda", 1), master);
      assertTrue(refusal.getMessage().contains("spark/discover-gpus"), refusal.getMessage());
    }
  }

  @Test
  void settingsOfTheUserStand() {
    System.setProperty("spark.executor.cores", "3");
    System.setProperty("spark.executor.extraJavaOptions", "-XX:+UseParallelGC");
    try {
      SparkConf settings = SparkSettings.of("yarn", "auto", 2);
      assertEquals("3", settings.get("spark.executor.cores"));
      assertEquals(
          "-XX:+UseParallelGC --enable-native-access=ALL-UNNAMED",
          settings.get("spark.executor.extraJavaOptions"));
    } finally {
      System.clearProperty("spark.executor.cores");
      System.clearProperty("spark.executor.extraJavaOptions");
    }
  }

  @Test
  void theDriverIsStartedWithTheOptionsThatSparkAsksFor() throws IOException {
    assertEquals(
        List.of(JavaModuleOptions.defaultModuleOptionArray()),
        Files.readAllLines(Path.of("src/dist/spark/java-options")));
  }

  @Test
  void theJarsOfAClusterAreOfTheVersionThatIsCompiledAgainst() throws IOException {
    for (String property : List.of("spark.version", "jackson.version")) {
      assertEquals(
          version(Path.of("pom.xml"), property),
          version(Path.of("src/dist/spark/pom.xml"), property));
    }
  }

  private static String version(Path pom, String property) throws IOException {
    Matcher matcher = Pattern.compile("<" + property + ">([^<]+)</").matcher(Files.readString(pom));
    assertTrue(matcher.find(), pom + " has no " + property);
    return matcher.group(1);
  }
}
