package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.KernelPrediction;
import io.tangentflow.experiment.KernelPrediction.Losses;
import io.tangentflow.experiment.KernelPrediction.Question;
import io.tangentflow.experiment.KernelPrediction.Row;
import io.tangentflow.experiment.PredictionReport;
import io.tangentflow.experiment.Targets;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Numbers;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.train.GaussianProcess;
import io.tangentflow.train.KernelBlocks;
import io.tangentflow.train.KernelDynamics;
import io.tangentflow.train.SpectralFilter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "predict",
    mixinStandardHelpOptions = true,
    defaultValueProvider = PredictCommand.Defaults.class,
    description = {
      "What networks of infinite width say after training: loss, accuracy and variance over random"
          + " networks, at each number of steps and at the end, in closed form from a tangent kernel,"
          + " limiting or given. The loss is ½ Σ (f − y)² over samples and outputs.",
      "Begin with:",
      "  tangentflow predict --steps 1,10,100,1000,inf --out prediction"
    })
final class PredictCommand implements Callable<Integer> {

  /** A first look takes seconds and still classifies. */
  static final class Defaults implements IDefaultValueProvider {
    @Override
    public String defaultValue(ArgSpec argument) {
      return argument instanceof OptionSpec option && option.longestName().equals("--samples")
          ? "500"
          : null;
    }
  }

  /** Which kernel training goes by. */
  private enum Kernel {
    NTK,
    NNGP
  }

  @Spec private CommandSpec command;

  @Mixin private Console console;
  @Mixin private DataOptions data;

  @Option(
      names = "--test-samples",
      paramLabel = "M",
      defaultValue = "500",
      description = "Further samples of the same draw, not trained on (default: ${DEFAULT-VALUE}).")
  private int testSamples;

  @Option(
      names = "--targets",
      paramLabel = "WHAT",
      description =
          "onehot (one output for each of m classes, 1 − 1/m for a sample's own and −1/m for the"
              + " others), labels (the number of the class), data (the data's own numbers) or standard"
              + " (those less their mean over the training samples, in standard deviations)"
              + " (default: onehot where there are classes, else data).")
  private Targets.Coding coding;

  @Option(
      names = "--kernel",
      paramLabel = "WHAT",
      defaultValue = "ntk",
      description =
          "ntk (all parameters are trained) or nngp (the output layer alone; at the end, the"
              + " regression of the Gaussian process) (default: ${DEFAULT-VALUE}).")
  private Kernel kernel;

  @Mixin private LimitOptions limit;
  @Mixin private KernelTrainingOptions training;
  @Mixin private KernelFiles files;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Write report.html, loss.svg, predictions.csv, predict.json and, for each time, the"
              + " outputs and variances as .npy into this new or empty directory.")
  private Path out;

  @Override
  public Integer call() {
    requireConsistent();
    training.require();
    if (files.gram == null) {
      limit.kernel(1); // Refuses what is impossible before the data are read.
    }
    Optional<Dataset> dataset =
        files.targets == null ? Optional.of(data.load(testSamples)) : Optional.empty();
    Targets targets = dataset.map(this::targets).orElseGet(this::targetsOfFile);
    NewDirectory directory = out == null ? null : NewDirectory.make(out, 0);
    try {
      long start = System.nanoTime();
      Kernels kernels =
          files.gram == null
              ? limits(dataset.orElseThrow().inputs())
              : files.kernels(data.samples, testSamples, targets.values().rows());
      predict(kernels, targets, dataset, start);
      return 0;
    } catch (RuntimeException | Error e) {
      if (directory != null) {
        directory.removeAll();
      }
      throw e;
    }
  }

  private void requireConsistent() {
    files
        .without()
        .ifPresent(
            option -> {
              throw new InvalidConfiguration(option, "goes with --gram, which is missing");
            });
    if (files.gram != null) {
      Stream.concat(Stream.of("--kernel"), LimitOptions.NAMES.stream())
          .filter(this::isGiven)
          .findFirst()
          .ifPresent(
              option -> {
                throw new InvalidConfiguration(
                    option, "is about a limiting kernel, and --gram gives one; leave one out");
              });
      if (files.targets == null && !isGiven("--data")) {
        throw new InvalidConfiguration(
            "--gram", "needs --targets-file, or --data for the targets of its samples");
      }
    }
    if (files.targets != null) {
      Stream.of("--data", "--data-seed", "--normalise", "--targets")
          .filter(this::isGiven)
          .findFirst()
          .ifPresent(
              option -> {
                throw new InvalidConfiguration(
                    option, "is about data, and --targets-file stands in their place");
              });
    }
    requireCount("--samples", data.samples);
    requireCount("--test-samples", testSamples);
    long all = (long) data.samples + testSamples;
    if (all > DenseMatrix.GREATEST_ORDER) {
      throw new InvalidConfiguration(
          "--samples",
          all
              + " with --test-samples make a Gram matrix of more than 2^31 entries; choose at most "
              + DenseMatrix.GREATEST_ORDER);
    }
  }

  private boolean isGiven(String option) {
    return command.commandLine().getParseResult().hasMatchedOption(option);
  }

  private static void requireCount(String option, int count) {
    if (count < 1) {
      throw new InvalidConfiguration(option, "must be at least 1, not " + count);
    }
  }

  private Targets targets(Dataset dataset) {
    return Targets.of(
        dataset, coding == null ? Targets.defaultCoding(dataset) : coding, data.samples);
  }

  private Targets targetsOfFile() {
    return files.targets(data.samples, testSamples);
  }

  private Kernels limits(DenseMatrix inputs) {
    long pairs = (long) inputs.columns() * (inputs.columns() + 1) / 2;
    String name = kernel + " of " + limit.description();
    console.status(name + ", " + pairs + " pairs");
    LimitGram gram;
    try (LimitBars progress = new LimitBars(console, pairs)) {
      gram = limit.kernel(inputs.rows()).gram(inputs, ForkJoinPool.commonPool(), progress);
    }
    KernelBlocks nngp = KernelBlocks.cut(gram.nngp(), data.samples);
    return switch (kernel) {
      case NTK -> {
        KernelBlocks ntk = KernelBlocks.cut(gram.ntk(), data.samples);
        yield new Kernels(name, ntk.train(), ntk.cross(), gram.ntkError(), Optional.of(nngp));
      }
      case NNGP ->
          new Kernels(name, nngp.train(), nngp.cross(), gram.nngpError(), Optional.of(nngp));
    };
  }

  private void predict(Kernels kernels, Targets targets, Optional<Dataset> dataset, long start) {
    Targets train = targets.range(0, data.samples);
    Optional<Targets> test =
        targets.samples() > data.samples
            ? Optional.of(targets.range(data.samples, targets.samples()))
            : Optional.empty();
    KernelDynamics dynamics =
        KernelDynamics.of(kernels.gram(), train.values())
            .withEntryError(kernels.entryError())
            .withRidge(training.ridge);
    double rate = training.rate(dynamics);
    List<SpectralFilter> filters = training.filters(rate);
    KernelPrediction prediction =
        new KernelPrediction(
            new Question(dynamics, kernels.cross(), kernels.nngp(), train, testSamples, test));
    List<Row> rows;
    try (Console.Progress progress = console.progress("predictions", filters.size())) {
      rows = prediction.at(filters, progress::at);
    }
    if (!training.isFlow() && rate > dynamics.greatestRate()) {
      console.warning(
          String.format(
              "gradient descent diverges: the learning rate %.4g exceeds 2/(λ_max + δ) = %.4g",
              rate, dynamics.greatestRate()));
    }
    List<Losses> curve = new ArrayList<>();
    if (out != null) {
      training
          .curve(filters, rate)
          .forEach((time, filter) -> curve.add(prediction.losses(time, filter)));
    }
    PredictionReport report =
        new PredictionReport(
            subject(kernels, dataset),
            training.isFlow() ? "time" : "steps",
            data.samples,
            testSamples,
            rows,
            curve);
    OptionalDouble posterior = posteriorVariance(dynamics, kernels);
    List<String> findings = findings(kernels, dynamics, rate, targets, posterior);
    ObjectNode object = json(kernels, dynamics, rate, targets, posterior, report);
    object.put("seconds", (System.nanoTime() - start) * 1e-9);
    String text = report.table().toText() + "\n" + String.join("\n", findings);
    if (out != null) {
      object.put("directory", out.toString());
      ObjectNode all = object.deepCopy();
      all.set("provenance", provenance(dataset));
      PredictionFiles.write(out, report, findings, all);
      text += "\n\nReport: " + out.resolve("report.html");
    }
    console.result(text, object);
  }

  private String subject(Kernels kernels, Optional<Dataset> dataset) {
    return String.format(
        "%s, %d training and %d test samples%s, by %s",
        kernels.name(),
        data.samples,
        testSamples,
        dataset.map(read -> " of " + read.name()).orElse(""),
        descent());
  }

  private String descent() {
    return training.isFlow() ? "gradient flow" : "gradient descent";
  }

  /** Where the kernel is the NNGP, which alone is that of a Gaussian process. */
  private OptionalDouble posteriorVariance(KernelDynamics dynamics, Kernels kernels) {
    if (files.gram != null
        || kernel != Kernel.NNGP
        || dynamics.leastEigenvalue() + training.ridge <= dynamics.eigenvalueError()) {
      return OptionalDouble.empty();
    }
    KernelBlocks k = kernels.nngp().orElseThrow();
    DenseMatrix covariance = new GaussianProcess(dynamics).covariance(k.cross(), k.others());
    return IntStream.range(0, covariance.rows()).mapToDouble(i -> covariance.get(i, i)).average();
  }

  private List<String> findings(
      Kernels kernels,
      KernelDynamics dynamics,
      double rate,
      Targets targets,
      OptionalDouble posterior) {
    List<String> sentences = new ArrayList<>();
    sentences.add(
        String.format(
            "The learning rate is η = %s%s; the Gram matrix's eigenvalues are %s … %s, each within"
                + " %s.",
            Numbers.significant(rate, 4),
            training.isAuto() ? " = 1/(λ_max + δ)" : "",
            Numbers.significant(dynamics.leastEigenvalue(), 4),
            Numbers.significant(dynamics.greatestEigenvalue(), 4),
            Numbers.significant(dynamics.eigenvalueError(), 1)));
    sentences.add(
        files.gram == null
            ? "Losses and accuracies are those of the mean over random networks; the variance is over"
                + " these networks, per test output."
            : "Losses and accuracies are those of training from outputs of zero, and errors of the"
                + " given entries are not counted"
                + (kernels.entryError() > 0 ? ", but for their asymmetry." : "."));
    sentences.add("Targets: " + targets.coding().description() + ".");
    if (posterior.isPresent()) {
      sentences.add(
          String.format(
              "The posterior of the Gaussian process, with noise of variance δ = %s, has the mean"
                  + " variance %s.",
              Numbers.shortest(training.ridge), Numbers.significant(posterior.getAsDouble(), 4)));
    }
    return sentences;
  }

  private ObjectNode json(
      Kernels kernels,
      KernelDynamics dynamics,
      double rate,
      Targets targets,
      OptionalDouble posterior,
      PredictionReport report) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object
        .put("kernel", kernels.name())
        .put("samples", data.samples)
        .put("testSamples", testSamples)
        .put("targets", targets.coding().toString())
        .put("outputs", targets.values().rows())
        .put("method", descent())
        .put("learningRate", rate)
        .put("greatestRate", dynamics.greatestRate())
        .put("ridge", training.ridge)
        .put("leastEigenvalue", dynamics.leastEigenvalue())
        .put("greatestEigenvalue", dynamics.greatestEigenvalue())
        .put("eigenvalueError", dynamics.eigenvalueError());
    if (posterior.isPresent()) {
      object.put("posteriorTestVariance", posterior.getAsDouble());
    }
    object.set("predictions", report.json());
    return object;
  }

  private ObjectNode provenance(Optional<Dataset> dataset) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("version", Manifest.programVersion());
    if (dataset.isPresent()) {
      node.put("data", data.data)
          .put("dataSeed", data.seed)
          .put("normalise", data.normalise.toString());
    }
    if (files.gram == null) {
      limit.describe(node.putObject("limit"));
    }
    ObjectNode read = node.putObject("files");
    dataset.ifPresent(
        d -> d.provenance().forEach(file -> read.put(file.file().toString(), file.sha256())));
    ArrayNode matrices = node.putArray("matrices");
    files.all().forEach(file -> matrices.add(file.toString()));
    return node;
  }
}
