package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.DepthConvergence;
import io.tangentflow.experiment.DepthGaps;
import io.tangentflow.experiment.DepthGaps.Setting;
import io.tangentflow.model.Activation;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Tolerance;
import io.tangentflow.report.Numbers;
import io.tangentflow.sweep.Manifest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

@Command(
    name = "convergence",
    mixinStandardHelpOptions = true,
    defaultValueProvider = ConvergenceCommand.Defaults.class,
    description = {
      "How fast networks of L layers approach the continuous model as L grows: the exponent of L in"
          + " the relative difference of the outputs, and of the gradient of a fixed random"
          + " combination of them, for each activation and width.",
      "The continuous model is solved to a tolerance, forward and backward; gaps less than ten times"
          + " its own estimated error are named and left out of the fit. Begin with:",
      "  tangentflow convergence --activation softplus,relu --out depths"
    })
final class ConvergenceCommand implements Callable<Integer> {

  /** Differences of small numbers are told in fp64, and by few samples. */
  static final class Defaults implements IDefaultValueProvider {
    @Override
    public String defaultValue(ArgSpec argument) {
      String name = argument instanceof OptionSpec option ? option.longestName() : "";
      return switch (name) {
        case "--precision" -> "fp64";
        case "--samples" -> "10";
        default -> null;
      };
    }
  }

  @Mixin private Console console;
  @Mixin private ActivationsOption phis;
  @Mixin private DataOptions data;
  @Mixin private ScaleOptions scales;
  @Mixin private EngineOptions engine;
  @Mixin private MemoryOption memory;

  @Option(
      names = "--width",
      split = ",",
      paramLabel = "N",
      defaultValue = "64,256",
      description = "Widths n (default: ${DEFAULT-VALUE}).")
  private List<Integer> widths;

  @Option(
      names = "--depth",
      split = ",",
      paramLabel = "L",
      defaultValue = "4,8,16,32,64,128",
      description = "Depths L, rising, three or more (default: ${DEFAULT-VALUE}).")
  private List<Integer> depths;

  @Option(
      names = "--solver",
      paramLabel = "NAME",
      defaultValue = "euler",
      description =
          "The method whose steps are the layers: euler (the residual network), midpoint, heun,"
              + " bogacki-shampine, rk4, three-eighths, butcher5 or dormand-prince (default:"
              + " ${DEFAULT-VALUE}).")
  private String solver;

  @Option(
      names = "--dynamics",
      paramLabel = "NAME",
      defaultValue = "pre-activation",
      description =
          "pre-activation (c W φ(h)), post-activation (φ(c W h)), gated (c W φ(h) e⁻ᵗ) or drifting"
              + " (c W φ(h + t b)), c = σw/√n (default: ${DEFAULT-VALUE}).")
  private String dynamics;

  @Option(
      names = "--outputs",
      paramLabel = "M",
      defaultValue = "1",
      description = "Outputs m (default: ${DEFAULT-VALUE}).")
  private int outputs;

  @Option(
      names = "--seed",
      paramLabel = "SEED",
      defaultValue = "0",
      description = "Seed of the parameters; see 'init' (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--tolerance",
      paramLabel = "τ",
      description =
          "Relative error of each step of the continuous model (default: 1e-11; 1e-8 for those with a"
              + " kink, which makes steps short; 3e-6 in fp32).")
  private Double tolerance;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Write report.html, outputs.svg, gradient.svg, gaps.csv and convergence.json into this new"
              + " or empty directory.")
  private Path out;

  @Override
  public Integer call() {
    Setting setting =
        new Setting(
            StandardDynamics.named(dynamics),
            Tableau.named(solver),
            OptionList.risingToFit("--depth", "depths", depths),
            tolerance == null ? OptionalDouble.empty() : OptionalDouble.of(tolerance),
            seed);
    depths.forEach(depth -> new TimeGrid(setting.tableau(), depth));
    setting.tolerance().ifPresent(relative -> new Tolerance(Tableau.DORMAND_PRINCE, relative));
    if (!(scales.sigmaV > 0)) {
      throw new InvalidConfiguration(
          "--sigma-v", "must be positive, not " + scales.sigmaV + ": else all outputs are zero");
    }
    models(1); // Refuses what is impossible before data are read.
    Dataset dataset = data.load();
    return NewDirectory.filledBy(out, () -> report(setting, dataset));
  }

  private int report(Setting setting, Dataset dataset) {
    try (Backend backend = engine.open()) {
      DepthConvergence convergence = measure(setting, dataset, backend);
      ObjectNode object = convergence.json();
      object.set("provenance", provenance(setting, dataset, backend));
      String text = convergence.table().toText() + "\n" + String.join("\n", convergence.findings());
      if (out != null) {
        convergence.write(out, provenance(setting, dataset, backend));
        object.put("directory", out.toString());
        text += "\n\nReport: " + out.resolve("report.html");
      }
      console.result(text, object);
      return 0;
    }
  }

  private DepthConvergence measure(Setting setting, Dataset dataset, Backend backend) {
    MemoryBudget budget = memory.budget(backend);
    List<NeuralOde> models = models(dataset.dimension());
    console.status(models.size() + " networks on " + backend.name() + ", " + backend.description());
    List<DepthGaps> networks = new ArrayList<>();
    AtomicInteger done = new AtomicInteger();
    try (Console.Progress progress =
        console.progress("gradients", (long) models.size() * setting.gradients())) {
      for (NeuralOde model : models) {
        progress.detail(model.activation().label() + ", width " + model.width());
        networks.add(
            DepthGaps.measure(
                model,
                setting,
                dataset.inputs(),
                backend,
                budget.deviceBytes(),
                () -> progress.at(done.incrementAndGet())));
      }
    }
    String subject =
        String.format(
            "%s, %s, T = %s, σw = %s, %d samples of %s, seed %d, %s",
            setting.tableau(),
            setting.dynamics().label(),
            Numbers.shortest(scales.horizon),
            Numbers.shortest(scales.sigmaW),
            dataset.samples(),
            dataset.name(),
            seed,
            backend.precision());
    return new DepthConvergence(setting.tableau(), subject, networks);
  }

  private List<NeuralOde> models(int inputDim) {
    List<NeuralOde> models = new ArrayList<>();
    for (Activation phi : phis.activations()) {
      for (int width : OptionList.distinct("--width", widths)) {
        models.add(scales.model(inputDim, width, outputs, phi));
      }
    }
    return models;
  }

  private ObjectNode provenance(Setting setting, Dataset dataset, Backend backend) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("version", Manifest.programVersion())
        .put("device", backend.name() + ": " + backend.description())
        .put("precision", backend.precision().toString())
        .put("solver", setting.tableau().name())
        .put("dynamics", setting.dynamics().label())
        .put("outputs", outputs)
        .put("seed", seed);
    scales.describe(node);
    setting.tolerance().ifPresent(relative -> node.put("tolerance", relative));
    data.describe(dataset, node);
    return node;
  }
}
