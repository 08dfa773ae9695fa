package io.tangentflow.benchmarks.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.TangentFlowException.DataFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The results of a run, as JMH writes them with {@code -rf json}. */
public final class ResultFile {

  /** Modes whose scores are times. */
  private static final Set<String> TIMES = Set.of("avgt", "ss");

  private final Path path;

  private ResultFile(Path path) {
    this.path = path;
  }

  /**
   * The measurements of a file, by their keys, in its order.
   *
   * @throws DataFormat if it cannot be read, is no such file, or holds what is no time
   */
  public static Map<String, Measurement> read(Path path) {
    return new ResultFile(path).measurements();
  }

  private Map<String, Measurement> measurements() {
    JsonNode root = parsed();
    if (!root.isArray()) {
      throw fault("is not a list of results as JMH writes it with -rf json");
    }
    Map<String, Measurement> measurements = new LinkedHashMap<>();
    for (JsonNode node : root) {
      Measurement measurement = measurement(node);
      if (measurements.put(measurement.key(), measurement) != null) {
        throw fault("has two results of " + measurement.label());
      }
    }
    return measurements;
  }

  private JsonNode parsed() {
    try {
      return new ObjectMapper().readTree(Files.readString(path));
    } catch (JsonProcessingException e) {
      throw new DataFormat(path, "line", e.getLocation().getLineNr(), e.getOriginalMessage());
    } catch (NoSuchFileException e) {
      throw new DataFormat(path, "there is no such file", e);
    } catch (IOException e) {
      throw new DataFormat(path, "cannot be read (" + e + ")", e);
    }
  }

  private Measurement measurement(JsonNode node) {
    String benchmark = text(node, "benchmark");
    if (benchmark.indexOf('.') < 0) {
      throw fault("has the benchmark '" + benchmark + "', which is no method of a class");
    }
    String mode = text(node, "mode");
    if (!TIMES.contains(mode)) {
      throw fault(
          benchmark + " was measured in mode " + mode + "; only times compare, -bm avgt or ss");
    }
    JsonNode metric = node.path("primaryMetric");
    return new Measurement(
        benchmark,
        parameters(node),
        mode,
        text(metric, "scoreUnit"),
        node.path("threads").asInt(),
        jvm(node),
        forks(benchmark, metric.path("rawData")));
  }

  private static SortedMap<String, String> parameters(JsonNode node) {
    SortedMap<String, String> parameters = new TreeMap<>();
    for (Map.Entry<String, JsonNode> parameter : node.path("params").properties()) {
      parameters.put(parameter.getKey(), parameter.getValue().asText());
    }
    return parameters;
  }

  private static String jvm(JsonNode node) {
    List<String> flags = new ArrayList<>();
    node.path("jvmArgs").forEach(flag -> flags.add(flag.asText()));
    return String.format(
        "%s %s (%s) %s",
        node.path("vmName").asText(),
        node.path("jdkVersion").asText(),
        node.path("vmVersion").asText(),
        String.join(" ", flags));
  }

  private List<List<Double>> forks(String benchmark, JsonNode rawData) {
    List<List<Double>> forks = new ArrayList<>();
    for (JsonNode fork : rawData) {
      List<Double> times = new ArrayList<>();
      for (JsonNode time : fork) {
        if (!time.isNumber() || !(time.asDouble() > 0) || !Double.isFinite(time.asDouble())) {
          throw fault(benchmark + " has a time of " + time + ", which is no positive number");
        }
        times.add(time.asDouble());
      }
      if (times.isEmpty()) {
        throw fault(benchmark + " has a fork without iterations");
      }
      forks.add(times);
    }
    if (forks.isEmpty()) {
      throw fault(benchmark + " has no primaryMetric.rawData");
    }
    return forks;
  }

  private String text(JsonNode node, String field) {
    if (!node.path(field).isTextual()) {
      throw fault("has a result without " + field);
    }
    return node.path(field).asText();
  }

  private DataFormat fault(String why) {
    return new DataFormat(path, why, null);
  }
}
