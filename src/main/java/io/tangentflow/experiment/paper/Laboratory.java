package io.tangentflow.experiment.paper;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.experiment.TrainingConfiguration.Data;
import io.tangentflow.sweep.Worker;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** What tasks compute with: backends, data, a directory, and somebody who listens. */
final class Laboratory implements AutoCloseable {

  /** Data sets that are kept; each new task of a figure asks for the same one. */
  private static final int MOST_DATASETS = 4;

  private final Reproduction reproduction;
  private final Function<Backend, MemoryBudget> budgets;
  private final Map<Precision, Backend> backends = new EnumMap<>(Precision.class);
  private final Map<Data, Dataset> datasets = new LinkedHashMap<>();
  private final String backend;
  private Path directory;
  private Worker.Listener listener;

  /**
   * @param backend the name of the one to compute on, where several are meant by that of the
   *     reproduction
   * @param budgets how much memory a computation may take on a backend
   */
  Laboratory(Reproduction reproduction, String backend, Function<Backend, MemoryBudget> budgets) {
    this.reproduction = reproduction;
    this.backend = backend;
    this.budgets = budgets;
  }

  /** The backend of that precision; it stays this laboratory's. */
  Backend backend(Precision precision) {
    return backends.computeIfAbsent(
        precision, p -> Backends.open(backend, new BackendOptions(p, reproduction.threads())));
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

  /** Where and for whom tasks work from now on. */
  void workIn(Path run, Worker.Listener who) {
    directory = run;
    listener = who;
  }

  /** Where tasks keep what their numbers do not hold. */
  Path directory() {
    return directory;
  }

  void status(String line) {
    listener.status(line);
  }

  void warning(String line) {
    listener.warning(line);
  }

  /** So much of the task at hand is done. */
  void progress(double fraction, String words) {
    listener.progress(fraction, words);
  }

  @Override
  public void close() {
    backends.values().forEach(Backend::close);
  }
}
