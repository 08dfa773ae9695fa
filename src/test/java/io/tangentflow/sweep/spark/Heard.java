package io.tangentflow.sweep.spark;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.WorkUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Keeps what an executor tells. */
class Heard implements UnitExecutor.Listener, UnitExecutor.Sink {

  final List<JsonNode> results = new ArrayList<>();
  final List<String> warnings = new ArrayList<>();
  final List<WorkUnit> failed = new ArrayList<>();

  /** The numbers of the units, each with its value; a unit that was told twice fails. */
  Map<Integer, Double> values() {
    Map<Integer, Double> all = new TreeMap<>();
    for (JsonNode result : results) {
      Double second = all.put(result.get("number").asInt(), result.get("value").asDouble());
      if (second != null) {
        throw new AssertionError("told twice: " + result);
      }
    }
    return all;
  }

  @Override
  public void accept(JsonNode result) {
    results.add(result);
  }

  @Override
  public void begin(WorkUnit unit) {}

  @Override
  public void failed(WorkUnit unit) {
    failed.add(unit);
  }

  @Override
  public void status(String line) {}

  @Override
  public void warning(String line) {
    warnings.add(line);
  }

  @Override
  public void progress(double fraction, String words) {}
}
