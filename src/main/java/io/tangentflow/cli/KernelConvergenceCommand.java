package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.KernelConvergence;
import io.tangentflow.experiment.KernelWidthGaps;
import io.tangentflow.experiment.LimitDepthGaps;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.report.Numbers;
import io.tangentflow.sweep.Manifest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "kernel-convergence",
    mixinStandardHelpOptions = true,
    defaultValueProvider = KernelConvergenceCommand.Defaults.class,
    description = {
      "How fast kernels converge. In the depth L: the infinite-width NNGP and NTK of the residual"
          + " network of L layers against those of the continuum (theory L^−1).",
      "In the width n: tangent kernels of residual networks against the limit of the same depth: of"
          + " one network (theory n^−1/2), and the bias, which is how far the expectation is (theory"
          + " n^−1). The Monte-Carlo noise of the mean of R networks is taken out of it; a bias of"
          + " less than three standard errors is named and has no part in a rate. Begin with:",
      "  tangentflow kernel-convergence --activation softplus,relu --out kernels"
    })
final class KernelConvergenceCommand implements Callable<Integer> {

  /** Exponents need few samples, and the bias many networks. */
  static final class Defaults implements IDefaultValueProvider {
    @Override
    public String defaultValue(ArgSpec argument) {
      return argument instanceof OptionSpec option && option.longestName().equals("--samples")
          ? "20"
          : null;
    }
  }

  @Spec private CommandSpec command;

  @Mixin private Console console;
  @Mixin private ActivationsOption phis;
  @Mixin private DataOptions data;
  @Mixin private ScaleOptions scales;
  @Mixin private EngineOptions engine;
  @Mixin private MemoryOption memory;

  @Option(
      names = "--depth",
      split = ",",
      paramLabel = "L",
      defaultValue = "4,8,16,32,64,128,256",
      description =
          "Depths L of the infinite-width kernels, rising, three or more, up to 8192 (default:"
              + " ${DEFAULT-VALUE}).")
  private List<Integer> depths;

  @Option(
      names = "--width",
      split = ",",
      paramLabel = "N",
      defaultValue = "8,16,32,64,128",
      description =
          "Widths n of the networks, rising, three or more (default: ${DEFAULT-VALUE}). The bias"
              + " falls faster than the noise: at twice the width twice the networks resolve it.")
  private List<Integer> widths;

  @Option(
      names = "--network-depth",
      paramLabel = "L",
      defaultValue = "10",
      description = "Depth of these networks (default: ${DEFAULT-VALUE}).")
  private int networkDepth;

  @Option(
      names = "--networks",
      paramLabel = "R",
      defaultValue = "1000",
      description =
          "Networks of each width, three or more; 0 for the infinite-width kernels alone (default:"
              + " ${DEFAULT-VALUE}).")
  private int networks;

  @Option(
      names = "--seed",
      paramLabel = "SEED",
      defaultValue = "0",
      description =
          "Seed of the first network; each takes the next, so that no two share one (default:"
              + " ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Write report.html, a .svg for each figure, depth.csv, width.csv and convergence.json into"
              + " this new or empty directory.")
  private Path out;

  @Override
  public Integer call() {
    OptionList.risingToFit("--depth", "depths", depths);
    OptionList.risingToFit("--width", "widths", widths);
    requireNetworks();
    for (NeuralOde model : models(1)) { // Refuses what is impossible before data are read.
      depths.forEach(depth -> new FiniteDepthLimit(model, depth));
      widths.forEach(model::withWidth);
    }
    Dataset dataset = data.load();
    return NewDirectory.filledBy(out, () -> report(dataset));
  }

  private void requireNetworks() {
    if (networks != 0 && networks < KernelWidthGaps.LEAST_NETWORKS) {
      throw new InvalidConfiguration(
          "--networks",
          String.format(
              "must be 0 or at least %d to tell a bias from noise, not %d",
              KernelWidthGaps.LEAST_NETWORKS, networks));
    }
    for (String option : List.of("--width", "--network-depth", "--seed")) {
      if (networks == 0 && command.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new InvalidConfiguration(option, "has no meaning with --networks 0");
      }
    }
    if (networkDepth < 1 || networkDepth > FiniteDepthLimit.GREATEST_DEPTH) {
      throw new InvalidConfiguration(
          "--network-depth",
          "must be between 1 and " + FiniteDepthLimit.GREATEST_DEPTH + ", not " + networkDepth);
    }
  }

  private int report(Dataset dataset) {
    try (Backend backend = engine.open()) {
      String subject =
          String.format(
              "T = %s, σw = %s, %d samples of %s",
              Numbers.shortest(scales.horizon),
              Numbers.shortest(scales.sigmaW),
              dataset.samples(),
              dataset.name());
      KernelConvergence convergence =
          new KernelConvergence(
              subject,
              limits(dataset),
              networks == 0 ? List.of() : networks(dataset, backend),
              "residual networks of depth " + networkDepth + ", " + backend.precision());
      ObjectNode object = convergence.json();
      object.set("provenance", provenance(dataset, backend));
      String text = convergence.text();
      if (out != null) {
        convergence.write(out, provenance(dataset, backend));
        object.put("directory", out.toString());
        text += "\n\nReport: " + out.resolve("report.html");
      }
      console.result(text, object);
      return 0;
    }
  }

  private List<LimitDepthGaps> limits(Dataset dataset) {
    List<NeuralOde> models = models(dataset.dimension());
    long each = (1 + depths.size()) * LimitDepthGaps.pairs(dataset.inputs());
    List<LimitDepthGaps> limits = new ArrayList<>();
    ForkJoinPool pool = new ForkJoinPool(engine.threads());
    try (Console.Progress progress = console.progress("limits", models.size() * each)) {
      for (NeuralOde model : models) {
        progress.detail(model.activation().label());
        long before = limits.size() * each;
        limits.add(
            LimitDepthGaps.measure(
                model, depths, dataset.inputs(), pool, pairs -> progress.at(before + pairs)));
      }
      return limits;
    } finally {
      pool.shutdown();
    }
  }

  private List<KernelWidthGaps> networks(Dataset dataset, Backend backend) {
    MemoryBudget budget = memory.budget(backend);
    List<NeuralOde> models = models(dataset.dimension());
    long total = (long) models.size() * widths.size() * networks;
    console.status(total + " networks on " + backend.name() + ", " + backend.description());
    KernelWidthGaps.Setting setting =
        new KernelWidthGaps.Setting(networkDepth, widths, networks, seed);
    List<KernelWidthGaps> families = new ArrayList<>();
    AtomicInteger done = new AtomicInteger();
    try (Console.Progress progress = console.progress("networks", total)) {
      for (NeuralOde model : models) {
        families.add(
            KernelWidthGaps.measure(
                model,
                setting,
                dataset.inputs(),
                backend,
                engine.threads(),
                budget,
                width -> {
                  progress.detail(model.activation().label() + ", width " + width);
                  progress.at(done.incrementAndGet());
                }));
      }
    }
    return families;
  }

  /** One for each activation; the width is set where networks are made. */
  private List<NeuralOde> models(int inputDim) {
    return phis.activations().stream().map(phi -> scales.model(inputDim, 1, 1, phi)).toList();
  }

  private ObjectNode provenance(Dataset dataset, Backend backend) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("version", Manifest.programVersion());
    scales.describe(node);
    if (networks > 0) {
      node.put("device", backend.name() + ": " + backend.description())
          .put("precision", backend.precision().toString())
          .put("networkDepth", networkDepth)
          .put("networks", networks)
          .put("seed", seed);
    }
    data.describe(dataset, node);
    return node;
  }
}
