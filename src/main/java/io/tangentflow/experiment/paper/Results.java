package io.tangentflow.experiment.paper;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.experiment.Places;
import io.tangentflow.sweep.RunDirectory;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The numbers of finished tasks. */
final class Results {

  private final Map<String, TaskLine> byKey = new HashMap<>();
  private final Path file;

  /**
   * @param file where they stand, for sentences
   */
  Results(Path file, Collection<TaskLine> lines) {
    this.file = file;
    lines.forEach(this::add);
  }

  /** Those of a run. */
  static Results of(RunDirectory run) {
    return new Results(run.file("results.jsonl"), run.lines(TaskLine.class));
  }

  void add(TaskLine line) {
    byKey.put(line.key(), line);
  }

  /** Where the tasks were computed. */
  Places places() {
    Places places = new Places("computations");
    byKey.values().forEach(line -> places.add(line.place(), 1, line.seconds()));
    return places;
  }

  boolean has(Task task) {
    return byKey.containsKey(TaskLine.key(task));
  }

  /** Whether a task gave numbers of that name. */
  boolean has(Task task, String name) {
    return line(task).numbers().containsKey(name);
  }

  /**
   * The numbers of that name of a finished task.
   *
   * @throws DataFormat if it gave none
   */
  double[] numbers(Task task, String name) {
    List<Double> values = line(task).numbers().get(name);
    if (values == null) {
      throw lacks(task, "has no " + name);
    }
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /**
   * The one number of that name.
   *
   * @throws DataFormat if there are none or several
   */
  double number(Task task, String name) {
    double[] values = numbers(task, name);
    if (values.length != 1) {
      throw lacks(task, "has " + values.length + " numbers in the place of one of " + name);
    }
    return values[0];
  }

  private DataFormat lacks(Task task, String what) {
    return new DataFormat(
        file, "the line of '" + task.words() + "' " + what + "; delete it and 'resume'", null);
  }

  private TaskLine line(Task task) {
    TaskLine line = byKey.get(TaskLine.key(task));
    if (line == null) {
      throw new IllegalArgumentException(task + " is not finished");
    }
    return line;
  }
}
