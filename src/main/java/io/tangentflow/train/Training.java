package io.tangentflow.train;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.StepSizeUnderflow;
import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * The training of a network, a step at a time, in place on the device. Of a step by the fused
 * passes nothing but the loss comes to the host; other methods ask besides whether states are
 * finite, and how large errors are where a tolerance chooses their steps. The same weights, data,
 * setup and step give the same step, to the last bit on the same backend and number of threads.
 */
public final class Training implements AutoCloseable {

  /**
   * How a network is trained.
   *
   * @param method of the gradients
   * @param loss a sum over samples
   * @param mean whether it is divided by the number of samples, or of those of a batch
   * @param blocks the parameters that are trained; the others keep their values
   * @param rule how they follow the gradients
   * @param learningRate η
   * @param batchSize B, the samples of a step; at most N, which makes it full-batch
   */
  public record Setup(
      GradientMethod method,
      Loss loss,
      boolean mean,
      Set<Block> blocks,
      UpdateRule rule,
      double learningRate,
      int batchSize) {

    /** Refuses what trains nothing. */
    public Setup {
      if (blocks.isEmpty()) {
        throw new InvalidConfiguration(
            "--freeze", "leaves nothing to be trained; leave out U, W or V");
      }
      if (!(learningRate > 0) || !Double.isFinite(learningRate)) {
        throw new InvalidConfiguration(
            "--learning-rate", "must be a positive number or auto, not " + learningRate);
      }
      if (batchSize < 1) {
        throw new InvalidConfiguration("--batch-size", "must be at least 1, not " + batchSize);
      }
      blocks = Set.copyOf(blocks);
    }

    boolean fused() {
      return method instanceof DiscreteAdjoint;
    }
  }

  /**
   * What a network says, and the loss of it.
   *
   * @param loss as the setup defines it, over all samples
   * @param outputs f, m×N
   */
  @API(status = Status.STABLE, since = "0.1")
  public record Evaluation(double loss, DenseMatrix outputs) {}

  private final Setup setup;
  private final Weights weights;
  private final Workspace workspace;
  private final Backend backend;
  private final Batches batches;
  private final Optimiser optimiser;
  private long steps;
  private BatchGradient last;
  private Optional<Workspace> owned = Optional.empty();

  /**
   * Gradient descent of all parameters on ½ Σ_io (f_io − y_io)² over all samples, by exact
   * gradients of the discrete solution. Weights, samples and what the steps need are placed on the
   * backend, until the training is closed; it may take nine tenths of the memory that is free.
   *
   * @param model the hyper-parameters
   * @param grid the steps of a solution
   * @param parameters from which it begins. Not modified.
   * @param inputs x, d×N, one sample per column. Not modified.
   * @param targets y, m×N. Not modified.
   * @param learningRate η
   * @param backend on which it is computed, in its precision; to be closed after the training
   * @return the training before its first step
   * @throws InvalidConfiguration if the shapes do not fit, or η is not positive
   * @throws io.tangentflow.TangentFlowException.OutOfMemory if it does not fit
   */
  @API(status = Status.STABLE, since = "0.1")
  public static Training descent(
      NeuralOde model,
      TimeGrid grid,
      Parameters parameters,
      DenseMatrix inputs,
      DenseMatrix targets,
      double learningRate,
      Backend backend) {
    requireTargets(model, inputs, targets);
    int samples = inputs.columns();
    Setup setup =
        new Setup(
            new DiscreteAdjoint(grid),
            Loss.SQUARED,
            false,
            EnumSet.allOf(Block.class),
            new UpdateRule.Descent(),
            learningRate,
            samples);
    String purpose = "training " + samples + " samples at width " + model.width();
    Workspace workspace =
        backend.workspace(purpose, MemoryBudget.asked(backend, null).deviceBytes());
    try {
      Weights weights = Weights.place(model, parameters, workspace);
      Matrix x = weights.upload(inputs, workspace);
      Training training =
          new Training(
              setup,
              weights,
              x,
              workspace.upload(targets),
              epoch -> new int[0],
              report -> {},
              workspace);
      training.owned = Optional.of(workspace);
      return training;
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  private static void requireTargets(NeuralOde model, DenseMatrix inputs, DenseMatrix targets) {
    if (targets.rows() != model.outputs() || targets.columns() != inputs.columns()) {
      throw new InvalidConfiguration(
          "targets",
          String.format(
              "are %dx%d, but %d outputs of %d samples take %dx%d",
              targets.rows(),
              targets.columns(),
              model.outputs(),
              inputs.columns(),
              model.outputs(),
              inputs.columns()));
    }
  }

  /**
   * Prepares the first step.
   *
   * @param weights trained in place
   * @param x inputs, d×N
   * @param targets m×N. Not modified.
   * @param orders gives an order of the N samples for each epoch, where batches are smaller
   * @param reports hears what each gradient took that is not one of the fused passes
   * @param workspace owns what the steps need, allocated here once
   */
  public Training(
      Setup setup,
      Weights weights,
      Matrix x,
      Matrix targets,
      LongFunction<int[]> orders,
      Consumer<GradientMethod.Report> reports,
      Workspace workspace) {
    this.setup = setup;
    this.weights = weights;
    this.workspace = workspace;
    backend = workspace.backend();
    if (setup.batchSize > x.columns()) {
      throw new InvalidConfiguration(
          "--batch-size",
          "is " + setup.batchSize + ", more than the " + x.columns() + " training samples");
    }
    batches =
        new Batches(
            x,
            targets,
            setup.batchSize,
            orders,
            (inputs, values) ->
                BatchGradient.of(
                    setup.method, setup.loss, weights, inputs, values, reports, workspace),
            workspace);
    optimiser = new Optimiser(setup.rule, weights, setup.blocks, setup.fused(), workspace);
  }

  /**
   * Bytes that the constructor allocates with the fused passes; weights, inputs and targets are
   * there already.
   */
  public static long bytes(Setup setup, NeuralOde model, int samples, int bytesPerNumber) {
    if (!(setup.method instanceof DiscreteAdjoint discrete)) {
      throw new IllegalArgumentException("what " + setup.method.label() + " takes is not known");
    }
    int size = setup.batchSize;
    long bytes =
        FusedBatchGradient.bytes(model, discrete.grid(), size, bytesPerNumber)
            + Optimiser.bytes(setup.rule, model, setup.blocks, true, bytesPerNumber);
    if (size < samples) {
      int left = samples % size;
      long copies = (long) (size + left) * (model.inputDim() + model.outputs());
      bytes += copies * bytesPerNumber;
      bytes +=
          left == 0 ? 0 : FusedBatchGradient.bytes(model, discrete.grid(), left, bytesPerNumber);
    }
    return bytes;
  }

  /** {@return steps that were taken} */
  @API(status = Status.STABLE, since = "0.1")
  public long steps() {
    return steps;
  }

  /** Steps of an epoch, in which each sample is seen once. */
  public int stepsPerEpoch() {
    return batches.perEpoch();
  }

  /**
   * One step. Where the loss is finite but its gradient overflows, the next one finds it.
   *
   * @return the loss of its batch before it
   * @throws TrainingDiverged if that is not finite, or from the second step on a state is not, or
   *     cannot be solved for; the weights are as they were
   */
  @API(status = Status.STABLE, since = "0.1")
  public double step() {
    double weight = setup.mean ? 1.0 / batches.sizeAt(steps) : 1;
    last = batches.at(steps);
    double loss;
    try {
      loss = weight * optimiser.step(last, weight, setup.learningRate, steps);
    } catch (NonFiniteState | StepSizeUnderflow e) {
      throw diverged(e);
    }
    if (!Double.isFinite(loss)) {
      throw new TrainingDiverged(steps, loss);
    }
    steps++;
    return loss;
  }

  /** Before the first step it is the network that overflows, not its training. */
  private TangentFlowException diverged(TangentFlowException e) {
    return steps == 0 ? e : new TrainingDiverged(steps, e);
  }

  /** f of the samples of the last step, m×B, before it. */
  public DenseMatrix outputsOfStep() {
    return backend.download(last.outputs());
  }

  /**
   * Outputs and loss at the weights as they are, of as many samples at a time as a step takes.
   *
   * @param inputs d×N
   * @param values targets, m×N
   * @throws TrainingDiverged if the loss is not finite, or after a first step a state is not
   */
  public Evaluation evaluate(Matrix inputs, Matrix values) {
    int samples = inputs.columns();
    DenseMatrix outputs = DenseMatrix.zeros(values.rows(), samples);
    double sum = 0;
    for (int first = 0; first < samples; first += setup.batchSize) {
      int count = Math.min(setup.batchSize, samples - first);
      try (Workspace scratch = workspace.scope()) {
        Matrix f = setup.method.outputs(weights, inputs.columnRange(first, count), scratch);
        Matrix cotangents = scratch.allocate(values.rows(), count);
        sum += setup.loss.evaluate(f, values.columnRange(first, count), cotangents, backend);
        double[] part = backend.download(f).values();
        System.arraycopy(part, 0, outputs.values(), first * values.rows(), part.length);
      } catch (NonFiniteState | StepSizeUnderflow e) {
        throw diverged(e);
      }
    }
    double loss = setup.mean ? sum / samples : sum;
    if (!Double.isFinite(loss)) {
      throw new TrainingDiverged(steps, loss);
    }
    return new Evaluation(loss, outputs);
  }

  /**
   * The same of matrices in host memory, which are on the device for that long.
   *
   * @param inputs d×N. Not modified.
   * @param values targets, m×N. Not modified.
   * @return loss and outputs
   * @throws InvalidConfiguration if the shapes do not fit
   * @throws TrainingDiverged if the loss is not finite, or after a first step a state is not
   */
  @API(status = Status.STABLE, since = "0.1")
  public Evaluation evaluate(DenseMatrix inputs, DenseMatrix values) {
    requireTargets(weights.model(), inputs, values);
    try (Workspace scratch = workspace.scope()) {
      return evaluate(weights.upload(inputs, scratch), scratch.upload(values));
    }
  }

  /**
   * All that the next step depends on, by names for files: the weights, and what the rule carries.
   * These are the matrices themselves; to go on from a checkpoint, overwrite them and call {@link
   * #goOnAt}.
   */
  public Map<String, Matrix> state() {
    Map<String, Matrix> state = new LinkedHashMap<>();
    weights.blocks().forEach((block, matrix) -> state.put(block.toString(), matrix));
    state.putAll(optimiser.state());
    return state;
  }

  /** The state is that before step k. */
  public void goOnAt(long step) {
    steps = step;
  }

  /** Gives back what {@link #descent} placed on the backend; a given workspace is its owner's. */
  @Override
  @API(status = Status.STABLE, since = "0.1")
  public void close() {
    owned.ifPresent(Workspace::close);
  }
}
