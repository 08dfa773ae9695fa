package io.tangentflow.experiment.paper;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.sweep.Seat;
import io.tangentflow.sweep.WorkUnit;
import io.tangentflow.sweep.Worker;
import io.tangentflow.sweep.WorkerProvider;
import io.tangentflow.sweep.Workload;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Computes tasks of figures. */
final class TaskWorker implements Worker {

  /** Makes them. */
  public static final class Provider implements WorkerProvider {
    @Override
    public String kind() {
      return ReproductionRun.KIND;
    }

    @Override
    public Worker open(Workload workload, Seat seat) {
      return new TaskWorker(WorkUnit.value(workload.setting(), TaskSetting.class), seat);
    }
  }

  private final Seat seat;
  private final Path directory;
  private final Laboratory laboratory;
  private final Map<String, Task> tasks;

  private TaskWorker(TaskSetting setting, Seat seat) {
    this.seat = seat;
    directory = Path.of(setting.directory());
    laboratory =
        new Laboratory(
            setting.reproduction(),
            seat.backend(setting.backend()),
            backend ->
                setting.budget() == null
                    ? MemoryBudget.asked(backend, setting.memory())
                    : setting.budget());
    tasks =
        ReproductionRun.tasks(setting.reproduction()).stream()
            .collect(Collectors.toMap(TaskLine::key, Function.identity()));
  }

  @Override
  public Preparation prepare() {
    Backend backend = laboratory.backend(Precision.FP32);
    return seat.prepared(backend, laboratory.budget(backend));
  }

  @Override
  public JsonNode compute(JsonNode setting, Listener listener) {
    Task task = tasks.get(WorkUnit.value(setting, TaskUnit.class).key());
    laboratory.workIn(directory, listener);
    long start = System.nanoTime();
    Map<String, List<Double>> numbers = task.compute(laboratory);
    return WorkUnit.tree(
        TaskLine.of(
            task,
            numbers,
            (System.nanoTime() - start) * 1e-9,
            seat.place(laboratory.backend(Precision.FP32))));
  }

  @Override
  public void close() {
    laboratory.close();
  }
}
