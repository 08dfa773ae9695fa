package io.tangentflow.benchmarks;

import io.tangentflow.backend.Precision;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.BenchmarkParams;

/** The backend of a benchmark, in any precision. */
@State(Scope.Benchmark)
public class Engine extends OpenBackend {

  /** As {@code --backend} takes it, but for {@code auto}. */
  @Param("cpu-vector")
  public String backend;

  /** As {@code --precision} takes it. */
  @Param("fp32")
  public String precision;

  /** Of the host. */
  @Param("2")
  public int threads;

  /** Opens it. */
  @Setup
  public void setUp(BenchmarkParams run) {
    open(backend, Precision.named(precision), threads, run);
  }
}
