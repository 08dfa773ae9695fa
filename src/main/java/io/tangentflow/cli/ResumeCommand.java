package io.tangentflow.cli;

import io.tangentflow.sweep.RunDirectory;
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

  @Mixin private Console console;
  @Mixin private MemoryOption memory;

  @Mixin private LiveOption live;

  @Parameters(paramLabel = "DIR", description = "The run directory.")
  private Path directory;

  @Override
  public Integer call() {
    try (RunDirectory run = RunDirectory.open(directory)) {
      return switch (RunKind.of(run)) {
        case SWEEP -> new SweepRun(console, memory).resume(run);
        case TRAINING -> new TrainRun(console, memory, live).resume(run);
        case REPRODUCTION -> new PaperRun(console, memory).resume(run);
      };
    }
  }
}
