package io.tangentflow.cli;

import static io.tangentflow.experiment.TrainingQuantity.BATCH_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.LEAST_EIGENVALUE;
import static io.tangentflow.experiment.TrainingQuantity.TEST_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.RunDirectoryConflict;
import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.TrainingConfiguration;
import io.tangentflow.experiment.TrainingLine;
import io.tangentflow.experiment.TrainingQuantity;
import io.tangentflow.experiment.TrainingReport;
import io.tangentflow.experiment.TrainingRun;
import io.tangentflow.report.Numbers;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.RunDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** What the commands that begin or go on with a training share. */
final class TrainRun {

  /** For the step at hand and its checkpoint, after Ctrl-C. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Of a shell's commands that were interrupted. */
  private static final int INTERRUPTED = 130;

  private final Console console;
  private final MemoryOption memory;
  private final LiveOption live;

  TrainRun(Console console, MemoryOption memory, LiveOption live) {
    this.console = console;
    this.memory = memory;
    this.live = live;
  }

  /**
   * Trains in a new directory, which goes again where the first step cannot be taken.
   *
   * @param samplesOut writes what is asked for beside the run, once it can
   */
  int begin(
      TrainingConfiguration configuration, Dataset dataset, Path directory, Runnable samplesOut) {
    try (Backend backend = configuration.machine().open()) {
      MemoryBudget budget = memory.budget(backend);
      Manifest manifest =
          Manifest.of(
              TrainingRun.KIND,
              "train",
              configuration,
              dataset.provenance(),
              Manifest.device(backend),
              budget);
      RunDirectory.requireVacant(directory);
      VacantDirectory vacant = new VacantDirectory(directory);
      AtomicBoolean stays = new AtomicBoolean();
      try (RunDirectory run = RunDirectory.create(directory, manifest)) {
        try {
          return run(
              configuration,
              run,
              dataset,
              backend,
              budget,
              () -> {
                stays.set(true);
                samplesOut.run();
              });
        } finally {
          if (!stays.get()) {
            vacant.restore(); // While the run is locked: what is there is this run's alone.
          }
        }
      }
    }
  }

  /** Goes on with a training from its last checkpoint. */
  int resume(RunDirectory run) {
    Manifest manifest = run.manifest();
    TrainingConfiguration configuration = run.configuration(TrainingConfiguration.class);
    Dataset dataset = Runs.data(manifest, configuration.data()::load);
    manifest.requireSameData(dataset.provenance(), run.path());
    try (Backend backend = configuration.machine().open()) {
      Runs.reportChanges(manifest, Manifest.device(backend), console);
      MemoryBudget budget = Runs.budget(manifest, memory, memory.budget(backend), console);
      return run(configuration, run, dataset, backend, budget, () -> {});
    }
  }

  private int run(
      TrainingConfiguration configuration,
      RunDirectory run,
      Dataset dataset,
      Backend backend,
      MemoryBudget budget,
      Runnable ready) {
    console.status(
        String.format(
            "%s: %s, width %d, %d steps on %d samples on %s, %s",
            run.path(),
            configuration.network().activation(),
            configuration.network().width(),
            configuration.descent().steps(),
            configuration.data().samples(),
            backend.name(),
            backend.description()));
    try (Interruption interruption = Interruption.afterStep(console, run.path(), PATIENCE);
        Narration narration = new Narration(configuration, interruption, ready)) {
      boolean finished =
          new TrainingRun(configuration, run, dataset, backend, budget, narration).run();
      if (!finished) {
        interruption.saved();
        return INTERRUPTED;
      }
    } catch (TrainingDiverged e) {
      keep(run, e);
      throw e;
    }
    return report(run, console);
  }

  /** What was seen until then is worth a report. */
  private void keep(RunDirectory run, TangentFlowException cause) {
    TrainingReport report = TrainingReport.of(run);
    if (!report.isEmpty()) {
      try {
        report.write(run);
        console.status("what was seen until then is in " + run.file("report.html"));
      } catch (RunDirectoryConflict e) {
        cause.addSuppressed(e);
      }
    }
  }

  /**
   * Writes the report of what was seen and prints its table.
   *
   * @throws RunDirectoryConflict if nothing was
   */
  static int report(RunDirectory run, Console console) {
    TrainingReport report = TrainingReport.of(run);
    if (report.isEmpty()) {
      throw new RunDirectoryConflict(run.path(), "has no results yet; go on with 'resume'");
    }
    report.write(run);
    console.result(
        report.table().toText()
            + "\n"
            + String.join("\n", report.findings())
            + "\n\nReport: "
            + run.file("report.html"),
        report.json().put("directory", run.path().toString()));
    return 0;
  }

  /** Shows what happens. */
  private final class Narration implements TrainingRun.Listener, AutoCloseable {
    private final long steps;
    private final Interruption interruption;
    private final Map<TrainingQuantity, Double> last = new EnumMap<>(TrainingQuantity.class);
    private final Console.Progress progress;
    private final Runnable ready;
    private String limit = "";
    private double rate;
    private int perEpoch = 1;

    Narration(TrainingConfiguration configuration, Interruption interruption, Runnable ready) {
      this.interruption = interruption;
      this.ready = ready;
      steps = configuration.descent().steps();
      progress =
          live.watch
              ? console.view(
                  new LiveView(
                      String.format(
                          "%s, width %d",
                          configuration.network().activation(), configuration.network().width())),
                  Math.max(1, steps))
              : console.progress("steps", Math.max(1, steps));
    }

    @Override
    public void ready(double learningRate, int stepsPerEpoch) {
      ready.run();
      rate = learningRate;
      perEpoch = stepsPerEpoch;
    }

    @Override
    public void status(String line) {
      console.status(line);
    }

    @Override
    public void warning(String line) {
      console.warning(line);
    }

    @Override
    public synchronized void limit(long pairs, long of) {
      String what = "limiting kernel of " + of + " pairs of samples";
      if (!limit.equals(what)) {
        limit = what;
        console.status(what);
      }
    }

    @Override
    public void line(TrainingLine line) {
      last.putAll(line.values());
      List<String> words = new ArrayList<>();
      if (perEpoch > 1) { // Else an epoch is a step.
        words.add("epoch " + (line.step() / perEpoch + 1) + " of " + ((steps - 1) / perEpoch + 1));
      }
      words.add("η " + Numbers.significant(rate, 3));
      for (TrainingQuantity quantity :
          List.of(BATCH_LOSS, TRAIN_LOSS, TEST_LOSS, LEAST_EIGENVALUE)) {
        if (last.containsKey(quantity)) {
          words.add(quantity.label() + " " + Numbers.significant(last.get(quantity), 4));
        }
      }
      progress.detail(String.join(", ", words));
      progress.add(line);
    }

    @Override
    public void step(long done) {
      progress.at(done);
    }

    @Override
    public boolean stopRequested() {
      return interruption.stopRequested();
    }

    @Override
    public void close() {
      progress.close();
    }
  }
}
