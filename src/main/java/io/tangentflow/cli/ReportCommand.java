package io.tangentflow.cli;

import io.tangentflow.sweep.RunDirectory;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = "Rebuild the tables, plots and report.html of a run from its results.")
final class ReportCommand implements Callable<Integer> {

  @Mixin private Console console;

  @Parameters(paramLabel = "DIR", description = "The run directory.")
  private Path directory;

  @Override
  public Integer call() {
    try (RunDirectory run = RunDirectory.open(directory)) {
      return switch (RunKind.of(run)) {
        case SWEEP -> SweepReport.write(run, console);
        case TRAINING -> TrainRun.report(run, console);
        case REPRODUCTION -> PaperRun.report(run, console);
      };
    }
  }
}
