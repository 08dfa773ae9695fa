package io.tangentflow.experiment.paper;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.TrainingConfiguration;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.experiment.TrainingConfiguration.Descent;
import io.tangentflow.experiment.TrainingConfiguration.Machine;
import io.tangentflow.experiment.TrainingConfiguration.Network;
import io.tangentflow.experiment.TrainingConfiguration.Watch;
import io.tangentflow.experiment.TrainingLine;
import io.tangentflow.experiment.TrainingQuantity;
import io.tangentflow.experiment.TrainingRun;
import io.tangentflow.sweep.Checkpoints;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.train.Loss;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A network trained by descent on all samples' squared loss, in FP32. It is a run of its own in the
 * directory {@code trainings}, so it goes on from its last checkpoint.
 *
 * @param gradient the method, as {@code --gradient} takes it
 * @param seed of the parameters
 * @param learningRate η; null for half of 2/λ_max
 * @param mean whether the loss is divided by the number of samples
 * @param kernelEvery steps between looks at the tangent kernel, of the mean over outputs; 0 for
 *     never
 * @param gapMethod the other framework's method; null for none
 */
record TrainingTask(
    Data data,
    Model model,
    String gradient,
    long seed,
    Double learningRate,
    boolean mean,
    int steps,
    int kernelEvery,
    String gapMethod)
    implements Task {

  /** Looks at test loss and distance, in the course of a training. */
  private static final int LOOKS = 20;

  /** The step at which a training diverged; there only if it did. */
  private static final String DIVERGED = "diverged";

  static final String SECONDS = "seconds";

  private static final int CHECKPOINTS = 5;

  /** Of a typical training, for a progress line. */
  private static final int FORWARD_STEPS = 10;

  /** A look at a tangent kernel takes about as long as so many forward passes. */
  private static final int KERNEL_PASSES = 10;

  /** Trainings of fewer operations are begun again faster than they are saved. */
  private static final double WORTH_CHECKPOINTS = 3e12;

  @Override
  public String words() {
    return String.format("training, %s, %s, seed %d", model.words(), gradient, seed);
  }

  @Override
  public double operations() {
    double perPass = model.forwardOperations(data.samples(), FORWARD_STEPS);
    double kernels = kernelEvery == 0 ? 0 : steps / kernelEvery + 1;
    return perPass * (3 * steps + KERNEL_PASSES * kernels);
  }

  /** How many steps a training had done when it diverged; empty if it did not. */
  static OptionalInt diverged(Results results, Task task) {
    return results.has(task, DIVERGED)
        ? OptionalInt.of((int) results.number(task, DIVERGED))
        : OptionalInt.empty();
  }

  /** The steps at which a quantity was looked at. */
  static String steps(TrainingQuantity quantity) {
    return quantity.key() + ".step";
  }

  /** The same training of a network with another activation. */
  TrainingTask withActivation(String activation) {
    return new TrainingTask(
        data,
        new Model(activation, model.width(), model.horizon(), model.sigmaW()),
        gradient,
        seed,
        learningRate,
        mean,
        steps,
        kernelEvery,
        gapMethod);
  }

  private TrainingConfiguration configuration(Laboratory laboratory) {
    long look = Math.max(1, steps / LOOKS);
    return new TrainingConfiguration(
        data,
        new Network(
            model.activation(),
            model.width(),
            model.horizon(),
            1,
            model.sigmaW(),
            1,
            "pre-activation",
            gradient,
            seed),
        new Descent(
            Loss.SQUARED,
            mean,
            "",
            "descent",
            0.9,
            0.9,
            0.999,
            1e-8,
            learningRate,
            0.5,
            0,
            0,
            steps),
        new Watch(
            1,
            data.testSamples() > 0 ? look : 0,
            look,
            kernelEvery,
            0,
            "mean",
            gapMethod == null ? 0 : 1,
            gapMethod == null ? gradient : gapMethod,
            false,
            false,
            operations() > WORTH_CHECKPOINTS ? Math.max(1, steps / CHECKPOINTS) : 0,
            1),
        new Machine(Precision.FP32, laboratory.backendName(), laboratory.threads()));
  }

  @Override
  public Map<String, List<Double>> compute(Laboratory laboratory) {
    TrainingConfiguration configuration = configuration(laboratory);
    Dataset dataset = laboratory.load(data);
    Backend backend = laboratory.backend(Precision.FP32);
    try (RunDirectory run = directory(configuration, dataset, backend, laboratory)) {
      Map<String, List<Double>> diverged = new LinkedHashMap<>();
      try {
        new TrainingRun(
                configuration,
                run,
                dataset,
                backend,
                laboratory.budget(backend),
                new Narration(laboratory))
            .run();
      } catch (TrainingDiverged e) {
        laboratory.warning(words() + ": " + e.getMessage());
        diverged.put(DIVERGED, TaskLine.list((double) e.step()));
      }
      Map<String, List<Double>> numbers = numbers(run.lines(TrainingLine.class));
      numbers.putAll(diverged);
      new Checkpoints(run, 1).removeAfter(-1);
      return numbers;
    }
  }

  private RunDirectory directory(
      TrainingConfiguration configuration,
      Dataset dataset,
      Backend backend,
      Laboratory laboratory) {
    Path path =
        laboratory
            .directory()
            .resolve("trainings")
            .resolve(
                String.format(
                    "%s-%d-seed-%d-%08x",
                    model.activation(), model.width(), seed, TaskLine.key(this).hashCode()));
    // On a cluster another attempt, or what is taken for one that is lost, may still be at it.
    Path free = path;
    for (int i = 2; RunDirectory.isInUse(free); i++) {
      free = path.resolveSibling(path.getFileName() + "-" + i);
    }
    return begunOrNew(free, configuration, dataset, backend, laboratory.budget(backend));
  }

  private static RunDirectory begunOrNew(
      Path path,
      TrainingConfiguration configuration,
      Dataset dataset,
      Backend backend,
      MemoryBudget budget) {
    return Files.exists(path.resolve("run.json"))
        ? begun(path, configuration)
        : RunDirectory.create(
            path,
            Manifest.of(
                TrainingRun.KIND,
                "reproduce",
                configuration,
                dataset.provenance(),
                Manifest.device(backend),
                budget));
  }

  /** The run that a killed process left; names of directories are too short to tell all apart. */
  private static RunDirectory begun(Path path, TrainingConfiguration configuration) {
    RunDirectory run = RunDirectory.open(path);
    try {
      if (!run.configuration(TrainingConfiguration.class).equals(configuration)) {
        throw new RunDirectoryConflict(
            path, "is a training of another configuration; move it away and 'resume'");
      }
      return run;
    } catch (TangentFlowException e) {
      run.close();
      throw e;
    }
  }

  private static Map<String, List<Double>> numbers(List<TrainingLine> lines) {
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    for (TrainingLine line : lines) {
      line.values()
          .forEach(
              (quantity, value) -> {
                numbers
                    .computeIfAbsent(steps(quantity), name -> new ArrayList<>())
                    .add((double) line.step());
                numbers.computeIfAbsent(quantity.key(), name -> new ArrayList<>()).add(value);
              });
    }
    if (!lines.isEmpty()) {
      numbers.put(SECONDS, TaskLine.list(lines.get(lines.size() - 1).seconds()));
    }
    return numbers;
  }

  /** Tells a laboratory what a training says. */
  private final class Narration implements TrainingRun.Listener {
    private final Laboratory laboratory;

    Narration(Laboratory laboratory) {
      this.laboratory = laboratory;
    }

    @Override
    public void ready(double learningRate, int stepsPerEpoch) {}

    @Override
    public void status(String line) {}

    @Override
    public void warning(String line) {
      laboratory.warning(words() + ": " + line);
    }

    @Override
    public void limit(long pairs, long of) {}

    @Override
    public void line(TrainingLine line) {}

    @Override
    public void step(long done) {
      laboratory.progress(done / (double) steps, words() + ", step " + done + " of " + steps);
    }

    @Override
    public boolean stopRequested() {
      return false;
    }
  }
}
