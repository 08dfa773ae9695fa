package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.backend.check.OperationProfile;
import io.tangentflow.backend.check.Runs;
import io.tangentflow.backend.check.Stopwatch;
import io.tangentflow.experiment.timing.JobTime;
import io.tangentflow.experiment.timing.TrainingJob;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "training",
    mixinStandardHelpOptions = true,
    defaultValueProvider = BenchTrainingCommand.Defaults.class,
    description = {
      "The time of a step of full-batch gradient descent on the squared loss, and where it goes: the"
          + " share of each operation.",
      "Steps are timed, then as many profiled, each operation waited for. GFLOP/s count the products."
    })
final class BenchTrainingCommand implements Callable<Integer> {

  static final class Defaults extends BenchSizeOptions.Defaults {
    Defaults() {
      super(Map.of("--width", "2048", "--samples", "500", "--depth", "10", "--solver", "euler"));
    }
  }

  @Mixin private Console console;
  @Mixin private NetworkOptions network;
  @Mixin private BenchSizeOptions size;
  @Mixin private BenchRuns runs;
  @Mixin private BenchEngine engine;

  @Override
  public Integer call() {
    runs.require();
    NeuralOde model = network.model(size.inputDim, size.width);
    TimeGrid grid = size.grid();
    try (Backend backend = engine.open()) {
      long budget = engine.budgetBytes(backend);
      JobTime time =
          runs.time(
              () -> new TrainingJob(model, grid, size.samples, network.seed, backend, budget),
              backend,
              budget,
              console);
      try (Workspace scratch = backend.workspace("a profile", Long.BYTES)) {
        Matrix one = scratch.allocate(1, 1);
        Runnable wait = backend.sharesHostMemory() ? () -> {} : () -> backend.dot(one, one);
        OperationProfile profile = new OperationProfile(backend, wait);
        report(model, grid, time, profile(model, grid, profile, backend, budget), backend);
      }
    }
    return 0;
  }

  /** Steps while each operation is waited for, and where their time went. */
  private record Profiled(Runs steps, List<OperationProfile.Entry> operations) {}

  private Profiled profile(
      NeuralOde model, TimeGrid grid, OperationProfile profile, Backend backend, long budget) {
    Backend profiled = profile.profiled();
    try (TrainingJob job =
            new TrainingJob(model, grid, size.samples, network.seed, profiled, budget);
        Stopwatch watch = new Stopwatch(backend)) {
      Runs steps = watch.runs(job::run, runs.runs, profile::clear, run -> {});
      return new Profiled(steps, profile.entries()); // Before the matrices are freed.
    }
  }

  private void report(
      NeuralOde model, TimeGrid grid, JobTime time, Profiled profiled, Backend backend) {
    int steps = runs.runs;
    List<OperationProfile.Entry> entries = profiled.operations;
    double all = entries.stream().mapToDouble(OperationProfile.Entry::seconds).sum();
    ObjectNode object = runs.json("training", time, backend, engine.threads());
    size.describe(object);
    object
        .put("activation", model.activation().label())
        .put("outputs", model.outputs())
        .put("profiledSeconds", profiled.steps.median());
    ArrayNode list = object.putArray("operations");
    Table shares =
        Table.of(
            "Of " + steps + " profiled steps:",
            Table.Column.left("operation"),
            Table.Column.right("calls a step"),
            Table.Column.right("seconds a step"),
            Table.Column.right("share of operations"));
    for (OperationProfile.Entry entry : entries) {
      double calls = entry.calls() / (double) steps;
      double seconds = entry.seconds() / steps;
      double share = entry.seconds() / all;
      list.addObject()
          .put("name", entry.name())
          .put("callsPerStep", calls)
          .put("secondsPerStep", seconds)
          .put("share", share);
      shares =
          shares.row(
              Cell.of(entry.name()),
              Cell.of(calls, 3),
              Cell.of(seconds, 3),
              Cell.of(String.format("%.1f %%", 100 * share)));
    }
    String caption =
        String.format(
            "A step of %s, width %d, %s by %s, on %d samples, d = %d, %d output%s:",
            model.activation().label(),
            size.width,
            grid,
            backend.precision(),
            size.samples,
            size.inputDim,
            model.outputs(),
            model.outputs() == 1 ? "" : "s");
    console.result(time.table(caption).toText() + "\n" + shares.toText(), object);
  }
}
