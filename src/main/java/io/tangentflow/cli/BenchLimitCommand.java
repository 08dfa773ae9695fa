package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.experiment.timing.JobTime;
import io.tangentflow.experiment.timing.LimitJob;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Cell;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "limit",
    mixinStandardHelpOptions = true,
    defaultValueProvider = BenchLimitCommand.Defaults.class,
    description = {
      "The time of the limiting NNGP and NTK Gram matrices of random inputs on the sphere ‖x‖² = d, in"
          + " fp64: of the table of the kernels in the correlation, and of the matrices."
    })
final class BenchLimitCommand implements Callable<Integer> {

  static final class Defaults extends BenchSizeOptions.Defaults {
    Defaults() {
      super(Map.of("--precision", "fp64"));
    }
  }

  @Mixin private Console console;
  @Mixin private LimitOptions limit;
  @Mixin private BenchRuns runs;
  @Mixin private BenchEngine engine;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Samples N (default: ${DEFAULT-VALUE}).")
  private int samples;

  @Option(
      names = "--input-dim",
      paramLabel = "D",
      defaultValue = "784",
      description = "Dimension d of an input (default: ${DEFAULT-VALUE}).")
  private int inputDim;

  @Override
  public Integer call() {
    runs.require();
    BenchSizeOptions.requireSamples(samples);
    if (engine.precision() != Precision.FP64) {
      throw new InvalidConfiguration(
          "--precision", "limiting kernels are computed in fp64, not in " + engine.precision());
    }
    if (samples > DenseMatrix.GREATEST_ORDER) {
      throw new InvalidConfiguration(
          "--samples", samples + " make a Gram matrix of more than 2^31 entries");
    }
    LimitingKernel kernel = limit.kernel(inputDim);
    try (Backend backend = engine.open()) {
      long budget = engine.budgetBytes(backend);
      JobTime time =
          runs.time(
              () -> new LimitJob(kernel, inputDim, samples, backend, budget, engine.threads()),
              backend,
              budget,
              console);
      double entries = samples * (samples + 1.0);
      double perEntry = 1e9 * time.parts().get("gramSeconds").best() / entries;
      ObjectNode object = runs.json("limit", time, backend, engine.threads());
      limit.describe(object);
      object.put("samples", samples).put("inputDim", inputDim).put("nanosecondsPerEntry", perEntry);
      String caption =
          String.format(
              "Limiting kernels of %s, %d samples, d = %d:",
              limit.description(), samples, inputDim);
      console.result(
          time.table(caption)
              .row(Cell.of("ns per entry that is not mirrored"), Cell.of(perEntry, 3))
              .toText(),
          object);
    }
    return 0;
  }
}
