package io.tangentflow.cli;

import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.experiment.Targets;
import io.tangentflow.experiment.TrainingConfiguration;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.experiment.TrainingConfiguration.Descent;
import io.tangentflow.experiment.TrainingConfiguration.Machine;
import io.tangentflow.experiment.TrainingConfiguration.Network;
import io.tangentflow.experiment.TrainingProblem;
import io.tangentflow.sweep.RunDirectory;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = {
      "Train a network from the parameters of a seed and watch it: losses and accuracies, the tangent"
          + " kernel's eigenvalues and change, how far the parameters move, the gap between gradient"
          + " methods, and the losses that tangent kernels predict.",
      "The run directory receives results.jsonl, checkpoints, plots and report.html. Stopped by Ctrl-C"
          + " it saves first (exit code 130); killed, it loses what came after the last checkpoint;"
          + " 'resume DIR' goes on, to the last bit on the same machine. Exit code 9 where training"
          + " diverges. Begin with:",
      "  tangentflow train --samples 500 --width 512 --steps 500 --watch"
    })
final class TrainCommand implements Callable<Integer> {

  @Spec private CommandSpec command;

  @Mixin private Console console;
  @Mixin private DataOptions data;

  @Option(
      names = "--test-samples",
      paramLabel = "M",
      defaultValue = "100",
      description =
          "Further samples of the same draw, not trained on; 0 for none (default: ${DEFAULT-VALUE}).")
  private int testSamples;

  @Option(
      names = "--targets",
      paramLabel = "WHAT",
      description =
          "onehot (one output for each of m classes, 1 − 1/m for a sample's own and −1/m for the"
              + " others), indicator (1 and 0, as cross-entropy takes them), labels (the number of the"
              + " class), data (the data's own numbers) or standard (those less their mean over the"
              + " training samples, in standard deviations) (default: onehot, or indicator, where"
              + " there are classes, else data).")
  private Targets.Coding targets;

  @Option(
      names = "--activation",
      paramLabel = "NAME",
      defaultValue = "softplus",
      description = "Any that 'tangentflow activation' lists (default: ${DEFAULT-VALUE}).")
  private String activation;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "512",
      description = "Width n (default: ${DEFAULT-VALUE}).")
  private int width;

  @Mixin private ScaleOptions scales;

  @Mixin private MethodOptions method;

  @Option(
      names = "--seed",
      paramLabel = "SEED",
      defaultValue = "0",
      description = "Seed of the parameters at the start; see 'init' (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Mixin private DescentOptions descent;
  @Mixin private WatchOptions watch;
  @Mixin private LiveOption live;
  @Mixin private EngineOptions engine;
  @Mixin private MemoryOption memory;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "A new or empty directory (default: runs/train-DATE-TIME).")
  private Path out;

  @Option(
      names = "--inputs-out",
      paramLabel = "FILE",
      description = "Write the training inputs, N×d, to this .npy file, in fp64.")
  private Path inputsOut;

  @Option(
      names = "--targets-out",
      paramLabel = "FILE",
      description = "Write their targets, N×m, to this .npy file, in fp64.")
  private Path targetsOut;

  @Override
  public Integer call() {
    TrainingConfiguration configuration = configuration();
    new Outputs()
        .with("--inputs-out", inputsOut)
        .with("--targets-out", targetsOut)
        .requireWritable();
    Path directory = Runs.directory(out, "train");
    RunDirectory.requireVacant(directory);
    Dataset dataset = configuration.data().load();
    TrainingProblem problem = TrainingProblem.of(configuration, dataset);
    return new TrainRun(console, memory, live)
        .begin(configuration, dataset, directory, () -> writeSamples(problem));
  }

  private void writeSamples(TrainingProblem problem) {
    if (inputsOut != null) {
      Npy.write(inputsOut, problem.inputs().transpose(), ElementType.FP64);
    }
    if (targetsOut != null) {
      Npy.write(targetsOut, problem.targets().values().transpose(), ElementType.FP64);
    }
  }

  private TrainingConfiguration configuration() {
    descent.refuseMeaningless(command);
    watch.refuseMeaningless(command);
    Descent how = descent.descent(data.samples);
    return new TrainingConfiguration(
        new Data(data.data, data.samples, testSamples, data.seed, data.normalise, targets),
        new Network(
            activation,
            width,
            scales.horizon,
            scales.sigmaU,
            scales.sigmaW,
            scales.sigmaV,
            method.dynamics().label(),
            method.name(),
            seed),
        how,
        watch.watch(how.steps(), engine.precision()),
        new Machine(engine.precision(), engine.backend, engine.threads()));
  }
}
