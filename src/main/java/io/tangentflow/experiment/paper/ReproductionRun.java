package io.tangentflow.experiment.paper;

import io.tangentflow.TangentFlowException;
import io.tangentflow.sweep.RunDirectory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Computes the tasks of the figures one after another, and skips those that the run directory
 * already has.
 */
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
   * Computes what is missing.
   *
   * @throws TangentFlowException of the first task that cannot be computed, after a line that names
   *     it; earlier ones are on the disk
   */
  public static void run(
      Reproduction reproduction,
      RunDirectory directory,
      Laboratory laboratory,
      Laboratory.Listener listener) {
    laboratory.workIn(directory, listener);
    Results results = Results.of(directory);
    List<Task> tasks = tasks(reproduction);
    double all = tasks.stream().mapToDouble(Task::operations).sum();
    double done = 0;
    for (Task task : tasks) {
      double share = task.operations() / all;
      if (!results.has(task)) {
        laboratory.next(done, share);
        laboratory.progress(0, task.words());
        compute(task, directory, laboratory);
      }
      done += share;
    }
    listener.progress(1, "done");
  }

  private static void compute(Task task, RunDirectory directory, Laboratory laboratory) {
    long start = System.nanoTime();
    Map<String, List<Double>> numbers;
    try {
      numbers = task.compute(laboratory);
    } catch (TangentFlowException e) {
      laboratory.status("stopped at " + task.words());
      throw e;
    }
    directory.append(TaskLine.of(task, numbers, (System.nanoTime() - start) * 1e-9));
    laboratory.progress(1, task.words());
  }
}
