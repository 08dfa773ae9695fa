package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Provenance;
import io.tangentflow.experiment.paper.Laboratory;
import io.tangentflow.experiment.paper.Reproduction;
import io.tangentflow.experiment.paper.ReproductionReport;
import io.tangentflow.experiment.paper.ReproductionRun;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import java.nio.file.Path;
import java.util.List;

/** What the commands that run or go on with a reproduction share. */
final class PaperRun {

  private static final int PARTS = 1000;

  private final Console console;
  private final MemoryOption memory;

  PaperRun(Console console, MemoryOption memory) {
    this.console = console;
    this.memory = memory;
  }

  /** Runs a reproduction in a new directory. */
  int begin(Reproduction reproduction, Path directory) {
    RunDirectory.requireVacant(directory);
    try (Laboratory laboratory = new Laboratory(reproduction, memory::budget)) {
      List<Provenance> files = laboratory.files();
      Backend backend = laboratory.backend(Precision.FP32);
      Manifest manifest =
          Manifest.of(ReproductionRun.KIND, "reproduce", reproduction, files, backend);
      try (RunDirectory run = RunDirectory.create(directory, manifest)) {
        return run(reproduction, run, laboratory);
      }
    }
  }

  /** Goes on with a reproduction: computes what is missing, then writes its report. */
  int resume(RunDirectory run) {
    Manifest manifest = run.manifest();
    Reproduction reproduction = run.configuration(Reproduction.class);
    try (Laboratory laboratory = new Laboratory(reproduction, memory::budget)) {
      manifest.requireSameData(laboratory.files(), run.path());
      Runs.reportChanges(manifest, laboratory.backend(Precision.FP32), console);
      return run(reproduction, run, laboratory);
    }
  }

  private int run(Reproduction reproduction, RunDirectory run, Laboratory laboratory) {
    Backend backend = laboratory.backend(Precision.FP32);
    console.status(
        String.format(
            "%s: %s, scale %s, on %s, %s",
            run.path(),
            String.join(", ", reproduction.figures()),
            reproduction.scale(),
            backend.name(),
            backend.description()));
    Interruption interruption = Interruption.atOnce(console, run.path());
    try (Console.Progress progress = console.progress("thousandths of the work", PARTS)) {
      ReproductionRun.run(reproduction, run, laboratory, new Narration(progress));
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

  /** Shows what happens. */
  private final class Narration implements Laboratory.Listener {
    private final Console.Progress progress;

    Narration(Console.Progress progress) {
      this.progress = progress;
    }

    @Override
    public void status(String line) {
      console.status(line);
    }

    @Override
    public void warning(String line) {
      console.warning(line);
    }

    @Override
    public void progress(double share, String words) {
      progress.detail(words);
      progress.at(Math.round(share * PARTS));
    }
  }
}
