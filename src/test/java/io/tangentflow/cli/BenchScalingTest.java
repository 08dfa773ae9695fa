package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchScalingTest {

  @TempDir private Path directory;

  private static Invocation scaling(Object... more) {
    Object[] words = {
      "bench",
      "scaling",
      "--widths",
      "8,16,32",
      "--samples",
      "2,3,5",
      "--depths",
      "2,4,8",
      "--nodes",
      "4,8,12",
      "--input-dim",
      3,
      "--runs",
      2,
      "--memory",
      "16m",
      "-q"
    };
    return Invocation.of(Stream.concat(Stream.of(words), Stream.of(more)).toArray()).ended(0);
  }

  @Test
  void everyJobHasALawAlongEveryAxisAndThePlotsOfIt() throws Exception {
    Path out = directory.resolve("scaling");
    JsonNode json = scaling("--threads", 2, "--json", "--out", out).json();
    Set<String> laws = new TreeSet<>();
    for (JsonNode law : json.get("laws")) {
      String axis = law.get("axis").asText();
      laws.add(law.get("job").asText() + " " + axis);
      assertEquals(3, law.get("points").size());
      for (String quantity : List.of("time", "memory")) {
        JsonNode exponent = law.get(quantity).get("measured");
        assertTrue(exponent.get("low").asDouble() <= exponent.get("slope").asDouble());
        assertTrue(exponent.get("slope").asDouble() <= exponent.get("high").asDouble());
        assertEquals(3, exponent.get("points").asInt());
      }
      int last = 0;
      for (JsonNode point : law.get("points")) {
        assertTrue(point.get(axis).asInt() > last);
        last = point.get(axis).asInt();
        assertTrue(point.get("seconds").asDouble() <= point.get("medianSeconds").asDouble());
      }
    }
    assertEquals(8, laws.size(), laws.toString());
    assertEquals(2, json.get("threads").size());
    for (JsonNode each : json.get("threads")) {
      double gain = each.get("secondsByOne").asDouble() / each.get("seconds").asDouble();
      assertEquals(gain, each.get("gain").asDouble(), 1e-12 * gain);
    }
    try (Stream<Path> files = Files.list(out)) {
      assertEquals(
          Set.of(
              "scaling.json",
              "time-width.svg",
              "time-samples.svg",
              "time-depth.svg",
              "time-nodes.svg",
              "memory-width.svg",
              "memory-samples.svg",
              "memory-depth.svg",
              "memory-nodes.svg"),
          files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()));
    }
    JsonNode written = new ObjectMapper().readTree(out.resolve("scaling.json").toFile());
    assertEquals(json.get("laws"), written.get("laws"));
    assertTrue(Files.readString(out.resolve("time-width.svg")).contains("gradient"));
  }

  @Test
  void oneThreadIsSetAgainstNothing() {
    Invocation one = scaling("--threads", 1);
    assertTrue(one.out().contains("tangent kernel  Q"), one.out());
    assertTrue(!one.out().contains("times as fast"), one.out());
  }
}
