package io.tangentflow.experiment.paper;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.Provenance;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.sweep.RunDirectory;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** What tasks compute with: backends, data, a run directory, and somebody who listens. */
public final class Laboratory implements AutoCloseable {

  /** Data sets that are kept; each new task of a figure asks for the same one. */
  private static final int MOST_DATASETS = 4;

  /** Hears of the progress. */
  public interface Listener {
    /** One line on what is done or not done. */
    void status(String line);

    /** Something its user should know. */
    void warning(String line);

    /**
     * So much of all is done, from 0 to 1.
     *
     * @param words what is being computed
     */
    void progress(double share, String words);
  }

  private final Reproduction reproduction;
  private final Function<Backend, MemoryBudget> budgets;
  private final Map<Precision, Backend> backends = new EnumMap<>(Precision.class);
  private final Map<Data, Dataset> datasets = new LinkedHashMap<>();
  private RunDirectory directory;
  private Listener listener;
  private double before;
  private double share;

  /**
   * @param budgets how much memory a computation may take on a backend
   */
  public Laboratory(Reproduction reproduction, Function<Backend, MemoryBudget> budgets) {
    this.reproduction = reproduction;
    this.budgets = budgets;
  }

  /** The backend of that precision; it stays this laboratory's. */
  public Backend backend(Precision precision) {
    return backends.computeIfAbsent(
        precision,
        p -> Backends.open(reproduction.backend(), new BackendOptions(p, reproduction.threads())));
  }

  MemoryBudget budget(Backend backend) {
    return budgets.apply(backend);
  }

  int threads() {
    return reproduction.threads();
  }

  String backendName() {
    return reproduction.backend();
  }

  /** What data a task works on. */
  Dataset load(Data data) {
    Dataset known = datasets.remove(data);
    Dataset dataset = known == null ? data.load() : known;
    datasets.put(data, dataset);
    if (datasets.size() > MOST_DATASETS) {
      datasets.remove(datasets.keySet().iterator().next());
    }
    return dataset;
  }

  /**
   * The files behind all data that the figures need.
   *
   * @throws InvalidConfiguration if there are fewer samples than a figure needs
   * @throws io.tangentflow.TangentFlowException.DataFormat if a file is missing or damaged
   */
  public List<Provenance> files() {
    LinkedHashSet<Provenance> files = new LinkedHashSet<>();
    ReproductionRun.tasks(reproduction).stream()
        .map(Task::data)
        .distinct()
        .forEach(data -> files.addAll(loadOrRefuse(data).provenance()));
    return new ArrayList<>(files);
  }

  /** What is wrong is no option of this command's. */
  private Dataset loadOrRefuse(Data data) {
    try {
      return load(data);
    } catch (InvalidConfiguration e) {
      throw new InvalidConfiguration(
          "--scale",
          String.format(
              "%s takes %d samples of %s (%s); take a smaller scale, or other data by --data-dir",
              reproduction.scale(),
              data.samples() + data.testSamples(),
              data.source(),
              e.getMessage()));
    }
  }

  /** Where and for whom tasks work from now on. */
  void workIn(RunDirectory run, Listener who) {
    directory = run;
    listener = who;
  }

  /** Where tasks keep what their numbers do not hold. */
  RunDirectory directory() {
    return directory;
  }

  /** The next task's part of all. */
  void next(double done, double part) {
    before = done;
    share = part;
  }

  void status(String line) {
    listener.status(line);
  }

  void warning(String line) {
    listener.warning(line);
  }

  /** So much of the task at hand is done. */
  void progress(double fraction, String words) {
    listener.progress(before + fraction * share, words);
  }

  @Override
  public void close() {
    backends.values().forEach(Backend::close);
  }
}
