package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backends;
import io.tangentflow.sweep.Clusters;
import io.tangentflow.sweep.Exchange;
import io.tangentflow.sweep.LocalExecutor;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.Worker;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where the units of a run are computed. */
@Heading("Cluster")
class ClusterOptions {

  @Option(
      names = "--on",
      paramLabel = "MASTER",
      description =
          "Compute on the Apache Spark cluster of this master, as spark://host:7077, yarn or k8s://…"
              + " (default: in this process). --threads are then those of one executor (default: 1)."
              + " See docs/scale.md.")
  private String master;

  /** Whether a cluster computes. */
  boolean given() {
    return master != null;
  }

  /** Refuses a cluster for what is computed in one process. */
  void refuse(String why) {
    if (given()) {
      throw new InvalidConfiguration("--on", "cannot be given here: " + why);
    }
  }

  /** Threads for one unit of work. */
  int threads(Integer asked) {
    if (asked != null) {
      return asked;
    }
    return given() ? 1 : Runtime.getRuntime().availableProcessors();
  }

  /**
   * Where the processes of a run share files, as {@link Clusters#open} takes it.
   *
   * @param run its directory
   * @param identity of what it computes, whose files are apart from those of other runs
   */
  String shared(Path run, String identity) {
    return run.toAbsolutePath().toString();
  }

  /** The same as files. */
  final Exchange exchange(Path run, String identity) {
    return Clusters.exchange(shared(run, identity));
  }

  /**
   * Somewhere to compute; the caller's.
   *
   * @param shared of {@link #shared}
   * @param backend that the run asks for
   * @param threads for one unit of work
   */
  final UnitExecutor executor(String shared, String backend, int threads, Console console) {
    if (!given()) {
      return new LocalExecutor(Clusters.exchange(shared));
    }
    if (backend.contains(":")) {
      throw new InvalidConfiguration(
          "--backend",
          backend + " names a device, and each process of a cluster is given its own; say cuda");
    }
    console.status(
        String.format(
            "asking %s for executors of %d core%s", master, threads, threads == 1 ? "" : "s"));
    return Clusters.open(master, shared, backend, threads);
  }

  /** What 'resume' is to be told, to go on in the same place. */
  String again() {
    return master == null ? "" : " --on " + master;
  }

  /**
   * The backend of every process: of several none shall choose another than the first.
   *
   * @throws InvalidConfiguration if they would choose a GPU, which each must have to itself
   */
  final String settled(String asked, Worker.Preparation prepared) {
    if (!given() || !asked.equals(Backends.AUTO)) {
      return asked;
    }
    if (!prepared.backend().startsWith("cpu")) {
      throw new InvalidConfiguration(
          "--backend",
          "is auto, and the machines of "
              + master
              + " have GPUs; say cuda, so that each process is given one, or cpu-vector");
    }
    return prepared.backend();
  }

  /** For a line that tells where is computed. */
  final String words(UnitExecutor executor) {
    return given() ? ", " + executor.slots() + " at a time, on " + master : "";
  }
}
