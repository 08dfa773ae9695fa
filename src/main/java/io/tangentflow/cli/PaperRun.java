package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Provenance;
import io.tangentflow.experiment.paper.Reproduction;
import io.tangentflow.experiment.paper.ReproductionReport;
import io.tangentflow.experiment.paper.ReproductionRun;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.Worker;
import io.tangentflow.sweep.Workload;
import java.nio.file.Path;
import java.util.List;

/** What the commands that run or go on with a reproduction share. */
final class PaperRun {

  private static final int PARTS = 1000;

  private final Console console;
  private final MemoryOption memory;

  private final ClusterOptions cluster;

  PaperRun(Console console, MemoryOption memory, ClusterOptions cluster) {
    this.console = console;
    this.memory = memory;
    this.cluster = cluster;
  }

  /** Runs a reproduction in a new directory. */
  int begin(Reproduction reproduction, Path directory) {
    RunDirectory.requireVacant(directory);
    List<Provenance> files = ReproductionRun.files(reproduction);
    try (UnitExecutor executor = executor(reproduction, directory)) {
      Worker.Preparation prepared = executor.prepare(asked(reproduction, directory));
      Manifest manifest =
          Manifest.of(
              ReproductionRun.KIND,
              "reproduce",
              reproduction,
              files,
              prepared.device(),
              prepared.budget());
      try (RunDirectory run = RunDirectory.create(directory, manifest)) {
        return run(reproduction, run, executor, prepared, prepared.budget());
      }
    }
  }

  /** Goes on with a reproduction: computes what is missing, then writes its report. */
  int resume(RunDirectory run) {
    Manifest manifest = run.manifest();
    Reproduction reproduction = run.configuration(Reproduction.class);
    manifest.requireSameData(ReproductionRun.files(reproduction), run.path());
    try (UnitExecutor executor = executor(reproduction, run.path())) {
      Worker.Preparation prepared = executor.prepare(asked(reproduction, run.path()));
      Runs.reportChanges(manifest, prepared.device(), console);
      return run(
          reproduction,
          run,
          executor,
          prepared,
          Runs.budget(manifest, memory, prepared.budget(), console));
    }
  }

  private UnitExecutor executor(Reproduction reproduction, Path directory) {
    return cluster.executor(
        cluster.shared(directory, ""), reproduction.backend(), reproduction.threads(), console);
  }

  private Workload asked(Reproduction reproduction, Path directory) {
    return workload(reproduction, reproduction.backend(), null, directory);
  }

  private Workload workload(
      Reproduction reproduction, String backend, MemoryBudget budget, Path directory) {
    return ReproductionRun.workload(
        reproduction, backend, memory.memory, budget, directory.toAbsolutePath());
  }

  private int run(
      Reproduction reproduction,
      RunDirectory run,
      UnitExecutor executor,
      Worker.Preparation prepared,
      MemoryBudget budget) {
    console.status(
        String.format(
            "%s: %s, scale %s, on %s%s",
            run.path(),
            String.join(", ", reproduction.figures()),
            reproduction.scale(),
            prepared.device(),
            cluster.words(executor)));
    Interruption interruption = Interruption.atOnce(console, run.path(), cluster.again());
    try (Console.Progress progress = console.progress("thousandths of the work", PARTS)) {
      ReproductionRun.run(
          reproduction,
          run,
          workload(
              reproduction, cluster.settled(reproduction.backend(), prepared), budget, run.path()),
          executor,
          cluster.exchange(run.path(), ""),
          new Narration(progress));
    } finally {
      interruption.close();
    }
    return report(run, console);
  }

  /**
   * Writes the report of what is finished and prints its verdicts.
   *
   * @throws RunDirectoryConflict if no figure is finished
   */
  static int report(RunDirectory run, Console console) {
    ReproductionReport report = ReproductionReport.of(run);
    if (report.isEmpty()) {
      throw new RunDirectoryConflict(run.path(), "has no whole figure yet; go on with 'resume'");
    }
    report.write(run);
    console.result(
        report.table().toText()
            + "\n"
            + String.join("\n", report.sentences())
            + "\n\nReport: "
            + run.file("report.html"),
        report.json());
    return 0;
  }

  /** Moves the bar by shares of the whole. */
  private final class Narration extends UnitNarration {
    private final Console.Progress progress;

    Narration(Console.Progress progress) {
      super(console, progress);
      this.progress = progress;
    }

    @Override
    public void progress(double share, String words) {
      progress.detail(words);
      progress.at(Math.round(share * PARTS));
    }
  }
}
