package io.tangentflow.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.backend.check.OperationProfile;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.train.Loss;
import io.tangentflow.train.Training;
import io.tangentflow.train.UpdateRule;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.commons.math3.stat.descriptive.rank.Median;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "training",
    mixinStandardHelpOptions = true,
    description = {
      "The time of a step of full-batch gradient descent on the squared loss, and where it goes: the"
          + " share of each operation.",
      "Steps are taken to warm up, then timed, the time being the median; then profiled, each operation"
          + " waited for."
    })
final class BenchTrainingCommand implements Callable<Integer> {

  private static final int WARM_UPS = 5;
  private static final int TARGET_STREAM = 7;

  /** So small that the weights stay what they are, whatever the network. */
  private static final double LEARNING_RATE = 1e-9;

  @Mixin private Console console;
  @Mixin private NetworkOptions network;
  @Mixin private EngineOptions engine;
  @Mixin private MemoryOption memory;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "2048",
      description = "Width n (default: ${DEFAULT-VALUE}).")
  private int width;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "500",
      description = "Samples N, standard normal (default: ${DEFAULT-VALUE}).")
  private int samples;

  @Option(
      names = "--input-dim",
      paramLabel = "D",
      defaultValue = "784",
      description = "Dimension d of an input (default: ${DEFAULT-VALUE}).")
  private int inputDim;

  @Option(
      names = "--depth",
      paramLabel = "L",
      defaultValue = "10",
      description = "Steps L of the solver (default: ${DEFAULT-VALUE}).")
  private int depth;

  @Option(
      names = "--solver",
      paramLabel = "NAME",
      defaultValue = "euler",
      description = "As of 'train' (default: ${DEFAULT-VALUE}).")
  private String solver;

  @Option(
      names = "--runs",
      paramLabel = "R",
      defaultValue = "10",
      description = "Timed steps, and profiled ones (default: ${DEFAULT-VALUE}).")
  private int runs;

  @Override
  public Integer call() {
    if (runs < 1) {
      throw new InvalidConfiguration("--runs", "must be at least 1, not " + runs);
    }
    if (samples < 1) {
      throw new InvalidConfiguration("--samples", "must be at least 1, not " + samples);
    }
    NeuralOde model = network.model(inputDim, width);
    TimeGrid grid = new TimeGrid(Tableau.named(solver), depth);
    try (Backend backend = engine.open()) {
      console.status("on " + backend.name() + ", " + backend.description());
      long budget = memory.budget(backend).deviceBytes();
      double seconds = new Median().evaluate(times(model, grid, backend, budget, () -> {}));
      try (Workspace scratch = backend.workspace("a profile", Long.BYTES)) {
        Matrix one = scratch.allocate(1, 1);
        Runnable wait = backend.sharesHostMemory() ? () -> {} : () -> backend.dot(one, one);
        OperationProfile profile = new OperationProfile(backend, wait);
        double[] profiled = times(model, grid, profile.profiled(), budget, profile::clear);
        report(model, grid, seconds, new Median().evaluate(profiled), profile, backend);
      }
    }
    return 0;
  }

  /**
   * Seconds of steps.
   *
   * @param warm is called when the JVM is
   */
  private double[] times(
      NeuralOde model, TimeGrid grid, Backend backend, long budget, Runnable warm) {
    String purpose = String.format("training %d samples at width %d", samples, width);
    try (Workspace workspace = backend.workspace(purpose, budget)) {
      Weights weights = Weights.place(model, network.parameters(), workspace);
      Matrix x = weights.upload(BenchCommand.inputs(inputDim, samples), workspace);
      Matrix y =
          workspace.upload(
              Parameters.gaussian(model.outputs(), samples, network.seed, TARGET_STREAM));
      Training training =
          new Training(
              new Training.Setup(
                  new DiscreteAdjoint(grid),
                  Loss.SQUARED,
                  false,
                  EnumSet.allOf(Block.class),
                  new UpdateRule.Descent(),
                  LEARNING_RATE,
                  samples),
              weights,
              x,
              y,
              epoch -> new int[0],
              report -> {},
              workspace);
      for (int step = 0; step < WARM_UPS; step++) {
        training.step();
      }
      warm.run();
      double[] seconds = new double[runs];
      for (int step = 0; step < runs; step++) {
        long start = System.nanoTime();
        training.step();
        seconds[step] = (System.nanoTime() - start) * 1e-9;
      }
      return seconds;
    }
  }

  private void report(
      NeuralOde model,
      TimeGrid grid,
      double seconds,
      double profiledSeconds,
      OperationProfile profile,
      Backend backend) {
    // What is done less than once in each step is none of it: matrices are freed at the end.
    List<OperationProfile.Entry> entries =
        profile.entries().stream().filter(entry -> entry.calls() % runs == 0).toList();
    double all = entries.stream().mapToDouble(OperationProfile.Entry::seconds).sum();
    double flops = flops(model, grid);
    ObjectNode object =
        new ObjectMapper()
            .createObjectNode()
            .put("seconds", seconds)
            .put("profiledSeconds", profiledSeconds)
            .put("gflops", flops / seconds * 1e-9)
            .put("flops", flops)
            .put("runs", runs)
            .put("backend", backend.name())
            .put("precision", backend.precision().toString());
    ArrayNode list = object.putArray("operations");
    Table table =
        Table.of(
            String.format(
                "A step of %s, width %d, %s by %s, on %d samples, d = %d, %d output%s: %.3g s, %.3g"
                    + " GFLOP/s. Of %d profiled steps:",
                model.activation().label(),
                width,
                grid,
                backend.precision(),
                samples,
                inputDim,
                model.outputs(),
                model.outputs() == 1 ? "" : "s",
                seconds,
                flops / seconds * 1e-9,
                runs),
            Table.Column.left("operation"),
            Table.Column.right("calls a step"),
            Table.Column.right("seconds a step"),
            Table.Column.right("share of operations"));
    for (OperationProfile.Entry entry : entries) {
      list.addObject()
          .put("name", entry.name())
          .put("callsPerStep", entry.calls() / (double) runs)
          .put("secondsPerStep", entry.seconds() / runs)
          .put("share", entry.seconds() / all);
      table =
          table.row(
              Cell.of(entry.name()),
              Cell.of(entry.calls() / (double) runs, 3),
              Cell.of(entry.seconds() / runs, 3),
              Cell.of(String.format("%.1f %%", 100 * entry.seconds() / all)));
    }
    console.result(table.toText(), object);
  }

  /** Of the products: W forward, back and in the gradient; U forward and in its gradient; V. */
  private double flops(NeuralOde model, TimeGrid grid) {
    double n = model.width();
    return 2.0
        * samples
        * n
        * (3.0 * n * grid.evaluations() + 2.0 * inputDim + 3.0 * model.outputs());
  }
}
