package io.tangentflow.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "resume",
    mixinStandardHelpOptions = true,
    description = "Go on with an interrupted run: compute what is missing, then write its report.")
final class ResumeCommand implements Callable<Integer> {

  @Mixin private SweepRun sweepRun;

  @Parameters(paramLabel = "DIR", description = "The run directory.")
  private Path directory;

  @Override
  public Integer call() {
    return sweepRun.resume(directory);
  }
}
