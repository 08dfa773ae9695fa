package io.tangentflow.experiment;

import static io.tangentflow.experiment.TrainingQuantity.BATCH_LOSS;
import static io.tangentflow.experiment.TrainingQuantity.PREDICTED_BY_LIMIT;
import static io.tangentflow.experiment.TrainingQuantity.PREDICTED_BY_START;
import static io.tangentflow.experiment.TrainingQuantity.RATE_BOUND;
import static io.tangentflow.experiment.TrainingQuantity.TRAIN_LOSS;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Workspace;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Permutation;
import io.tangentflow.experiment.TrainingConfiguration.Descent;
import io.tangentflow.experiment.TrainingConfiguration.Watch;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.Weights;
import io.tangentflow.sweep.Checkpoint;
import io.tangentflow.sweep.Checkpoints;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.train.KernelMonitor;
import io.tangentflow.train.Training;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Trains a network in a run directory, watches it, and saves it: {@code results.jsonl} has a line
 * for each step that is logged, {@code checkpoints/} the state after some of them. Stopped or
 * killed at any moment, it goes on from the last checkpoint as if nothing had been, to the last bit
 * on the same backend with the same number of threads.
 */
public final class TrainingRun {

  /** The kind of such runs, in {@code run.json}. */
  public static final String KIND = "training";

  /** How long lines may wait for the disk. */
  private static final Duration UNWRITTEN = Duration.ofSeconds(1);

  private static final Set<TrainingQuantity> OF_EVERY_STEP =
      Set.of(BATCH_LOSS, TRAIN_LOSS, PREDICTED_BY_START, PREDICTED_BY_LIMIT, RATE_BOUND);

  /** Hears of the progress, and says when to stop. */
  public interface Listener {

    /**
     * The first step can be taken: this computer can do what the configuration asks for.
     *
     * @param learningRate η
     * @param stepsPerEpoch in which each sample is seen once
     */
    void ready(double learningRate, int stepsPerEpoch);

    /** One line on what is done or not done. */
    void status(String line);

    /** Something its user should know. */
    void warning(String line);

    /** So many pairs of the limiting kernel, of so many, are computed. */
    void limit(long pairs, long of);

    /** A step's line; it is on the disk after the next checkpoint at the latest. */
    void line(TrainingLine line);

    /** So many steps are done. */
    void step(long done);

    /** Whether to save and stop after this step. */
    boolean stopRequested();
  }

  private final TrainingProblem problem;
  private final TrainingConfiguration configuration;
  private final RunDirectory directory;
  private final Backend backend;
  private final MemoryBudget budget;
  private final Listener listener;
  private final Checkpoints checkpoints;
  private final List<TrainingLine> unwritten = new ArrayList<>();
  private long lastWritten = System.nanoTime();
  private double seconds;

  /**
   * @param dataset what the configuration loads
   * @param backend of the configuration's precision
   * @param budget of memory on it
   */
  public TrainingRun(
      TrainingConfiguration configuration,
      RunDirectory directory,
      Dataset dataset,
      Backend backend,
      MemoryBudget budget,
      Listener listener) {
    this.configuration = configuration;
    this.directory = directory;
    this.backend = backend;
    this.budget = budget;
    this.listener = listener;
    problem = TrainingProblem.of(configuration, dataset);
    checkpoints = new Checkpoints(directory, configuration.watch().keep());
  }

  /**
   * Trains from the last checkpoint, if there is one, to the last step, or until it is asked to
   * stop.
   *
   * @return whether the last step is done
   * @throws TrainingDiverged if the loss is not finite any more; what was seen until then is on the
   *     disk
   */
  public boolean run() {
    Optional<KernelMonitor> monitor = new TrainingMemory(problem, backend, budget).monitor();
    String purpose =
        String.format(
            "training %d samples at width %d", problem.inputs().columns(), problem.model().width());
    try (Workspace workspace = backend.workspace(purpose, budget.deviceBytes())) {
      Weights weights = Weights.place(problem.model(), problem.parameters(), workspace);
      Matrix x = weights.upload(problem.inputs(), workspace);
      Matrix y = workspace.upload(problem.targets().values());
      Optional<Checkpoint> checkpoint =
          checkpoints.latest(damage -> listener.warning("passed over: " + damage.getMessage()));
      checkpoints.removeAfter(checkpoint.map(Checkpoint::step).orElse(-1L));
      forgetAfter(checkpoint.map(Checkpoint::step).orElse(0L));
      TrainingBeginning beginning =
          TrainingBeginning.of(problem, monitor, directory, weights, workspace, listener);
      Training training = training(beginning.facts().learningRate(), weights, x, y, workspace);
      checkpoint.ifPresent(saved -> goOn(saved, training));
      TrainingWatch watch =
          new TrainingWatch(problem, beginning, training, weights, x, y, workspace);
      listener.ready(beginning.facts().learningRate(), training.stepsPerEpoch());
      return steps(training, watch);
    }
  }

  private Training training(
      double learningRate, Weights weights, Matrix x, Matrix y, Workspace workspace) {
    Descent descent = configuration.descent();
    int samples = problem.inputs().columns();
    return new Training(
        TrainingBeginning.setup(problem, learningRate),
        weights,
        x,
        y,
        epoch -> Permutation.ofEpoch(samples, descent.batchSeed(), epoch),
        this::hear,
        workspace);
  }

  private boolean doubted;

  /** A doubtful gradient is told of once. */
  private void hear(GradientMethod.Report report) {
    if (report.doubtful() && !doubted) {
      doubted = true;
      listener.warning(report.doubt());
    }
  }

  /** Lines that a checkpoint does not cover are computed again. */
  private void forgetAfter(long step) {
    List<TrainingLine> lines = directory.lines(TrainingLine.class);
    int kept = (int) lines.stream().filter(line -> line.step() < step).count();
    if (kept < lines.size()) {
      directory.keepLines(kept);
    }
  }

  private void goOn(Checkpoint saved, Training training) {
    training
        .state()
        .forEach(
            (name, matrix) -> {
              DenseMatrix values = saved.matrix(name);
              if (values.rows() != matrix.rows() || values.columns() != matrix.columns()) {
                throw new DataFormat(
                    directory.file("checkpoints"),
                    String.format(
                        "%s of step %d is %d×%d, where this run has %s",
                        name, saved.step(), values.rows(), values.columns(), matrix.shape()),
                    null);
              }
              backend.upload(values, matrix);
            });
    training.goOnAt(saved.step());
    seconds = saved.state().path("seconds").asDouble();
    listener.status("going on from step " + saved.step());
  }

  private boolean steps(Training training, TrainingWatch watch) {
    long end = configuration.descent().steps();
    try {
      while (training.steps() < end) {
        long step = training.steps();
        Map<TrainingQuantity, Double> values = watch.before(step, false);
        long start = System.nanoTime();
        double loss = training.step();
        double took = (System.nanoTime() - start) * 1e-9;
        watch.stepped(step, loss, values);
        log(step, values);
        seconds += took;
        boolean stop = listener.stopRequested();
        if (stop || Watch.due(configuration.watch().checkpoint(), step + 1, end)) {
          save(training);
        }
        listener.step(step + 1);
        if (stop && step + 1 < end) {
          return false;
        }
      }
      Map<TrainingQuantity, Double> values = watch.before(end, true);
      log(end, values);
      return true;
    } finally {
      write();
    }
  }

  private void log(long step, Map<TrainingQuantity, Double> values) {
    TrainingLine line = new TrainingLine(step, seconds, finite(values));
    if (wasWatched(line)
        || Watch.due(configuration.watch().loss(), step, configuration.descent().steps())) {
      unwritten.add(line);
      listener.line(line);
    }
    if (System.nanoTime() - lastWritten > UNWRITTEN.toNanos()) {
      write();
    }
  }

  /** Whether more was seen than each step gives by itself. */
  private static boolean wasWatched(TrainingLine line) {
    Set<TrainingQuantity> seen = EnumSet.noneOf(TrainingQuantity.class);
    seen.addAll(line.values().keySet());
    seen.removeAll(OF_EVERY_STEP);
    return !seen.isEmpty()
        || (line.value(BATCH_LOSS).isPresent() && line.value(TRAIN_LOSS).isPresent());
  }

  private static Map<TrainingQuantity, Double> finite(Map<TrainingQuantity, Double> values) {
    Map<TrainingQuantity, Double> finite = new EnumMap<>(TrainingQuantity.class);
    values.forEach(
        (quantity, value) -> {
          if (Double.isFinite(value)) {
            finite.put(quantity, value);
          }
        });
    return finite;
  }

  private void write() {
    if (!unwritten.isEmpty()) {
      directory.append(List.copyOf(unwritten));
      unwritten.clear();
    }
    lastWritten = System.nanoTime();
  }

  private void save(Training training) {
    write();
    Map<String, DenseMatrix> matrices = new LinkedHashMap<>();
    for (Map.Entry<String, Matrix> entry : training.state().entrySet()) {
      // A gradient may overflow where the loss does not; the next loss would tell.
      if (backend.firstNonFinite(entry.getValue()).isPresent()) {
        throw new TrainingDiverged(training.steps(), Double.NaN);
      }
      matrices.put(entry.getKey(), backend.download(entry.getValue()));
    }
    ObjectNode state = JsonNodeFactory.instance.objectNode().put("seconds", seconds);
    ElementType type = backend.precision().single() ? ElementType.FP32 : ElementType.FP64;
    checkpoints.save(training.steps(), state, matrices, type);
  }
}
