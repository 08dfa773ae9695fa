package io.tangentflow.cli;

import io.tangentflow.sweep.SweepConfiguration;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "quickstart",
    mixinStandardHelpOptions = true,
    description = {
      "See the tangent kernel converge: Softplus networks of widths 64 … 2048, 8 seeds each, on 100 of"
          + " the built-in digits, against the infinite-width limit.",
      "Prints a table and the fitted rate; writes a run directory with report.html."
    })
final class QuickstartCommand implements Callable<Integer> {

  @Mixin private Console console;
  @Mixin private MemoryOption memory;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads (default: the processors of this machine).")
  private Integer threads;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "A new or empty directory (default: runs/quickstart-DATE-TIME).")
  private Path out;

  @Override
  public Integer call() {
    int useThreads = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    return new SweepRun(console, memory, new ClusterOptions())
        .begin(
            "quickstart",
            SweepConfiguration.quickstart(useThreads),
            Runs.directory(out, "quickstart"));
  }
}
