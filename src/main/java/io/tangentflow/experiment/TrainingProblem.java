package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.Dataset;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.train.Loss;
import io.tangentflow.train.UpdateRule;
import java.util.Optional;

/**
 * What a configuration makes of its data.
 *
 * @param model the network's hyper-parameters
 * @param method of its gradients
 * @param inputs of the training samples, d×N
 * @param targets of the training samples
 * @param testInputs d×M; empty without test samples
 * @param testTargets likewise
 */
public record TrainingProblem(
    TrainingConfiguration configuration,
    NeuralOde model,
    GradientMethod method,
    DenseMatrix inputs,
    Targets targets,
    Optional<DenseMatrix> testInputs,
    Optional<Targets> testTargets) {

  /**
   * The problem of a configuration.
   *
   * @param dataset what it loads
   * @throws InvalidConfiguration if the data lack what the loss needs
   */
  public static TrainingProblem of(TrainingConfiguration configuration, Dataset dataset) {
    int samples = configuration.data().samples();
    Targets all = Targets.of(dataset, coding(configuration, dataset), samples);
    NeuralOde model = configuration.network().model(dataset.dimension(), all.values().rows());
    if (configuration.descent().batch(samples) > samples) {
      throw new InvalidConfiguration(
          "--batch-size",
          String.format(
              "is %d, more than the %d training samples",
              configuration.descent().batchSize(), samples));
    }
    configuration.watch().samplesOfKernel(samples);
    boolean test = dataset.samples() > samples;
    return new TrainingProblem(
        configuration,
        model,
        configuration.method(),
        dataset.inputs().columnRange(0, samples),
        all.range(0, samples),
        test
            ? Optional.of(dataset.inputs().columnRange(samples, dataset.samples() - samples))
            : Optional.empty(),
        test ? Optional.of(all.range(samples, dataset.samples())) : Optional.empty());
  }

  private static Targets.Coding coding(TrainingConfiguration configuration, Dataset dataset) {
    Targets.Coding asked = configuration.data().targets();
    if (configuration.descent().loss() == Loss.CROSS_ENTROPY) {
      if (asked != null && asked != Targets.Coding.INDICATOR) {
        throw new InvalidConfiguration(
            "--targets", "cross-entropy takes distributions over classes: indicator, not " + asked);
      }
      return Targets.Coding.INDICATOR;
    }
    return asked == null ? Targets.defaultCoding(dataset) : asked;
  }

  /** θ_0. */
  public Parameters.Seeded parameters() {
    return new Parameters.Seeded(configuration.network().seed());
  }

  /** The first of the training samples, of which the tangent kernel is. */
  int samplesOfKernel() {
    return configuration.watch().samplesOfKernel(inputs.columns());
  }

  /** Whether it is the mean over outputs. */
  boolean meanOfOutputs() {
    return configuration.watch().meanOfOutputs(samplesOfKernel(), model.outputs());
  }

  /** Whether the tangent kernel at the start predicts the loss. */
  boolean predictsByStart() {
    return configuration.watch().predictStart()
        && unpredictable().isEmpty()
        && samplesOfKernel() == inputs.columns();
  }

  /** Whether there is a tangent kernel. */
  boolean watched() {
    return configuration.watch().kernel() > 0 || predictsByStart();
  }

  /** Samples of a step. */
  int batchSize() {
    return configuration.descent().batch(inputs.columns());
  }

  /** Whether a step takes all samples. */
  boolean fullBatch() {
    return batchSize() == inputs.columns();
  }

  /** What the loss of a step weighs the sum over its samples with. */
  double weight() {
    return configuration.descent().mean() ? 1.0 / batchSize() : 1;
  }

  /** The greatest weight of a step: that of an epoch's last batch, where it is smaller. */
  double greatestWeight() {
    int left = inputs.columns() % batchSize();
    return configuration.descent().mean() && left > 0 ? 1.0 / left : weight();
  }

  /**
   * Why there is no closed form of the loss in a fixed kernel; empty if there is: descent of all
   * samples' squared loss.
   */
  Optional<String> unpredictable() {
    if (configuration.descent().loss() != Loss.SQUARED) {
      return Optional.of("the loss is not the squared one");
    }
    if (!(configuration.descent().rule() instanceof UpdateRule.Descent)) {
      return Optional.of("the optimiser is not plain descent");
    }
    return fullBatch() ? Optional.empty() : Optional.of("steps take batches");
  }
}
