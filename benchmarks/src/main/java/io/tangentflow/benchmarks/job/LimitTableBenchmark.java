package io.tangentflow.benchmarks.job;

import io.tangentflow.benchmarks.Timed;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.DotProductKernel;
import io.tangentflow.kernel.limit.LimitValue;
import io.tangentflow.model.Activations;
import io.tangentflow.model.NeuralOde;
import java.util.concurrent.ForkJoinPool;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The limiting kernels of the flow on the unit sphere, as series in the correlation. It is computed
 * by the threads of the JVM, and no backend has a part in it.
 */
@State(Scope.Benchmark)
public class LimitTableBenchmark extends Timed {

  /** φ. */
  @Param({"softplus", "relu", "gelu", "tanh"})
  public String activation;

  /** That compute. */
  @Param("2")
  public int threads;

  private NeuralOde model;
  private ForkJoinPool pool;

  /** Computes it once, and checks it. */
  @Setup
  public void setUp() {
    model = new NeuralOde(1, 1, Activations.named(activation));
    pool = new ForkJoinPool(threads);
    check();
  }

  /** Times it, from the duals on: nothing of one table is used for the next. */
  @Benchmark
  public DotProductKernel table() {
    return pool.submit(() -> new ContinuumLimit(model).onSphere(1)).join();
  }

  /** Checks it again. */
  @TearDown
  public void tearDown() {
    check();
  }

  /** By the two-time equations of single pairs, within what both say of their errors. */
  private void check() {
    DotProductKernel table = table();
    ContinuumLimit limit = new ContinuumLimit(model);
    for (double rho : new double[] {-0.9, -0.1, 0, 0.3, 0.77, 1}) {
      LimitValue series = table.at(1, 1, rho);
      LimitValue pair = limit.pair(1, 1, rho);
      Values.require("NNGP", pair.nngp(), series.nngp(), pair.nngpError() + series.nngpError());
      Values.require("NTK", pair.ntk(), series.ntk(), pair.ntkError() + series.ntkError());
    }
  }
}
