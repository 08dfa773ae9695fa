package io.tangentflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is packaged is what it is said to be: its bill of materials, its NOTICE, its jar. */
@Tag("distribution")
class DistributionTest {

  private static final Path HOME =
      Path.of(System.getProperty("tangentflow.distribution", "target/tangentflow"));

  /** A line of NOTICE on a library: its coordinate and the licence that it is distributed under. */
  private static final Pattern LIBRARY = Pattern.compile(" {2}([\\w.-]+:[\\w.-]+) +([\\w.-]+)");

  private static JsonNode components() throws IOException {
    boolean made = Files.exists(HOME.resolve("bom.json"));
    assertTrue(made || !"true".equals(System.getenv("CI")), "a bill of materials is made");
    assumeTrue(made, "built by mvn -o, without bill of materials");
    return new ObjectMapper().readTree(HOME.resolve("bom.json").toFile()).path("components");
  }

  private static Map<String, String> noticed() throws IOException {
    Map<String, String> noticed = new TreeMap<>();
    for (String line : Files.readAllLines(HOME.resolve("NOTICE"))) {
      Matcher library = LIBRARY.matcher(line);
      if (library.matches()) {
        noticed.put(library.group(1), library.group(2));
      }
    }
    return noticed;
  }

  @Test
  void noticeNamesEachLibraryUnderALicenceThatItHas() throws IOException {
    Map<String, String> noticed = noticed();
    Set<String> found = new TreeSet<>();
    for (JsonNode component : components()) {
      String name = component.path("group").asText() + ":" + component.path("name").asText();
      found.add(name);
      Set<String> licences = new TreeSet<>();
      for (JsonNode licence : component.path("licenses")) {
        // Of a POM's "The BSD License" the plugin makes the one of four clauses.
        licences.add(licence.at("/license/id").asText().replace("BSD-4", "BSD-3"));
      }
      assertTrue(
          licences.contains(noticed.getOrDefault(name, "none")),
          name + " has " + licences + ", NOTICE has " + noticed.get(name));
    }
    assertEquals(noticed.keySet(), found, "NOTICE, and what is distributed");
    assertTrue(found.size() > 20, found + "");
  }

  @Test
  void theBillOfMaterialsHasTheJarsOfTheDistribution() throws IOException {
    Set<String> billed = new TreeSet<>();
    for (JsonNode component : components()) {
      Matcher classifier =
          Pattern.compile("classifier=([^&]+)").matcher(component.path("purl").asText());
      billed.add(
          component.path("name").asText()
              + "-"
              + component.path("version").asText()
              + (classifier.find() ? "-" + classifier.group(1) : "")
              + ".jar");
      assertTrue(component.path("hashes").size() > 2, component + "");
    }
    billed.add(jar().getFileName().toString());
    Set<String> packaged = new TreeSet<>();
    try (Stream<Path> files = Files.list(HOME.resolve("lib"))) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".jar"))
          .forEach(packaged::add);
    }
    assertEquals(billed, packaged);
  }

  @Test
  void theJarHasItsLicenceNoticeAndModuleName() throws IOException {
    try (JarFile jar = new JarFile(jar().toFile())) {
      for (String name : Set.of("LICENSE", "NOTICE")) {
        assertNotNull(jar.getEntry("META-INF/" + name), name);
        assertEquals(
            Files.readString(HOME.resolve(name)),
            new String(
                jar.getInputStream(jar.getEntry("META-INF/" + name)).readAllBytes(),
                StandardCharsets.UTF_8));
      }
      assertEquals(
          "io.tangentflow",
          jar.getManifest().getMainAttributes().getValue("Automatic-Module-Name"));
    }
  }

  /** Its services, resources and natives are found there as well as on the class path. */
  @Test
  void theJarComputesOnTheModulePath(@TempDir Path directory) throws Exception {
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-p",
                HOME.resolve("lib").toString(),
                "--add-modules",
                "jdk.incubator.vector,ALL-MODULE-PATH",
                "-m",
                "io.tangentflow/io.tangentflow.cli.Main",
                "ntk",
                "--samples=4",
                "--width=16",
                "--backend=cpu-vector",
                "--json")
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the program ends by itself");
    } finally {
      process.destroyForcibly();
    }
    String said = Files.readString(err);
    assertEquals(0, process.exitValue(), said);
    assertTrue(!said.contains("scalar") && !said.contains("slower"), said);
    JsonNode result = new ObjectMapper().readTree(out.toFile());
    assertEquals(4, result.path("order").asInt(), result + "");
    assertTrue(result.path("leastEigenvalue").asDouble() > 0, result + "");
  }

  private static Path jar() throws IOException {
    try (Stream<Path> files = Files.list(HOME.resolve("lib"))) {
      return files
          .filter(file -> file.getFileName().toString().matches("tangentflow-[\\w.-]+\\.jar"))
          .findFirst()
          .orElseThrow();
    }
  }
}
