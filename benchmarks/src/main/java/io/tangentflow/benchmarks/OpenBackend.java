package io.tangentflow.benchmarks;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import org.openjdk.jmh.infra.BenchmarkParams;

/** A backend that is opened for one benchmark, is the one that was asked for, and owns a memory. */
public abstract class OpenBackend {

  /** A stream of normal numbers that no parameters of a network use. */
  private static final int FIRST_STREAM = 40;

  private Backend opened;
  private Workspace memory;
  private Matrix any;
  private int streams;

  /**
   * Opens it.
   *
   * @throws InvalidConfiguration if what would be timed is not that backend on so many threads
   */
  final void open(String name, Precision precision, int threads, BenchmarkParams run) {
    if (run.getThreads() != 1) {
      throw new InvalidConfiguration(
          "-t",
          "a backend is used by one thread at a time; its own threads are given by -p threads=N");
    }
    opened = Backends.open(name, new BackendOptions(precision, threads));
    requireAsked(name, precision, threads);
    memory = opened.workspace("a benchmark", opened.availableBytes());
    any = memory.allocate(1, 1);
    streams = FIRST_STREAM;
  }

  private void requireAsked(String name, Precision precision, int threads) {
    if (!opened.name().equals(name) || opened.precision() != precision) {
      throw new IllegalStateException(
          String.format(
              "%s in %s was asked for, and %s in %s was opened",
              name, precision, opened.name(), opened.precision()));
    }
    if (opened.emulated()) {
      throw new InvalidConfiguration(
          "-p backend", "a stand-in runs the code of " + name + ", and its times mean nothing");
    }
    String description = opened.description();
    if (name.equals("cpu-scalar") && threads != 1) {
      throw new InvalidConfiguration("-p threads", "must be 1, as " + name + " has no others");
    }
    if (name.equals("cpu-vector")
        && !(description.contains("OpenBLAS") && description.contains("Vector API"))) {
      throw new InvalidConfiguration(
          "-p backend", "it runs on stand-ins, which are not what is to be timed: " + description);
    }
  }

  final void close() {
    memory.close();
    opened.close();
  }

  /** What is timed. */
  public final Backend backend() {
    return opened;
  }

  /** Owns the matrices of the benchmark, and is closed after it. */
  public final Workspace memory() {
    return memory;
  }

  /** A matrix of standard normal numbers that no other one has. */
  public final Matrix normal(int rows, int columns) {
    return normal(rows, columns, opened.precision());
  }

  /** The same in another precision. */
  public final Matrix normal(int rows, int columns, Precision precision) {
    Matrix matrix = memory.allocate(rows, columns, precision);
    opened.gaussian(matrix, 1, streams++);
    return matrix;
  }

  /** The entries of a matrix in column-major order, in FP64. */
  public final double[] values(Matrix matrix) {
    return opened.download(matrix).values();
  }

  /** target ← values in column-major order, rounded to its precision. */
  public final void set(Matrix target, double[] values) {
    opened.upload(new DenseMatrix(target.rows(), target.columns(), values), target);
  }

  /** Returns when all is done that was asked for: a device works behind the host's back. */
  public final void await() {
    if (!opened.sharesHostMemory()) {
      opened.dot(any, any);
    }
  }

  /** u, the rounding error of one operation: of products in TF32, of their sums. */
  public final double roundoff() {
    return opened.precision() == Precision.TF32
        ? Precision.FP32.unitRoundoff()
        : opened.precision().unitRoundoff();
  }

  /** The relative error of a product's factors, where tensor cores round them; else 0. */
  public final double factorRoundoff() {
    return opened.precision() == Precision.TF32 ? 2 * Precision.TF32.unitRoundoff() : 0;
  }
}
