package io.tangentflow.experiment.paper;

import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Normalisation;
import io.tangentflow.experiment.Targets;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.Place;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.Worker;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A laboratory with a run directory, for single tasks; it remembers what it was told. */
final class SmallLaboratory implements AutoCloseable, Worker.Listener {

  /** Its figures are of no account. */
  static final Reproduction SMOKE =
      new Reproduction(List.of("fig1"), PaperScale.SMOKE, null, 0, "cpu-vector", 1);

  /** Where fabricated lines come from. */
  static final Place HERE = new Place(Place.HERE, "", "a device");

  private final Laboratory laboratory =
      new Laboratory(SMOKE, SMOKE.backend(), backend -> MemoryBudget.of(backend, 1L << 28));
  private final RunDirectory run;
  private final List<String> warnings = new ArrayList<>();
  private double progress;

  SmallLaboratory(Path path) {
    Manifest manifest =
        Manifest.of(
            ReproductionRun.KIND,
            "reproduce",
            SMOKE,
            List.of(),
            Manifest.device(laboratory.backend(Precision.FP32)),
            MemoryBudget.shared(1L << 28));
    run = RunDirectory.create(path, manifest);
    laboratory.workIn(run.path(), this);
  }

  /** So many digits, on the sphere. */
  static Data digits(int samples, int testSamples) {
    return new Data("digits", samples, testSamples, 5, Normalisation.SPHERE, Targets.Coding.ONEHOT);
  }

  Laboratory laboratory() {
    return laboratory;
  }

  /** The numbers of a task. */
  Map<String, List<Double>> compute(Task task) {
    return task.compute(laboratory);
  }

  /** What {@link Results} make of a task's numbers, after a way through JSON. */
  Results results(Task task) {
    run.append(TaskLine.of(task, compute(task), 0.5, HERE));
    return Results.of(run);
  }

  List<String> warnings() {
    return warnings;
  }

  double progress() {
    return progress;
  }

  @Override
  public void status(String line) {}

  @Override
  public void warning(String line) {
    warnings.add(line);
  }

  @Override
  public void progress(double share, String words) {
    progress = share;
  }

  @Override
  public void close() {
    laboratory.close();
    run.close();
  }
}
