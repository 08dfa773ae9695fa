package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.sweep.SweepConfiguration;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "sweep",
    mixinStandardHelpOptions = true,
    description = {
      "The empirical tangent kernel over a grid of widths, depths, activations, solvers and seeds,"
          + " against its infinite-width limit: that of the same depth for Euler's method, the"
          + " continuum for the others.",
      "Killed at any moment it loses at most one network; go on with 'resume DIR'."
    })
final class SweepCommand implements Callable<Integer> {

  private static final int MAX_SEEDS = 1_000_000;

  @Mixin private Console console;
  @Mixin private MemoryOption memory;
  @Mixin private DataOptions data;
  @Mixin private ScaleOptions scales;
  @Mixin private EngineOptions engine;
  @Mixin private ExchangingClusterOptions cluster;

  @Option(
      names = "--width",
      split = ",",
      paramLabel = "N",
      defaultValue = "64,128,256,512",
      description = "Widths n (default: ${DEFAULT-VALUE}).")
  private List<Integer> widths;

  @Option(
      names = "--depth",
      split = ",",
      paramLabel = "L",
      defaultValue = "5",
      description = "Steps L of the solver (default: ${DEFAULT-VALUE}).")
  private List<Integer> depths;

  @Option(
      names = "--activation",
      split = ",",
      paramLabel = "NAME",
      defaultValue = "softplus",
      description = "Any that 'tangentflow activation' lists (default: ${DEFAULT-VALUE}).")
  private List<String> activations;

  @Option(
      names = "--solver",
      split = ",",
      paramLabel = "NAME",
      defaultValue = "rk4",
      description =
          "Any of euler (the residual network), midpoint, heun, bogacki-shampine, rk4,"
              + " three-eighths, butcher5, dormand-prince, in equal steps (default:"
              + " ${DEFAULT-VALUE}).")
  private List<String> solvers;

  @Option(
      names = "--seeds",
      paramLabel = "K",
      defaultValue = "8",
      description = "Networks of each kind, of seeds 0 … K − 1 (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "A new or empty directory (default: runs/sweep-DATE-TIME).")
  private Path out;

  @Override
  public Integer call() {
    if (seeds < 1 || seeds > MAX_SEEDS) {
      throw new InvalidConfiguration(
          "--seeds", "must be between 1 and " + MAX_SEEDS + ", not " + seeds);
    }
    List<Long> seedList = new ArrayList<>();
    for (long seed = 0; seed < seeds; seed++) {
      seedList.add(seed);
    }
    SweepConfiguration configuration =
        new SweepConfiguration(
            data.data,
            data.samples,
            data.seed,
            data.normalise,
            activations,
            solvers,
            depths,
            widths,
            seedList,
            scales.horizon,
            scales.sigmaU,
            scales.sigmaW,
            scales.sigmaV,
            engine.precision(),
            engine.backend,
            cluster.threads(engine.threads));
    return new SweepRun(console, memory, cluster)
        .begin("sweep", configuration, Runs.directory(out, "sweep"));
  }
}
