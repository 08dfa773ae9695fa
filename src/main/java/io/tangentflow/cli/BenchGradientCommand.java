package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.experiment.timing.GradientJob;
import io.tangentflow.experiment.timing.JobTime;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "gradient",
    mixinStandardHelpOptions = true,
    description = {
      "The time of a gradient: forward solve, discrete adjoint, and the gradients of U, W and V, of a"
          + " fixed random combination of the outputs. Weights and data are there before the clock"
          + " starts.",
      "GFLOP/s count 2n²N for each of the three products of an evaluation, forward, back and in the"
          + " gradient of W. A large product is square; the job's own have N columns, which takes a"
          + " BLAS longer, so these are timed alone as well."
    })
final class BenchGradientCommand implements Callable<Integer> {

  @Mixin private Console console;
  @Mixin private NetworkOptions network;
  @Mixin private BenchSizeOptions size;
  @Mixin private BenchRuns runs;
  @Mixin private BenchEngine engine;

  @Override
  public Integer call() {
    runs.require();
    NeuralOde model = network.model(size.inputDim, size.width);
    TimeGrid grid = size.grid();
    try (Backend backend = engine.open()) {
      long budget = engine.budgetBytes(backend);
      JobTime time =
          runs.time(
              () -> new GradientJob(model, grid, size.samples, network.seed, backend, budget),
              backend,
              budget,
              console);
      ObjectNode object = runs.json("gradient", time, backend, engine.threads());
      size.describe(object);
      double products = time.parts().get(GradientJob.PRODUCTS).best();
      object.put("fractionOfOwnProducts", products / time.seconds());
      object.put("activation", model.activation().label()).put("outputs", model.outputs());
      String caption =
          String.format(
              "Gradient of %s, width %d, %s by %s, of %d samples, d = %d:",
              model.activation().label(),
              size.width,
              grid,
              backend.precision(),
              size.samples,
              size.inputDim);
      Table table =
          time.table(caption)
              .row(
                  Cell.of("products alone, over all of it"), Cell.of(products / time.seconds(), 3));
      console.result(table.toText(), object);
    }
    return 0;
  }
}
