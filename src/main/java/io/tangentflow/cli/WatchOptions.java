package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Precision;
import io.tangentflow.experiment.TrainingConfiguration.Watch;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** What is watched of a training, and how often. */
@Heading("What is watched")
final class WatchOptions {

  private static final List<String> PREDICTORS = List.of("start", "limit");

  @Option(
      names = "--log-every",
      paramLabel = "K",
      defaultValue = "1",
      description = "A line of results.jsonl every K steps (default: ${DEFAULT-VALUE}).")
  private long log;

  @Option(
      names = "--test-every",
      paramLabel = "K",
      description =
          "Test loss and accuracies every K steps; with batches the training loss too; 0 for never"
              + " (default: a hundredth of the steps).")
  private Long test;

  @Option(
      names = "--distance-every",
      paramLabel = "K",
      description =
          "The parameters' distance from their start every K steps; 0 for never (default: a hundredth"
              + " of the steps).")
  private Long distance;

  @Option(
      names = "--kernel-every",
      paramLabel = "K",
      description =
          "The tangent kernel's extreme eigenvalues and its change every K steps; 0 for never (default:"
              + " a tenth of the steps).")
  private Long kernel;

  @Option(
      names = "--kernel-samples",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Of the first N training samples; 0 for all, which predictions from the start need (default:"
              + " ${DEFAULT-VALUE}).")
  private int kernelSamples;

  @Option(
      names = "--kernel-outputs",
      paramLabel = "WHICH",
      description =
          "Of several outputs, the kernel of all of them (all, Nm×Nm) or the mean of the kernels of each"
              + " (mean, N×N) (default: all up to 2000 rows, else mean).")
  private String kernelOutputs;

  @Option(
      names = "--gap-every",
      paramLabel = "K",
      defaultValue = "0",
      description =
          "Every K steps, how far outputs and the loss's gradient by --gap-method are from those that"
              + " train; 0 for never (default: ${DEFAULT-VALUE}).")
  private long gap;

  @Option(
      names = "--gap-method",
      paramLabel = "METHOD",
      description =
          "A gradient method as in 'gradient' (default: the continuous adjoint,"
              + " stored:dormand-prince/1e-5, in fp64 1e-9).")
  private String gapMethod;

  @Option(
      names = "--predict",
      paramLabel = "KERNELS",
      defaultValue = "start,limit",
      description =
          "The losses that full-batch descent on the squared loss has in the tangent kernel at the start"
              + " (start), in the limiting kernel (limit), both, or none (default:"
              + " ${DEFAULT-VALUE}).")
  private String predict;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "K",
      description =
          "Save every K steps, and at the end; 0 for never but when stopped (default: a tenth of the"
              + " steps).")
  private Long checkpoint;

  @Option(
      names = "--keep",
      paramLabel = "K",
      defaultValue = "2",
      description = "Keep the last K checkpoints (default: ${DEFAULT-VALUE}).")
  private int keep;

  /** Refuses options that have no meaning beside the others. */
  void refuseMeaningless(CommandSpec command) {
    if (gap == 0) {
      OptionList.refuse(command, List.of("--gap-method"), "has a meaning beside --gap-every only");
    }
    if (kernel != null && kernel == 0 && !predictors().contains("start")) {
      OptionList.refuse(
          command,
          List.of("--kernel-samples", "--kernel-outputs"),
          "has a meaning where --kernel-every or --predict start asks for the kernel");
    }
  }

  /** Of a training of so many steps. */
  Watch watch(long steps, Precision precision) {
    List<String> by = predictors();
    return new Watch(
        log,
        or(test, steps, 100),
        or(distance, steps, 100),
        or(kernel, steps, 10),
        kernelSamples,
        kernelOutputs,
        gap,
        gapMethod == null ? usualGapMethod(precision) : gapMethod,
        by.contains("start"),
        by.contains("limit"),
        or(checkpoint, steps, 10),
        keep);
  }

  private static String usualGapMethod(Precision precision) {
    return "stored:dormand-prince/" + (precision == Precision.FP64 ? "1e-9" : "1e-5");
  }

  private static long or(Long asked, long steps, long part) {
    return asked == null ? Math.max(1, steps / part) : asked;
  }

  private List<String> predictors() {
    if (predict.equalsIgnoreCase("none")) {
      return List.of();
    }
    List<String> asked = Arrays.asList(predict.toLowerCase(Locale.ROOT).split(",", -1));
    for (String word : asked) {
      if (!PREDICTORS.contains(word)) {
        throw new InvalidConfiguration(
            "--predict", "'" + word + "' is neither start nor limit; none is for neither");
      }
    }
    return asked;
  }
}
