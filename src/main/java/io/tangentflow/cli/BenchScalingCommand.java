package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.check.Runs;
import io.tangentflow.experiment.timing.Scaling;
import io.tangentflow.experiment.timing.ScalingAxis;
import io.tangentflow.experiment.timing.ScalingJob;
import io.tangentflow.experiment.timing.ScalingLaw;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.sweep.Manifest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "scaling",
    mixinStandardHelpOptions = true,
    defaultValueProvider = BenchScalingCommand.Defaults.class,
    description = {
      "How time and peak memory of a gradient and of a structured tangent kernel grow with the width n,"
          + " the samples N, the steps L of Euler's method and Q: evaluations by rk4 of the gradient,"
          + " nodes in time of the kernel, whose solver then takes twice as many steps as the greatest"
          + " Q. One is varied at a time; the others stay at the middle of their values.",
      "Exponents are fitted on logarithms, and set beside those of the counts of FLOPs and bytes over"
          + " the same sizes. At the greatest width all threads are set against one."
    })
final class BenchScalingCommand implements Callable<Integer> {

  static final class Defaults extends BenchSizeOptions.Defaults {
    Defaults() {
      super(Map.of("--runs", "5"));
    }
  }

  @Mixin private Console console;
  @Mixin private NetworkOptions network;
  @Mixin private BenchRuns runs;
  @Mixin private BenchEngine engine;

  @Option(
      names = "--widths",
      split = ",",
      paramLabel = "N",
      defaultValue = "128,256,512,1024,2048",
      description = "Widths n, rising, three or more (default: ${DEFAULT-VALUE}).")
  private List<Integer> widths;

  @Option(
      names = "--samples",
      split = ",",
      paramLabel = "N",
      defaultValue = "8,16,32,64,128",
      description = "Numbers of samples N, rising, three or more (default: ${DEFAULT-VALUE}).")
  private List<Integer> samples;

  @Option(
      names = "--depths",
      split = ",",
      paramLabel = "L",
      defaultValue = "4,8,16,32,64",
      description = "Steps L of Euler's method, rising, three or more (default: ${DEFAULT-VALUE}).")
  private List<Integer> depths;

  @Option(
      names = "--nodes",
      split = ",",
      paramLabel = "Q",
      defaultValue = "4,8,16,32,64",
      description =
          "Evaluations or nodes Q, rising multiples of four, three or more (default:"
              + " ${DEFAULT-VALUE}).")
  private List<Integer> nodes;

  @Option(
      names = "--input-dim",
      paramLabel = "D",
      defaultValue = "32",
      description = "Dimension d of an input (default: ${DEFAULT-VALUE}).")
  private int inputDim;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Write scaling.json and a plot of time and one of memory for each of n, N, L and Q into this"
              + " new or empty directory.")
  private Path out;

  @Override
  public Integer call() {
    runs.require();
    Map<ScalingAxis, List<Integer>> grids = grids();
    NeuralOde model = network.model(inputDim, widths.get(0));
    return NewDirectory.filledBy(out, () -> report(model, grids));
  }

  /** The values of each axis; refuses what no job could be of. */
  private Map<ScalingAxis, List<Integer>> grids() {
    Map<ScalingAxis, List<Integer>> grids = new EnumMap<>(ScalingAxis.class);
    grids.put(ScalingAxis.WIDTH, OptionList.risingToFit("--widths", "widths", widths));
    grids.put(ScalingAxis.SAMPLES, OptionList.risingToFit("--samples", "numbers", samples));
    grids.put(ScalingAxis.DEPTH, OptionList.risingToFit("--depths", "depths", depths));
    grids.put(ScalingAxis.NODES, OptionList.risingToFit("--nodes", "numbers", nodes));
    BenchSizeOptions.requireSamples(samples.get(0));
    depths.forEach(depth -> new TimeGrid(Tableau.EULER, depth));
    for (int q : nodes) {
      if (q < 1 || q % Tableau.RK4.stages() != 0) {
        throw new InvalidConfiguration(
            "--nodes", "must be multiples of four, as rk4 evaluates so often, not " + q);
      }
    }
    return grids;
  }

  private static int middle(List<Integer> values) {
    return values.get(values.size() / 2);
  }

  private ScalingJob.Size base(ScalingAxis axis) {
    int depth = axis == ScalingAxis.NODES ? 2 * nodes.get(nodes.size() - 1) : middle(depths);
    return new ScalingJob.Size(middle(widths), middle(samples), depth, 0, network.seed);
  }

  private int report(NeuralOde model, Map<ScalingAxis, List<Integer>> grids) {
    try (Backend backend = engine.open()) {
      console.status("on " + backend.name() + ", " + backend.description());
      List<ScalingLaw> laws = laws(model, grids, backend);
      Scaling scaling = new Scaling(subject(model, backend), laws, threads(model, backend));
      ObjectNode provenance = provenance(model, backend);
      ObjectNode object = scaling.json();
      object.set("provenance", provenance);
      String text =
          scaling.table().toText() + scaling.threadsTable().map(t -> "\n" + t.toText()).orElse("");
      if (out != null) {
        scaling.write(out, provenance);
        object.put("directory", out.toString());
        text += "\nPlots: " + out;
      }
      console.result(text, object);
    }
    return 0;
  }

  private List<ScalingLaw> laws(
      NeuralOde model, Map<ScalingAxis, List<Integer>> grids, Backend backend) {
    long budget = engine.budgetBytes(backend);
    int sizes = grids.values().stream().mapToInt(List::size).sum();
    List<ScalingLaw> laws = new ArrayList<>();
    AtomicInteger done = new AtomicInteger();
    try (Console.Progress progress =
        console.progress("sizes", (long) sizes * ScalingJob.values().length)) {
      for (ScalingJob job : ScalingJob.values()) {
        // Until the JVM has compiled it, or the first sizes would be those that it compiles at.
        Scaling.runs(job, model, base(ScalingAxis.NODES), runs.runs, backend, budget);
        for (Map.Entry<ScalingAxis, List<Integer>> grid : grids.entrySet()) {
          ScalingAxis axis = grid.getKey();
          progress.detail(job.label() + " against " + axis.symbol());
          laws.add(
              Scaling.along(
                  axis,
                  grid.getValue(),
                  job,
                  model,
                  base(axis),
                  runs.runs,
                  backend,
                  budget,
                  () -> progress.at(done.incrementAndGet())));
        }
      }
    }
    return laws;
  }

  /** All threads of a host against one, at the greatest width. */
  private List<Scaling.Threads> threads(NeuralOde model, Backend backend) {
    if (engine.threads() == 1 || !backend.sharesHostMemory()) {
      return List.of();
    }
    int greatest = widths.get(widths.size() - 1);
    ScalingJob.Size size =
        new ScalingJob.Size(greatest, middle(samples), middle(depths), 0, network.seed);
    long budget = engine.budgetBytes(backend);
    List<Scaling.Threads> threads = new ArrayList<>();
    try (Backend one = engine.openOn(backend.name(), 1)) {
      for (ScalingJob job : ScalingJob.values()) {
        Runs byAll = Scaling.runs(job, model, size, runs.runs, backend, budget);
        Runs byOne = Scaling.runs(job, model, size, runs.runs, one, budget);
        threads.add(new Scaling.Threads(job, engine.threads(), byAll, byOne));
      }
    }
    return threads;
  }

  private String subject(NeuralOde model, Backend backend) {
    return String.format(
        "%s, n = %d, N = %d, L = %d (%d for the kernel against Q), d = %d, %s, %d thread%s",
        model.activation().label(),
        middle(widths),
        middle(samples),
        middle(depths),
        base(ScalingAxis.NODES).depth(),
        inputDim,
        backend.precision(),
        engine.threads(),
        engine.threads() == 1 ? "" : "s");
  }

  private ObjectNode provenance(NeuralOde model, Backend backend) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("version", Manifest.programVersion())
        .put("device", backend.name() + ": " + backend.description())
        .put("precision", backend.precision().toString())
        .put("threads", engine.threads())
        .put("activation", model.activation().label())
        .put("outputs", model.outputs())
        .put("inputDim", inputDim)
        .put("seed", network.seed)
        .put("runs", runs.runs);
  }
}
