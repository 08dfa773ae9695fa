package io.tangentflow.experiment.paper;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.Provenance;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.sweep.Exchange;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.UnitFiles;
import io.tangentflow.sweep.WorkUnit;
import io.tangentflow.sweep.Workload;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/** Has the tasks of the figures computed that the run directory lacks. */
public final class ReproductionRun {

  /** The kind of such runs, in {@code run.json}. */
  public static final String KIND = "reproduction";

  private ReproductionRun() {}

  /** What the figures take, each task once. */
  static List<Task> tasks(Reproduction reproduction) {
    Map<String, Task> tasks = new LinkedHashMap<>();
    for (PaperFigure figure : reproduction.chosen()) {
      figure.tasks(reproduction).forEach(task -> tasks.putIfAbsent(TaskLine.key(task), task));
    }
    return new ArrayList<>(tasks.values());
  }

  /**
   * The files behind all data that the figures need.
   *
   * @throws InvalidConfiguration if there are fewer samples than a figure needs
   * @throws io.tangentflow.TangentFlowException.DataFormat if a file is missing or damaged
   */
  public static List<Provenance> files(Reproduction reproduction) {
    LinkedHashSet<Provenance> files = new LinkedHashSet<>();
    tasks(reproduction).stream()
        .map(Task::data)
        .distinct()
        .forEach(data -> files.addAll(loadOrRefuse(reproduction, data).provenance()));
    return new ArrayList<>(files);
  }

  /** What is wrong is no option of this command's. */
  private static Dataset loadOrRefuse(Reproduction reproduction, Data data) {
    try {
      return data.load();
    } catch (InvalidConfiguration e) {
      throw new InvalidConfiguration(
          "--scale",
          String.format(
              "%s takes %d samples of %s (%s); take a smaller scale, or other data by --data-dir",
              reproduction.scale(),
              data.samples() + data.testSamples(),
              data.source(),
              e.getMessage()));
    }
  }

  /**
   * What its tasks have in common.
   *
   * @param backend a name or {@code auto}, for that of the reproduction
   * @param memory as {@code --memory} takes it; null for what is free
   * @param budget that every process shall plan with, so that all compute alike; null for its own
   * @param directory where tasks keep what their numbers do not hold
   */
  public static Workload workload(
      Reproduction reproduction,
      String backend,
      String memory,
      MemoryBudget budget,
      Path directory) {
    return Workload.of(
        KIND,
        WorkUnit.tree(reproduction).toString(),
        new TaskSetting(reproduction, backend, memory, budget, directory.toString()));
  }

  /**
   * Has computed what is missing.
   *
   * @throws TangentFlowException of the first task that cannot be computed, after a line that names
   *     it; earlier ones are on the disk
   */
  public static void run(
      Reproduction reproduction,
      RunDirectory directory,
      Workload workload,
      UnitExecutor executor,
      Exchange exchange,
      UnitExecutor.Listener listener) {
    Results results = Results.of(directory);
    Whole whole = new Whole(listener);
    List<Task> tasks = tasks(reproduction);
    for (Task task : tasks) {
      String key = TaskLine.key(task);
      whole.add(key, WorkUnit.of(workload, task.words(), task.operations(), new TaskUnit(key)));
    }
    List<WorkUnit> units = new ArrayList<>();
    for (Task task : tasks) {
      String key = TaskLine.key(task);
      if (results.has(task)) {
        whole.done(key);
      } else {
        units.add(whole.units.get(key));
      }
    }
    executor.run(
        workload,
        units,
        result -> {
          TaskLine line = WorkUnit.value(result, TaskLine.class);
          if (!whole.units.containsKey(line.key())) {
            throw UnitFiles.foreign(directory);
          }
          directory.append(line);
          whole.done(line.key());
        },
        whole);
    new UnitFiles(exchange).clear(whole.units.values());
    listener.progress(1, "done");
  }

  /** Turns the progress of a task into that of all. */
  private static final class Whole implements UnitExecutor.Listener {
    private final UnitExecutor.Listener listener;
    private final Map<String, WorkUnit> units = new HashMap<>();
    private double all;
    private double done;
    private double share;

    Whole(UnitExecutor.Listener listener) {
      this.listener = listener;
    }

    void add(String key, WorkUnit unit) {
      units.put(key, unit);
      all += unit.operations();
    }

    synchronized void done(String key) {
      done += units.get(key).operations();
      listener.progress(done / all, units.get(key).words());
    }

    @Override
    public synchronized void begin(WorkUnit unit) {
      share = unit.operations();
      listener.progress(done / all, unit.words());
    }

    @Override
    public synchronized void progress(double fraction, String words) {
      listener.progress((done + fraction * share) / all, words);
    }

    @Override
    public void status(String line) {
      listener.status(line);
    }

    @Override
    public void warning(String line) {
      listener.warning(line);
    }

    @Override
    public void failed(WorkUnit unit) {
      listener.failed(unit);
    }
  }
}
