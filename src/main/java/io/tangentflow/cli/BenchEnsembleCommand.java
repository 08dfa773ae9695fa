package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.check.CopyBandwidth;
import io.tangentflow.backend.check.GaussianRate;
import io.tangentflow.experiment.timing.EnsembleJob;
import io.tangentflow.experiment.timing.JobTime;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.report.Cell;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "ensemble",
    mixinStandardHelpOptions = true,
    defaultValueProvider = BenchEnsembleCommand.Defaults.class,
    description = {
      "The time of an ensemble of small networks, their weights made in place, beside the two bounds of"
          + " this machine, measured before and after: making so many normal numbers, and reading W in"
          + " each evaluation at the bandwidth of a copy.",
      "The fraction is of the greater of the two bounds."
    })
final class BenchEnsembleCommand implements Callable<Integer> {

  static final class Defaults extends BenchSizeOptions.Defaults {
    Defaults() {
      super(
          Map.of(
              "--width", "100",
              "--samples", "1",
              "--input-dim", "10",
              "--depth", "10",
              "--solver", "euler",
              "--runs", "5"));
    }
  }

  @Mixin private Console console;
  @Mixin private NetworkOptions network;
  @Mixin private BenchSizeOptions size;
  @Mixin private BenchRuns runs;
  @Mixin private BenchEngine engine;

  @Option(
      names = "--networks",
      paramLabel = "B",
      defaultValue = "10000",
      description = "Networks B (default: ${DEFAULT-VALUE}).")
  private int networks;

  /** What the machine does at most. */
  private record Bounds(double gaussiansPerSecond, double gigabytesPerSecond) {
    private Bounds or(Bounds other) {
      return new Bounds(
          Math.max(gaussiansPerSecond, other.gaussiansPerSecond),
          Math.max(gigabytesPerSecond, other.gigabytesPerSecond));
    }
  }

  @Override
  public Integer call() {
    runs.require();
    TimeGrid grid = size.grid();
    NeuralOde model = network.model(size.inputDim, size.width);
    Ensemble ensemble =
        new Ensemble(
            model, EnsembleCommand.method(grid.tableau()), size.depth, network.seed, networks);
    try (Backend backend = engine.open()) {
      long budget = engine.budgetBytes(backend);
      Bounds before = bounds(backend, budget);
      EnsembleJob job = new EnsembleJob(ensemble, size.samples, backend, budget);
      JobTime time = runs.time(() -> job, backend, budget, console);
      report(grid, job, time, before.or(bounds(backend, budget)), backend);
    }
    return 0;
  }

  private Bounds bounds(Backend backend, long budget) {
    return new Bounds(
        GaussianRate.perSecond(backend, budget),
        new CopyBandwidth(backend, engine.threads(), budget).gigabytesPerSecond());
  }

  private void report(
      TimeGrid grid, EnsembleJob job, JobTime time, Bounds bounds, Backend backend) {
    double seconds = time.seconds();
    double making = job.weights() / bounds.gaussiansPerSecond;
    double reading =
        job.weightsRead() * backend.precision().bytes() * 1e-9 / bounds.gigabytesPerSecond;
    double fraction = Math.max(making, reading) / seconds;
    ObjectNode object = runs.json("ensemble", time, backend, engine.threads());
    size.describe(object);
    object
        .put("forwardSeconds", seconds) // An ensemble is nothing but a forward solve.
        .put("networks", networks)
        .put("activation", network.activation().label())
        .put("outputs", network.outputs)
        .put("networksPerSecond", networks / seconds)
        .put("weightsPerSecond", job.weights() / seconds)
        .put("gaussiansPerSecond", bounds.gaussiansPerSecond)
        .put("copyGigabytesPerSecond", bounds.gigabytesPerSecond)
        .put("secondsToMakeWeights", making)
        .put("secondsToReadWeights", reading)
        .put("fractionOfBound", fraction);
    String caption =
        String.format(
            "%d networks of %s, width %d, %s by %s, on %d sample%s, d = %d:",
            networks,
            network.activation().label(),
            size.width,
            grid,
            backend.precision(),
            size.samples,
            size.samples == 1 ? "" : "s",
            size.inputDim);
    console.result(
        time.table(caption)
            .row(Cell.of("networks per second"), Cell.of(networks / seconds, 4))
            .row(Cell.of("weights per second, 10⁶"), Cell.of(job.weights() / seconds / 1e6, 4))
            .row(
                Cell.of("normal numbers alone per second, 10⁶"),
                Cell.of(bounds.gaussiansPerSecond / 1e6, 4))
            .row(Cell.of("copy bandwidth, GB/s"), Cell.of(bounds.gigabytesPerSecond, 3))
            .row(Cell.of("seconds to make the weights alone"), Cell.of(making, 3))
            .row(Cell.of("seconds to read them, W in each evaluation"), Cell.of(reading, 3))
            .row(Cell.of("the greater over the seconds taken"), Cell.of(fraction, 3))
            .toText(),
        object);
  }
}
