package io.tangentflow.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitValue;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.Spectrum;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.regex.Pattern;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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

  /** What has no meaning for one pair of inputs. */
  private static final List<String> OF_DATA =
      List.of(
          "--data", "--samples", "--data-seed", "--normalise", "--threads", "--out", "--nngp-out");

  @Spec private CommandSpec command;

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
          "Depth of the residual network (Euler steps, up to 8192), or inf for the ODE (default:"
              + " ${DEFAULT-VALUE}).")
  private String depth;

  @ArgGroup(exclusive = false)
  private Pair pair;

  private static final class Pair {
    @Option(
        names = "--norms",
        required = true,
        paramLabel = "A,B",
        description = "‖x‖²/d and ‖x̄‖²/d of one pair, instead of data; goes with --dot.")
    private String norms;

    @Option(
        names = "--dot",
        required = true,
        paramLabel = "C",
        description = "x·x̄/d of that pair; goes with --norms.")
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
      description = "Write the NTK Gram to this .npy file, in fp64.")
  private Path out;

  @Option(
      names = "--nngp-out",
      paramLabel = "FILE",
      description = "Write the NNGP Gram to this .npy file, in fp64.")
  private Path nngpOut;

  @Override
  public Integer call() {
    return pair != null ? ofPair() : ofData();
  }

  private int ofPair() {
    for (String option : OF_DATA) {
      if (command.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new InvalidConfiguration(
            option, "is about data, and --norms with --dot asks for one pair; leave one out");
      }
    }
    double[] norms = norms(pair.norms);
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

  private static double[] norms(String text) {
    try {
      double[] norms =
          Pattern.compile(",").splitAsStream(text).mapToDouble(Double::valueOf).toArray();
      if (norms.length == 2
          && norms[0] >= 0
          && norms[1] >= 0
          && Double.isFinite(norms[0])
          && Double.isFinite(norms[1])) {
        return norms;
      }
    } catch (NumberFormatException e) {
      // As any other text that is not two numbers.
    }
    throw new InvalidConfiguration(
        "--norms",
        "takes two finite numbers ≥ 0 like 1.5,0.7, ‖x‖²/d and ‖x̄‖²/d, not '" + text + "'");
  }

  private int ofData() {
    kernel(1); // Refuses what is impossible before the data are read.
    if (data.samples > DenseMatrix.GREATEST_ORDER) {
      throw new InvalidConfiguration(
          "--samples",
          data.samples
              + " make a Gram matrix of more than 2^31 entries; choose at most "
              + DenseMatrix.GREATEST_ORDER);
    }
    int poolThreads =
        threads == null
            ? Runtime.getRuntime().availableProcessors()
            : new BackendOptions(Precision.FP64, threads).threads();
    Outputs outputFiles =
        new Outputs().with("--out", out).with("--nngp-out", nngpOut).requireWritable();
    Dataset dataset = data.load();
    dataset.provenance().forEach(read -> outputFiles.requireApartFrom(read.file()));
    LimitingKernel kernel = kernel(dataset.dimension());
    long pairs = (long) dataset.samples() * (dataset.samples() + 1) / 2;
    console.status(description() + ", " + pairs + " pairs on " + poolThreads + " threads");
    ForkJoinPool pool = new ForkJoinPool(poolThreads);
    long start = System.nanoTime();
    LimitGram gram;
    try (Console.Progress progress = console.progress("pairs", pairs)) {
      gram = kernel.gram(dataset.inputs(), pool, progress::at);
    } finally {
      pool.shutdown();
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
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
    if (out != null) {
      Npy.write(out, gram.ntk(), ElementType.FP64);
    }
    if (nngpOut != null) {
      Npy.write(nngpOut, gram.nngp(), ElementType.FP64);
    }
    console.result(table.toText(), object);
    return 0;
  }

  private String description() {
    return "Infinite-width limit of "
        + StandardActivation.named(activation).label()
        + (depth.equalsIgnoreCase(CONTINUUM) ? ", continuum" : ", depth " + depth);
  }

  /** The width does not matter to the limit, nor the input dimension to that of a pair. */
  private LimitingKernel kernel(int inputDim) {
    NeuralOde model = scales.model(inputDim, 1, 1, StandardActivation.named(activation));
    if (depth.equalsIgnoreCase(CONTINUUM)) {
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
