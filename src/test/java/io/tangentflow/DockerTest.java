package io.tangentflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The files of {@code docker/} name what there is, in the versions that the build has. That they
 * build and run is what {@code docker/check} is for.
 */
class DockerTest {

  private static final String CPU = "docker/cpu.Dockerfile";
  private static final String CUDA = "docker/cuda.Dockerfile";
  private static final String SPARK = "docker/spark.Dockerfile";
  private static final String COMPOSE = "docker/compose.yaml";
  private static final String COMPOSE_CPU = "docker/compose.cpu.yaml";

  @Test
  void basesArePinnedAndDebianIsTheSameInAll() throws IOException {
    Set<String> debian = found(CPU, "debian:\\S+");
    assertEquals(1, debian.size());
    assertTrue(debian.iterator().next().matches("debian:bookworm-\\d{8}-slim"), debian.toString());
    assertEquals(debian, found(CPU, "(?m)(?<=^FROM )\\S+"));
    assertEquals(debian, found(SPARK, "(?m)(?<=^FROM )[^$]\\S+"));
    for (String file : List.of(CPU, CUDA, SPARK, COMPOSE, COMPOSE_CPU)) {
      assertFalse(Files.readString(Path.of(file)).contains("latest"), file);
    }
  }

  @Test
  void javaIsTheOneThatTheProgramIsCompiledFor() throws IOException {
    String version = only(found("pom.xml", "(?<=<java.level>)\\d+"));
    assertEquals(Set.of("openjdk-" + version + "-jdk-headless"), found(CPU, "openjdk-\\S+"));
    assertEquals(Set.of("openjdk-" + version + "-jdk-headless"), found(SPARK, "openjdk-\\S+"));
  }

  @Test
  void cudaIsTheOneThatJcudaIsMadeFor() throws IOException {
    String version = only(found("pom.xml", "(?<=<jcuda.version>)\\d+\\.\\d+"));
    assertEquals(
        Set.of("${PROGRAM}", "nvidia/cuda:" + version),
        found(CUDA, "(?m)(?<=^FROM )(\\$\\S+|nvidia/cuda:\\d+\\.\\d+)"));
    assertEquals(Set.of(version), found(CUDA, "(?<=/cuda-)[\\d.]+"));
    String suffix = "-" + version.replace('.', '-');
    assertEquals(
        Set.of("libcublas" + suffix, "libcurand" + suffix), found(CUDA, "lib\\w+-\\d+-\\d+"));
  }

  @Test
  void labelsTellTheVersionOfTheBuild() throws IOException {
    String version =
        only(found("pom.xml", "(?<=<artifactId>tangentflow</artifactId>\n  <version>)[^<]+"));
    for (String file : List.of(CPU, CUDA)) {
      assertEquals(Set.of(version), found(file, "(?<=image.version=\")[^\"]+"));
    }
  }

  @Test
  void servicesNameTheScalaThatSparkIsBuiltWith() throws IOException {
    assertEquals(
        found("src/dist/spark/pom.xml", "(?<=spark-core_)[\\d.]+"),
        found(COMPOSE, "(?<=SPARK_SCALA_VERSION: \")[\\d.]+"));
  }

  @ParameterizedTest
  @ValueSource(strings = {CPU, CUDA, SPARK})
  void whatRunsIsNotTheSuperuserAndItsHealthIsDecided(String file) throws IOException {
    String text = Files.readString(Path.of(file));
    List<String> image = text.substring(text.lastIndexOf("\nFROM ")).lines().toList();
    List<String> users = image.stream().filter(line -> line.startsWith("USER ")).toList();
    assertEquals("USER 10001:10001", users.get(users.size() - 1));
    assertEquals(1, image.stream().filter(line -> line.startsWith("HEALTHCHECK ")).count());
  }

  @Test
  void everyServiceThatStaysIsWatchedAndStartedAgain() throws IOException {
    long daemons = count(COMPOSE, "org\\.apache\\.spark\\.deploy\\.");
    assertEquals(2, daemons);
    assertEquals(daemons, count(COMPOSE, "healthcheck:"));
    assertEquals(daemons, count(COMPOSE, "restart: unless-stopped"));
  }

  @ParameterizedTest
  @ValueSource(strings = {CPU, SPARK})
  void whatIsCopiedIsThereAndNotLeftOutOfTheContext(String file) throws IOException {
    List<String> context = Files.readAllLines(Path.of(".dockerignore"));
    Set<String> sources =
        found(file, "(?m)(?<=^COPY )(?!--from).*(?= \\S+$)").stream()
            .flatMap(words -> Arrays.stream(words.split(" ", -1)))
            .collect(Collectors.toSet());
    assertFalse(sources.isEmpty());
    for (String source : sources) {
      assertTrue(Files.exists(Path.of(source)), source);
      assertTrue(context.contains("!" + Path.of(source).getName(0)), source);
    }
  }

  @Test
  void theImagesOfServicesAreMadeByCommandsOfThePage() throws IOException {
    assertEquals(Set.of("tangentflow:spark"), found(COMPOSE, "(?<=image: )\\S+"));
    assertEquals(Set.of("tangentflow:spark-cpu"), found(COMPOSE_CPU, "(?<=image: )\\S+"));
    assertEquals(
        Set.of("tangentflow:cpu", "tangentflow:cuda", "tangentflow:spark", "tangentflow:spark-cpu"),
        found("docker/README.md", "(?<= -t )\\S+"));
  }

  @Test
  void theScriptThatServicesStartIsInTheDistribution() throws IOException {
    String script = only(found(COMPOSE, "(?<=/opt/tangentflow/)\\S+"));
    assertTrue(Files.isExecutable(Path.of("src/dist", script)), script);
  }

  private static String only(Set<String> found) {
    assertEquals(1, found.size(), found.toString());
    return found.iterator().next();
  }

  private static Set<String> found(String file, String regex) throws IOException {
    return Pattern.compile(regex)
        .matcher(Files.readString(Path.of(file)))
        .results()
        .map(match -> match.group())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static long count(String file, String regex) throws IOException {
    return Pattern.compile(regex).matcher(Files.readString(Path.of(file))).results().count();
  }
}
