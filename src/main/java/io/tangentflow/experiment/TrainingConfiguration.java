package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.Normalisation;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.model.Activations;
import io.tangentflow.model.Block;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.train.Loss;
import io.tangentflow.train.UpdateRule;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;

/**
 * A training and what is watched of it. It is written to {@code run.json} and read back by {@code
 * resume}, so its components are plain values.
 */
public record TrainingConfiguration(
    Data data, Network network, Descent descent, Watch watch, Machine machine) {

  /**
   * The samples.
   *
   * @param source as {@code --data} takes it
   * @param samples N, trained on
   * @param testSamples M further ones of the same draw, 0 for none
   * @param seed of the draw
   * @param targets how they are coded; null for the usual way
   */
  public record Data(
      String source,
      int samples,
      int testSamples,
      long seed,
      Normalisation normalise,
      Targets.Coding targets) {

    public Data {
      Objects.requireNonNull(normalise);
      DataSource.parse(source);
      atLeast("--samples", samples, 1);
      atLeast("--test-samples", testSamples, 0);
      if ((long) samples + testSamples > Integer.MAX_VALUE) {
        throw new InvalidConfiguration(
            "--test-samples", "make with --samples more than 2^31; choose fewer");
      }
    }

    /** All samples, those to be trained on first. */
    public Dataset load() {
      return DataSource.parse(source)
          .load(samples + testSamples, seed)
          .normalised(normalise, samples);
    }
  }

  /**
   * The network.
   *
   * @param activation its label
   * @param width n
   * @param horizon T
   * @param sigmaU σu
   * @param sigmaW σw
   * @param sigmaV σv
   * @param dynamics its name
   * @param gradient the method that trains it, as {@link GradientMethods#named} takes it
   * @param seed of the parameters at the start
   */
  public record Network(
      String activation,
      int width,
      double horizon,
      double sigmaU,
      double sigmaW,
      double sigmaV,
      String dynamics,
      String gradient,
      long seed) {

    public Network {
      activation = Activations.named(activation).label();
      StandardDynamics.named(dynamics);
      model(activation, 1, width, 1, horizon, sigmaU, sigmaW, sigmaV);
    }

    /** The hyper-parameters for inputs and targets of those dimensions. */
    public NeuralOde model(int inputDim, int outputs) {
      return model(activation, inputDim, width, outputs, horizon, sigmaU, sigmaW, sigmaV);
    }

    private static NeuralOde model(
        String activation,
        int inputDim,
        int width,
        int outputs,
        double horizon,
        double sigmaU,
        double sigmaW,
        double sigmaV) {
      return new NeuralOde(
          inputDim, width, outputs, horizon, sigmaU, sigmaW, sigmaV, Activations.named(activation));
    }
  }

  /**
   * How the loss is lowered.
   *
   * @param mean whether the loss is divided by the number of samples
   * @param frozen letters of the blocks that keep their values, like {@code UV}
   * @param optimiser descent, momentum or adam
   * @param momentum μ of momentum
   * @param beta1 of Adam
   * @param beta2 of Adam
   * @param epsilon of Adam
   * @param learningRate η; null for one that follows from the tangent kernel
   * @param rateFraction that one's share of 2/λ_max
   * @param batchSize B; 0 for all samples
   * @param batchSeed of the order of the samples in each epoch
   */
  public record Descent(
      Loss loss,
      boolean mean,
      String frozen,
      String optimiser,
      double momentum,
      double beta1,
      double beta2,
      double epsilon,
      Double learningRate,
      double rateFraction,
      int batchSize,
      long batchSeed,
      long steps) {

    public Descent {
      Objects.requireNonNull(loss);
      optimiser = optimiser.toLowerCase(Locale.ROOT);
      atLeast("--steps", steps, 0);
      atLeast("--batch-size", batchSize, 0);
      rule(optimiser, momentum, beta1, beta2, epsilon);
      if (blocks(frozen).isEmpty()) {
        throw new InvalidConfiguration("--freeze", "leaves nothing to be trained");
      }
      if (learningRate != null && !(learningRate > 0 && Double.isFinite(learningRate))) {
        throw new InvalidConfiguration(
            "--learning-rate", "must be a positive number or auto, not " + learningRate);
      }
      if (learningRate == null && optimiser.equals("adam")) {
        throw new InvalidConfiguration(
            "--learning-rate",
            "auto follows from the tangent kernel, which does not bound Adam's steps; give a number"
                + " like 1e-3");
      }
      if (!(rateFraction > 0) || !Double.isFinite(rateFraction)) {
        throw new InvalidConfiguration(
            "--rate-fraction", "must be a positive number, not " + rateFraction);
      }
    }

    /** How parameters follow gradients. */
    public UpdateRule rule() {
      return rule(optimiser, momentum, beta1, beta2, epsilon);
    }

    private static UpdateRule rule(
        String name, double momentum, double beta1, double beta2, double epsilon) {
      return switch (name) {
        case "descent" -> new UpdateRule.Descent();
        case "momentum" -> new UpdateRule.Momentum(momentum);
        case "adam" -> new UpdateRule.Adam(beta1, beta2, epsilon);
        default ->
            throw new InvalidConfiguration(
                "--optimiser", "'" + name + "' is none of descent, momentum and adam");
      };
    }

    /** The parameters that are trained. */
    public Set<Block> blocks() {
      return blocks(frozen);
    }

    private static Set<Block> blocks(String frozen) {
      Set<Block> blocks = EnumSet.allOf(Block.class);
      for (int at = 0; at < frozen.length(); at++) {
        String letter = frozen.substring(at, at + 1).toUpperCase(Locale.ROOT);
        if (!"UWV".contains(letter)) {
          throw new InvalidConfiguration(
              "--freeze", "'" + frozen + "' is not one or two of the letters U, W and V");
        }
        blocks.remove(Block.valueOf(letter));
      }
      return blocks;
    }

    /** Samples of a step, of N. */
    int batch(int samples) {
      return batchSize == 0 ? samples : batchSize;
    }
  }

  /**
   * What is watched, each every so many steps; 0 for never.
   *
   * @param loss the loss that a step gives, a line of {@code results.jsonl}
   * @param test test loss, and accuracies; the training loss itself where steps take batches
   * @param distance ‖θ_k − θ_0‖
   * @param kernel the tangent kernel
   * @param kernelSamples of the first training samples; 0 for all
   * @param kernelOutputs all or mean; null for all while the Gram matrix stays small
   * @param gap between frameworks
   * @param gapMethod the other method
   * @param predictStart whether the kernel at the start predicts losses
   * @param predictLimit whether the limiting kernel does
   * @param checkpoint every so many steps
   * @param keep so many of the last checkpoints
   */
  public record Watch(
      long loss,
      long test,
      long distance,
      long kernel,
      int kernelSamples,
      String kernelOutputs,
      long gap,
      String gapMethod,
      boolean predictStart,
      boolean predictLimit,
      long checkpoint,
      int keep) {

    /** The largest Gram matrix of all outputs that is watched unasked. */
    private static final int SMALL_ORDER = 2000;

    public Watch {
      kernelOutputs = kernelOutputs == null ? null : kernelOutputs.toLowerCase(Locale.ROOT);
      atLeast("--log-every", loss, 1);
      atLeast("--test-every", test, 0);
      atLeast("--distance-every", distance, 0);
      atLeast("--kernel-every", kernel, 0);
      atLeast("--kernel-samples", kernelSamples, 0);
      atLeast("--gap-every", gap, 0);
      atLeast("--checkpoint-every", checkpoint, 0);
      atLeast("--keep", keep, 1);
      if (kernelOutputs != null && !kernelOutputs.equals("all") && !kernelOutputs.equals("mean")) {
        throw new InvalidConfiguration(
            "--kernel-outputs", "'" + kernelOutputs + "' is neither all nor mean");
      }
    }

    /** Whether a step, or the end, is one of every so many. */
    static boolean due(long every, long step, long end) {
      return every > 0 && (step % every == 0 || step == end);
    }

    /** Samples of the watched kernel. */
    int samplesOfKernel(int training) {
      if (kernelSamples > training) {
        throw new InvalidConfiguration(
            "--kernel-samples",
            "is " + kernelSamples + ", more than the " + training + " training samples");
      }
      return kernelSamples == 0 ? training : kernelSamples;
    }

    /** Whether it is the mean over outputs. */
    boolean meanOfOutputs(int samples, int outputs) {
      return kernelOutputs == null
          ? outputs > 1 && (long) samples * outputs > SMALL_ORDER
          : kernelOutputs.equals("mean");
    }
  }

  /**
   * What computes.
   *
   * @param backend a name or {@code auto}
   */
  public record Machine(Precision precision, String backend, int threads) {

    public Machine {
      Objects.requireNonNull(precision);
      Objects.requireNonNull(backend);
    }

    /** Opens it. */
    public Backend open() {
      return Backends.open(backend, new BackendOptions(precision, threads));
    }
  }

  public TrainingConfiguration {
    Objects.requireNonNull(data);
    Objects.requireNonNull(descent);
    method("--gradient", network, network.gradient(), machine);
    if (watch.gap() > 0) {
      method("--gap-method", network, watch.gapMethod(), machine);
    }
  }

  /** The method that trains. */
  public GradientMethod method() {
    return method("--gradient", network, network.gradient(), machine);
  }

  /** The one that it is held against. */
  GradientMethod gapMethod() {
    return method("--gap-method", network, watch.gapMethod(), machine);
  }

  private static GradientMethod method(
      String option, Network network, String name, Machine machine) {
    return GradientMethods.named(
        option, name, StandardDynamics.named(network.dynamics()), machine.precision(), false);
  }

  private static void atLeast(String option, long value, long least) {
    if (value < least) {
      throw new InvalidConfiguration(option, "must be at least " + least + ", not " + value);
    }
  }
}
