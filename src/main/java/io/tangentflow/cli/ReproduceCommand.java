package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backends;
import io.tangentflow.experiment.paper.PaperFigures;
import io.tangentflow.experiment.paper.PaperScale;
import io.tangentflow.experiment.paper.Reproduction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "reproduce",
    mixinStandardHelpOptions = true,
    description = {
      "The figures of 'Global Convergence in Neural ODEs: Impact of Activation Functions' (ICLR"
          + " 2025), each claim of the paper held against a statistic: it agrees where the whole 95 %%"
          + " interval lies in the claim's range, disagrees where no part of it does, and is"
          + " inconclusive else.",
      "  fig1   gaps in depth, tangent kernels in width   fig8   a quadratic activation",
      "  fig2   training at several widths                fig9   training on CIFAR-10",
      "  fig3   long horizons                             fig10  on AG News",
      "  fig4   outputs of random networks                fig11  on Daily Climate",
      "  fig5   several outputs of one network            fig12  the two frameworks, in depth",
      "  fig6   covariances of inputs and outputs         fig13  the two frameworks, in training",
      "  fig7   Softplus against ReLU                     fig14  Euler, RK4, dopri5",
      "Killed at any moment it loses one computation; 'resume' goes on. Begin with:",
      "  tangentflow reproduce fig1 fig4 --scale smoke"
    })
final class ReproduceCommand implements Callable<Integer> {

  @Mixin private Console console;
  @Mixin private MemoryOption memory;
  @Mixin private ClusterOptions cluster;

  @Parameters(paramLabel = "FIG", arity = "1..*", description = "Figures, like fig1 or 1, or all.")
  private List<String> figures;

  @Option(
      names = "--scale",
      paramLabel = "SCALE",
      defaultValue = "default",
      description =
          "smoke (minutes: whether all of it works), default (an evening on a workstation) or paper"
              + " (the paper's widths, samples and epochs; for a GPU) (default: ${DEFAULT-VALUE}).")
  private PaperScale scale;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description =
          "Holds mnist (IDX), cifar10 (binary version), agnews (CSV) and daily-climate (CSV), plain or"
              + " .gz; those that the figures need (default: the built-in digits for all).")
  private Path dataDir;

  @Option(
      names = "--seed",
      paramLabel = "SEED",
      defaultValue = "0",
      description =
          "Of networks and of the choice of samples; the same seed gives the same verdicts (default:"
              + " ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = Backends.AUTO,
      description =
          "auto, cuda (or cuda:1 …), cpu-vector or cpu-scalar; see 'info' (default: ${DEFAULT-VALUE}).")
  private String backend;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads (default: the processors of this machine).")
  private Integer threads;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "A new or empty directory (default: runs/reproduce-DATE-TIME).")
  private Path out;

  @Override
  public Integer call() {
    if (dataDir != null && !Files.isDirectory(dataDir)) {
      throw new InvalidConfiguration(
          "--data-dir",
          dataDir + " is not there; it is to hold mnist, cifar10, agnews and daily-climate");
    }
    Reproduction reproduction =
        new Reproduction(
            PaperFigures.named(figures),
            scale,
            dataDir == null ? null : dataDir.toAbsolutePath().normalize().toString(),
            seed,
            backend,
            cluster.threads(threads));
    return new PaperRun(console, memory, cluster)
        .begin(reproduction, Runs.directory(out, "reproduce"));
  }
}
