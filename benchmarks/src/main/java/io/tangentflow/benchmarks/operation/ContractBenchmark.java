package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Values;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The contraction of a structured Gram of N samples, K ← K + Σ_b P_b ∘ R_b over B blocks. */
@State(Scope.Benchmark)
public class ContractBenchmark extends EngineBenchmark {

  /** N. */
  @Param({"100", "1000"})
  public int samples;

  /** B. */
  @Param("16")
  public int blocks;

  private Matrix p;
  private Matrix r;
  private Matrix k;

  @Override
  protected void prepare(Engine engine) {
    p = engine.normal(samples, samples * blocks);
    r = engine.normal(samples, samples * blocks);
    k = engine.memory().allocate(samples, samples, Precision.FP64);
  }

  /** Times it. */
  @Benchmark
  public void contract(Engine engine) {
    engine.backend().contract(p, r, k);
    engine.await();
  }

  /** Summed in FP64 whatever the precision. */
  @Override
  protected void check(Engine engine) {
    engine.set(k, new double[samples * samples]);
    contract(engine);
    double[] adjoints = engine.values(p);
    double[] activations = engine.values(r);
    int size = samples * samples;
    double bound = 2 * (blocks + 1) * Precision.FP64.unitRoundoff();
    Values.require(
        "K",
        engine.values(k),
        i -> sum(adjoints, activations, i, size),
        i -> bound * sizes(adjoints, activations, i, size));
  }

  private double sum(double[] x, double[] y, int i, int size) {
    double sum = 0;
    for (int b = 0; b < blocks; b++) {
      sum += x[b * size + i] * y[b * size + i];
    }
    return sum;
  }

  private double sizes(double[] x, double[] y, int i, int size) {
    double sum = 0;
    for (int b = 0; b < blocks; b++) {
      sum += Math.abs(x[b * size + i] * y[b * size + i]);
    }
    return sum;
  }
}
