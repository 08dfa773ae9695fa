package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.experiment.WidthConvergence;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.SweepResults;

/**
 * The end of every command on a sweep: its report on disk, its table and findings as the result.
 */
final class SweepReport {

  private SweepReport() {}

  /**
   * Writes the report of what is finished and prints its table.
   *
   * @throws RunDirectoryConflict if nothing is
   */
  static int write(RunDirectory run, Console console) {
    if (new SweepResults(run).cells().isEmpty()) {
      throw new RunDirectoryConflict(run.path(), "has no results yet; go on with 'resume'");
    }
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
