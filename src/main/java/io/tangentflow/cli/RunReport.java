package io.tangentflow.cli;

import io.tangentflow.experiment.WidthConvergence;
import io.tangentflow.sweep.RunDirectory;
import picocli.CommandLine.Mixin;

/** The end of every command on a run: its report on disk, its table and findings as the result. */
final class RunReport {

  @Mixin Console console;

  /** Writes the report of a run from its results and prints its table. */
  int write(RunDirectory run) {
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
}
