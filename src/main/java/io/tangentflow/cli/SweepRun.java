package io.tangentflow.cli;

import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Dataset;
import io.tangentflow.report.Numbers;
import io.tangentflow.sweep.CellResult;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.Sweep;
import io.tangentflow.sweep.SweepConfiguration;
import io.tangentflow.sweep.SweepResults;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.Worker;
import io.tangentflow.sweep.Workload;
import java.nio.file.Path;

/** What the commands that run or go on with a sweep share. */
final class SweepRun {

  private final Console console;
  private final MemoryOption memory;
  private final ClusterOptions cluster;

  SweepRun(Console console, MemoryOption memory, ClusterOptions cluster) {
    this.console = console;
    this.memory = memory;
    this.cluster = cluster;
  }

  /** Runs a sweep in a new directory. */
  int begin(String command, SweepConfiguration configuration, Path directory) {
    RunDirectory.requireVacant(directory);
    Dataset dataset = configuration.load();
    Sweep.requireLimits(configuration, dataset);
    try (UnitExecutor executor = executor(configuration, dataset, directory)) {
      Worker.Preparation prepared = executor.prepare(asked(configuration, dataset));
      Manifest manifest =
          Manifest.of(
              Sweep.KIND,
              command,
              configuration,
              dataset.provenance(),
              prepared.device(),
              prepared.budget());
      try (RunDirectory run = RunDirectory.create(directory, manifest)) {
        return run(configuration, run, dataset, executor, prepared, prepared.budget());
      }
    }
  }

  /** Goes on with a sweep: computes what is missing, then writes its report. */
  int resume(RunDirectory run) {
    Manifest manifest = run.manifest();
    SweepConfiguration configuration = new SweepResults(run).configuration();
    Dataset dataset = Runs.data(manifest, configuration::load);
    manifest.requireSameData(dataset.provenance(), run.path());
    try (UnitExecutor executor = executor(configuration, dataset, run.path())) {
      Worker.Preparation prepared = executor.prepare(asked(configuration, dataset));
      Runs.reportChanges(manifest, prepared.device(), console);
      return run(
          configuration,
          run,
          dataset,
          executor,
          prepared,
          Runs.budget(manifest, memory, prepared.budget(), console));
    }
  }

  private UnitExecutor executor(SweepConfiguration configuration, Dataset dataset, Path directory) {
    return cluster.executor(
        cluster.shared(directory, Sweep.identity(configuration, dataset)),
        configuration.backend(),
        configuration.threads(),
        console);
  }

  private Workload asked(SweepConfiguration configuration, Dataset dataset) {
    return Sweep.workload(configuration, dataset, configuration.backend(), memory.memory, null);
  }

  private int run(
      SweepConfiguration configuration,
      RunDirectory run,
      Dataset dataset,
      UnitExecutor executor,
      Worker.Preparation prepared,
      MemoryBudget budget) {
    int cells = configuration.cells().size();
    int finished = new SweepResults(run).cells().size();
    console.status(
        String.format(
            "%s: %d of %d networks to compute on %s%s",
            run.path(), cells - finished, cells, prepared.device(), cluster.words(executor)));
    Interruption interruption = Interruption.atOnce(console, run.path(), cluster.again());
    try (Console.Progress progress = console.progress("networks", cells)) {
      progress.at(finished);
      new Sweep(configuration, run, dataset)
          .run(
              Sweep.workload(
                  configuration,
                  dataset,
                  cluster.settled(configuration.backend(), prepared),
                  memory.memory,
                  budget),
              executor,
              cluster.exchange(run.path(), Sweep.identity(configuration, dataset)),
              new Narration(progress));
    } finally {
      interruption.close();
    }
    return SweepReport.write(run, console);
  }

  /** Moves the bar, and names the network that a failure is of. */
  private final class Narration extends UnitNarration implements Sweep.Listener {
    private final Console.Progress progress;

    Narration(Console.Progress progress) {
      super(console, progress);
      this.progress = progress;
    }

    @Override
    public void cell(CellResult result, int done, int of) {
      progress.at(done);
      progress.detail(
          "width "
              + result.cell().width()
              + ", error "
              + Numbers.significant(result.relativeError(), 2));
    }
  }
}
