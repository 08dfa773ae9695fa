package io.tangentflow.experiment.paper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.sweep.Place;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A finished task: a line of {@code results.jsonl}.
 *
 * @param task its kind
 * @param setting its components
 * @param numbers that came out, by name; all finite
 * @param seconds that it took
 * @param place where it was computed
 */
record TaskLine(
    String task, JsonNode setting, Map<String, List<Double>> numbers, double seconds, Place place) {

  /** Making one takes a hundred times as long as a key. */
  private static final ObjectMapper JSON = new ObjectMapper();

  TaskLine {
    Objects.requireNonNull(place);
    numbers = new LinkedHashMap<>(numbers);
    numbers.forEach(
        (name, values) -> {
          if (values == null || !values.stream().allMatch(v -> v != null && Double.isFinite(v))) {
            throw new IllegalArgumentException(name + " has a value that is no number");
          }
        });
  }

  static TaskLine of(Task task, Map<String, List<Double>> numbers, double seconds, Place place) {
    return new TaskLine(kind(task), JSON.valueToTree(task), numbers, seconds, place);
  }

  private static String kind(Task task) {
    return task.getClass().getSimpleName();
  }

  /** The same for a task and for its line. */
  static String key(Task task) {
    return kind(task) + JSON.<JsonNode>valueToTree(task);
  }

  String key() {
    return task + setting;
  }

  /** Numbers as a list. */
  static List<Double> list(double... values) {
    return Arrays.stream(values).boxed().toList();
  }
}
