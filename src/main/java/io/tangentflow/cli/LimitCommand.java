package io.tangentflow.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.AtomicFile;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitValue;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.Spectrum;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "limit",
    mixinStandardHelpOptions = true,
    description = {
      "The infinite-width limits NNGP and NTK: of one pair of inputs (--norms and --dot), or as Gram"
          + " matrices of data.",
      "Computed in fp64, each with an estimate of its error."
    })
final class LimitCommand implements Callable<Integer> {

  private static final String CONTINUUM = "inf";

  @Mixin private Console console;
  @Mixin private DataOptions data;
  @Mixin private ScaleOptions scales;

  @Option(
      names = "--activation",
      paramLabel = "NAME",
      defaultValue = "softplus",
      description =
          "softplus, relu, gelu, quadratic, tanh, erf, silu, sine or identity (default:"
              + " ${DEFAULT-VALUE}).")
  private String activation;

  @Option(
      names = "--depth",
      paramLabel = "L",
      defaultValue = CONTINUUM,
      description =
          "Depth of the residual network (Euler steps), or inf for the ODE (default:"
              + " ${DEFAULT-VALUE}).")
  private String depth;

  @ArgGroup(exclusive = false)
  private Pair pair;

  private static final class Pair {
    @Option(
        names = "--norms",
        required = true,
        split = ",",
        paramLabel = "A,B",
        description = "‖x‖²/d and ‖x̄‖²/d of one pair.")
    private double[] norms;

    @Option(
        names = "--dot",
        required = true,
        paramLabel = "C",
        description = "x·x̄/d of that pair.")
    private double dot;
  }

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads (default: the processors of this machine).")
  private Integer threads;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write the NTK Gram to this .npy file.")
  private Path out;

  @Option(
      names = "--nngp-out",
      paramLabel = "FILE",
      description = "Write the NNGP Gram to this .npy file.")
  private Path nngpOut;

  @Override
  public Integer call() {
    return pair != null ? ofPair() : ofData();
  }

  private int ofPair() {
    double[] norms = pair.norms;
    if (norms.length != 2 || !(norms[0] >= 0) || !(norms[1] >= 0)) {
      throw new InvalidConfiguration("--norms", "takes two numbers ≥ 0, ‖x‖²/d and ‖x̄‖²/d");
    }
    if (!(pair.dot * pair.dot <= norms[0] * norms[1] * (1 + 1e-10))) {
      throw new InvalidConfiguration(
          "--dot",
          "x·x̄/d = "
              + pair.dot
              + " is impossible: it exceeds √("
              + norms[0]
              + "·"
              + norms[1]
              + ")");
    }
    LimitValue value = kernel(1).pair(norms[0], norms[1], pair.dot);
    ObjectNode object = new ObjectMapper().createObjectNode();
    object
        .put("nngp", value.nngp())
        .put("ntk", value.ntk())
        .put("nngpError", value.nngpError())
        .put("ntkError", value.ntkError());
    Table table =
        Table.of(
                description(),
                Table.Column.left("kernel"),
                Table.Column.right("value"),
                Table.Column.right("estimated error"))
            .row(Cell.of("NNGP"), Cell.of(value.nngp(), 15), Cell.of(value.nngpError(), 2))
            .row(Cell.of("NTK"), Cell.of(value.ntk(), 15), Cell.of(value.ntkError(), 2));
    console.result(table.toText(), object);
    return 0;
  }

  private int ofData() {
    for (Path file : new Path[] {out, nngpOut}) {
      if (file != null) {
        AtomicFile.requireWritable(file);
      }
    }
    LimitingKernel kernel = kernel(1);
    Dataset dataset = data.load();
    long pairs = (long) dataset.samples() * (dataset.samples() + 1) / 2;
    ForkJoinPool pool =
        new ForkJoinPool(threads == null ? Runtime.getRuntime().availableProcessors() : threads);
    long start = System.nanoTime();
    LimitGram gram;
    try (Console.Progress progress = console.progress("pairs", pairs)) {
      gram = kernel.gram(dataset.inputs(), pool, progress::at);
    } finally {
      pool.shutdown();
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    if (out != null) {
      Npy.write(out, gram.ntk(), ElementType.FP64);
    }
    if (nngpOut != null) {
      Npy.write(nngpOut, gram.nngp(), ElementType.FP64);
    }
    Spectrum.Extreme ntk = Spectrum.least(gram.ntk());
    Spectrum.Extreme nngp = Spectrum.least(gram.nngp());
    ObjectNode object = new ObjectMapper().createObjectNode();
    object
        .put("order", dataset.samples())
        .put("ntkLeastEigenvalue", ntk.value())
        .put("ntkGreatestEigenvalue", Spectrum.greatest(gram.ntk()).value())
        .put("ntkError", gram.ntkError())
        .put("nngpLeastEigenvalue", nngp.value())
        .put("nngpGreatestEigenvalue", Spectrum.greatest(gram.nngp()).value())
        .put("nngpError", gram.nngpError())
        .put("seconds", seconds);
    Table table =
        Table.of(
                String.format(
                    "%s on %d samples of %s (%.2f s):",
                    description(), dataset.samples(), data.data, seconds),
                Table.Column.left("kernel"),
                Table.Column.right("least eigenvalue"),
                Table.Column.right("greatest eigenvalue"),
                Table.Column.right("estimated error of an entry"))
            .row(
                Cell.of("NNGP"),
                Cell.of(nngp.value(), 6),
                Cell.of(object.get("nngpGreatestEigenvalue").asDouble(), 6),
                Cell.of(gram.nngpError(), 2))
            .row(
                Cell.of("NTK"),
                Cell.of(ntk.value(), 6),
                Cell.of(object.get("ntkGreatestEigenvalue").asDouble(), 6),
                Cell.of(gram.ntkError(), 2));
    console.result(table.toText(), object);
    return 0;
  }

  private String description() {
    return "Infinite-width limit of "
        + activation
        + (depth.equals(CONTINUUM) ? ", continuum" : ", depth " + depth);
  }

  /** The width does not matter to the limit, nor, but for the data's shape, the input dimension. */
  private LimitingKernel kernel(int inputDim) {
    NeuralOde model =
        new NeuralOde(
            inputDim,
            1,
            1,
            scales.horizon,
            scales.sigmaU,
            scales.sigmaW,
            scales.sigmaV,
            StandardActivation.named(activation));
    if (depth.equals(CONTINUUM)) {
      return new ContinuumLimit(model);
    }
    try {
      return new FiniteDepthLimit(model, Integer.parseInt(depth));
    } catch (NumberFormatException e) {
      throw new InvalidConfiguration(
          "--depth", "must be a number of steps or inf, not '" + depth + "'");
    }
  }
}
