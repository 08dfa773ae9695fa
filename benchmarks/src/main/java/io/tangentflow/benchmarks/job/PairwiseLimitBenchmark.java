package io.tangentflow.benchmarks.job;

import io.tangentflow.benchmarks.Fp64Benchmark;
import io.tangentflow.benchmarks.Fp64Engine;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitTiles;
import io.tangentflow.kernel.limit.LimitValue;
import io.tangentflow.model.Activations;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import java.util.concurrent.ForkJoinPool;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The limiting Gram of inputs of different norms, pair by pair, d = 16. Of more than about 25
 * samples the engine makes a series instead, and the benchmark refuses them.
 */
@State(Scope.Benchmark)
public class PairwiseLimitBenchmark extends Fp64Benchmark {

  private static final int INPUT_DIM = 16;

  /** φ: of a smooth one the pairs are solved on the backend, of ReLU by the threads of the JVM. */
  @Param({"softplus", "tanh"})
  public String activation;

  /** N. */
  @Param("24")
  public int samples;

  private NeuralOde model;
  private DenseMatrix inputs;
  private ForkJoinPool pool;

  @Override
  protected void prepare(Fp64Engine engine) {
    model = new NeuralOde(INPUT_DIM, 1, Activations.named(activation));
    inputs = engine.backend().download(engine.normal(INPUT_DIM, samples));
    pool = new ForkJoinPool(engine.threads);
  }

  /** Times it, from the duals on: nothing of one Gram is used for the next. */
  @Benchmark
  public LimitGram gram(Fp64Engine engine) {
    LimitTiles tiles = new ContinuumLimit(model).tiles(inputs, pool);
    return tiles.gram(engine.backend(), engine.backend().availableBytes(), finished -> {});
  }

  /** By the solver of single pairs, within what both say of their errors. */
  @Override
  protected void check(Fp64Engine engine) {
    LimitGram gram = gram(engine);
    if (!gram.method().startsWith("pair by pair")) {
      throw new IllegalStateException("it was computed by a " + gram.method());
    }
    ContinuumLimit limit = new ContinuumLimit(model);
    for (int j = 0; j < samples; j++) {
      int i = (7 * j + 3) % samples;
      LimitValue pair = limit.pair(product(i, i), product(j, j), product(i, j));
      Values.require(
          "NNGP", pair.nngp(), gram.nngp().get(i, j), pair.nngpError() + gram.nngpError());
      Values.require("NTK", pair.ntk(), gram.ntk().get(i, j), pair.ntkError() + gram.ntkError());
    }
  }

  /** x_i·x_j/d. */
  private double product(int i, int j) {
    double sum = 0;
    for (int l = 0; l < INPUT_DIM; l++) {
      sum += inputs.get(l, i) * inputs.get(l, j);
    }
    return sum / INPUT_DIM;
  }
}
