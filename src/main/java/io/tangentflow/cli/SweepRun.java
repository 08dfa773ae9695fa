package io.tangentflow.cli;

import io.tangentflow.backend.Backend;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.WidthConvergence;
import io.tangentflow.report.Numbers;
import io.tangentflow.sweep.CellResult;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.Sweep;
import io.tangentflow.sweep.SweepConfiguration;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import picocli.CommandLine.Mixin;

/** What the commands that run or go on with a sweep share. */
final class SweepRun {

  @Mixin private Console console;

  @Mixin private MemoryOption memory;

  /** runs/COMMAND-DATE-TIME. */
  static Path defaultDirectory(String command) {
    String time =
        DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT)
            .format(LocalDateTime.now(ZoneId.systemDefault()));
    return Path.of("runs", command + "-" + time);
  }

  /** Runs a sweep in a new directory. */
  int begin(String command, SweepConfiguration configuration, Path directory) {
    Dataset dataset = configuration.load();
    try (Backend backend = Sweep.open(configuration)) {
      long budget = memory.budget(backend);
      Sweep.requireMemory(configuration, dataset.dimension(), backend, budget);
      Manifest manifest = Manifest.of(command, configuration, dataset, backend);
      try (RunDirectory run = RunDirectory.create(directory, manifest)) {
        return run(configuration, run, dataset, backend, budget);
      }
    }
  }

  /** Goes on with a run: computes what is missing, then writes its report. */
  int resume(Path directory) {
    try (RunDirectory run = RunDirectory.open(directory)) {
      Manifest manifest = run.manifest();
      SweepConfiguration configuration = manifest.configuration();
      Dataset dataset = configuration.load();
      manifest.requireSameData(dataset, directory);
      try (Backend backend = Sweep.open(configuration)) {
        long budget = memory.budget(backend);
        Sweep.requireMemory(configuration, dataset.dimension(), backend, budget);
        return run(configuration, run, dataset, backend, budget);
      }
    }
  }

  /** Writes the report of a run from its results and prints its table. */
  int report(RunDirectory run) {
    WidthConvergence convergence = WidthConvergence.of(run);
    convergence.write(run);
    console.result(
        convergence.table().toText()
            + "\n"
            + String.join("\n", convergence.findings())
            + "\n\nReport: "
            + run.file("report.html"),
        convergence.json().put("directory", run.path().toString()));
    return 0;
  }

  private int run(
      SweepConfiguration configuration,
      RunDirectory run,
      Dataset dataset,
      Backend backend,
      long budget) {
    int cells = configuration.cells().size();
    int finished = run.results().size();
    console.status(
        String.format(
            "%s: %d of %d networks to compute on %s, %s",
            run.path(), cells - finished, cells, backend.name(), backend.description()));
    Thread whenStopped =
        new Thread(
            () ->
                console.status(
                    "stopped; what is finished is kept. Go on with: tangentflow resume "
                        + run.path()));
    Runtime.getRuntime().addShutdownHook(whenStopped);
    try (Console.Progress progress = console.progress("networks", cells)) {
      progress.at(finished);
      new Sweep(configuration, run, dataset, backend, budget)
          .run(
              new Sweep.Listener() {
                @Override
                public void limit(String name, long pairs, long of) {}

                @Override
                public void cell(CellResult result, int done, int of) {
                  progress.at(done);
                  progress.detail(
                      "width "
                          + result.cell().width()
                          + ", error "
                          + Numbers.significant(result.relativeError(), 2));
                }
              });
    } finally {
      Runtime.getRuntime().removeShutdownHook(whenStopped);
    }
    return report(run);
  }
}
