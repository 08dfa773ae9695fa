package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.experiment.TrainingConfiguration.Descent;
import io.tangentflow.train.Loss;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The loss of a training, and how it is lowered. */
@Heading("Descent")
final class DescentOptions {

  private static final String AUTO = "auto";
  private static final long USUAL_STEPS = 100;

  @Option(
      names = "--loss",
      paramLabel = "WHAT",
      defaultValue = "squared",
      description =
          "squared (½ Σ (f − y)², summed over samples and outputs) or cross-entropy (of the softmax of"
              + " the outputs, summed over samples) (default: ${DEFAULT-VALUE}).")
  private String loss;

  @Option(names = "--mean", description = "The mean over samples in the place of the sum.")
  private boolean mean;

  @Option(
      names = "--optimiser",
      paramLabel = "HOW",
      defaultValue = "descent",
      description =
          "descent (θ ← θ − η ∂L/∂θ), momentum (v ← μ v + ∂L/∂θ, θ ← θ − η v) or adam (default:"
              + " ${DEFAULT-VALUE}).")
  private String optimiser;

  @Option(
      names = "--learning-rate",
      paramLabel = "η",
      defaultValue = AUTO,
      description =
          "Learning rate η, or auto for --rate-fraction of that up to which descent in the tangent kernel"
              + " at the start cannot diverge, 2/λ_max on the squared loss (default:"
              + " ${DEFAULT-VALUE}).")
  private String learningRate;

  @Option(
      names = "--rate-fraction",
      paramLabel = "C",
      defaultValue = "0.5",
      description = "With --learning-rate auto: the fraction (default: ${DEFAULT-VALUE}).")
  private double rateFraction;

  @Option(
      names = "--momentum",
      paramLabel = "μ",
      defaultValue = "0.9",
      description = "μ of momentum (default: ${DEFAULT-VALUE}).")
  private double momentum;

  @Option(
      names = "--beta1",
      paramLabel = "β",
      defaultValue = "0.9",
      description = "Adam's decay of the mean gradient (default: ${DEFAULT-VALUE}).")
  private double beta1;

  @Option(
      names = "--beta2",
      paramLabel = "β",
      defaultValue = "0.999",
      description = "Adam's decay of the mean square (default: ${DEFAULT-VALUE}).")
  private double beta2;

  @Option(
      names = "--epsilon",
      paramLabel = "ε",
      defaultValue = "1e-8",
      description = "Adam's ε beside the root of the mean square (default: ${DEFAULT-VALUE}).")
  private double epsilon;

  @Option(
      names = "--batch-size",
      paramLabel = "B",
      defaultValue = "0",
      description =
          "Samples of a step, in a new random order each epoch, the last step of which takes what is"
              + " left; 0 for all (default: ${DEFAULT-VALUE}).")
  private int batchSize;

  @Option(
      names = "--batch-seed",
      paramLabel = "SEED",
      defaultValue = "0",
      description = "Seed of these orders (default: ${DEFAULT-VALUE}).")
  private long batchSeed;

  @Option(
      names = "--freeze",
      paramLabel = "BLOCKS",
      defaultValue = "",
      description =
          "Train without these blocks of parameters: one or two of the letters U, W and V (default:"
              + " all are trained).")
  private String frozen;

  @ArgGroup private Length length = new Length();

  private static final class Length {
    @Option(
        names = "--steps",
        paramLabel = "K",
        description = "Steps (default: " + USUAL_STEPS + ").")
    private Long steps;

    @Option(
        names = "--epochs",
        paramLabel = "E",
        description =
            "In the place of steps: epochs, in which each sample is seen once; with all samples in a"
                + " step that is the same (default: --steps).")
    private Long epochs;
  }

  /** Refuses options that have no meaning beside the others. */
  void refuseMeaningless(CommandSpec command) {
    if (!isAuto()) {
      OptionList.refuse(
          command, List.of("--rate-fraction"), "has a meaning with --learning-rate auto only");
    }
    if (!optimiser.equalsIgnoreCase("momentum")) {
      OptionList.refuse(
          command, List.of("--momentum"), "has a meaning with --optimiser momentum only");
    }
    if (!optimiser.equalsIgnoreCase("adam")) {
      OptionList.refuse(
          command,
          List.of("--beta1", "--beta2", "--epsilon"),
          "has a meaning with --optimiser adam only");
    }
    if (batchSize == 0) {
      OptionList.refuse(command, List.of("--batch-seed"), "has a meaning beside --batch-size only");
    }
  }

  /** Of so many training samples. */
  Descent descent(int samples) {
    return new Descent(
        loss(),
        mean,
        frozen,
        optimiser,
        momentum,
        beta1,
        beta2,
        epsilon,
        rate(),
        rateFraction,
        batchSize,
        batchSeed,
        steps(samples));
  }

  private Loss loss() {
    for (Loss known : Loss.values()) {
      if (known.toString().equalsIgnoreCase(loss)) {
        return known;
      }
    }
    throw new InvalidConfiguration("--loss", "'" + loss + "' is neither squared nor cross-entropy");
  }

  private boolean isAuto() {
    return learningRate.equalsIgnoreCase(AUTO);
  }

  private Double rate() {
    if (isAuto()) {
      return null;
    }
    try {
      return Double.valueOf(learningRate);
    } catch (NumberFormatException e) {
      throw new InvalidConfiguration(
          "--learning-rate", "must be a positive number or auto, not '" + learningRate + "'");
    }
  }

  private long steps(int samples) {
    if (length.epochs == null) {
      return length.steps == null ? USUAL_STEPS : length.steps;
    }
    if (length.epochs < 0) {
      throw new InvalidConfiguration("--epochs", "must be at least 0, not " + length.epochs);
    }
    int batch = batchSize < 1 ? samples : Math.min(batchSize, samples);
    long perEpoch = batch < 1 ? 1 : (samples - 1) / batch + 1;
    try {
      return Math.multiplyExact(length.epochs, perEpoch);
    } catch (ArithmeticException e) {
      throw new InvalidConfiguration("--epochs", length.epochs + " are too many");
    }
  }
}
