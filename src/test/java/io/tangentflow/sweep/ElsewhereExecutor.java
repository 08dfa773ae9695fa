package io.tangentflow.sweep;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;

/**
 * What a cluster does, in this process: several workers, each with its own seat, take turns at the
 * units, the longest first; workloads, units and results travel as text; results go by a file.
 */
public final class ElsewhereExecutor implements UnitExecutor {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final int slots;
  private final Exchange exchange;
  private final List<Worker> workers = new ArrayList<>();
  private final List<String> begun = new ArrayList<>();

  public ElsewhereExecutor(int slots, Exchange exchange) {
    this.slots = slots;
    this.exchange = exchange;
  }

  @Override
  public int slots() {
    return slots;
  }

  @Override
  public Worker.Preparation prepare(Workload workload) {
    try (Worker worker = open(workload, 0)) {
      return worker.prepare();
    }
  }

  private Worker open(Workload workload, int number) {
    Seat seat =
        new Seat(Integer.toString(number), "host-" + number, OptionalInt.of(number), exchange);
    return travelled(workload, Workload.class).open(seat);
  }

  private static <T> T travelled(Object value, Class<T> type) {
    try {
      return JSON.readValue(JSON.writeValueAsString(value), type);
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void run(Workload workload, List<WorkUnit> units, Sink sink, Listener listener) {
    for (int i = 0; i < slots; i++) {
      workers.add(open(workload, i));
    }
    UnitFiles files = new UnitFiles(exchange);
    List<WorkUnit> longestFirst =
        units.stream().sorted(Comparator.comparingDouble(WorkUnit::operations).reversed()).toList();
    for (int i = 0; i < units.size(); i++) {
      WorkUnit unit = travelled(longestFirst.get(i), WorkUnit.class);
      begun.add(unit.words());
      JsonNode result = workers.get(i % slots).compute(unit.setting(), listener);
      files.put(unit, result);
      sink.accept(travelled(result, JsonNode.class));
    }
    close();
  }

  /** In words, in the order in which they were begun. */
  List<String> begun() {
    return begun;
  }

  @Override
  public void close() {
    workers.forEach(Worker::close);
    workers.clear();
  }
}
