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
  @Mixin private ExchangingClusterOptions cluster;
  @Mixin private LiveOption live;

  @Parameters(paramLabel = "DIR", description = "The run directory.")
  private Path directory;

  @Override
  public Integer call() {
    try (RunDirectory run = RunDirectory.open(directory)) {
      return switch (RunKind.of(run)) {
        case SWEEP -> new SweepRun(console, memory, cluster).resume(run);
        case TRAINING -> {
          cluster.refuse("a training is computed in one process");
          yield new TrainRun(console, memory, live).resume(run);
        }
        case REPRODUCTION -> {
          cluster.refuseExchange("trainings of figures keep checkpoints in the run directory");
          yield new PaperRun(console, memory, cluster).resume(run);
        }
      };
    }
  }
}
