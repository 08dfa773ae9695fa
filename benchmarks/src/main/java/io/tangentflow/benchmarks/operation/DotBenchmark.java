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

/** Σ a_ij b_ij, summed in FP64 whatever the precision. */
@State(Scope.Benchmark)
public class DotBenchmark extends EngineBenchmark {

  /** Of each array: what a second-level cache holds, and what leaves all caches. */
  @Param({"65536", "16777216"})
  public int entries;

  private Matrix a;
  private Matrix b;

  @Override
  protected void prepare(Engine engine) {
    a = engine.normal(entries, 1);
    b = engine.normal(entries, 1);
  }

  /** Times it. */
  @Benchmark
  public double dot(Engine engine) {
    return engine.backend().dot(a, b);
  }

  @Override
  protected void check(Engine engine) {
    double actual = dot(engine);
    double[] x = engine.values(a);
    double[] y = engine.values(b);
    double sum = 0;
    double size = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
      size += Math.abs(x[i] * y[i]);
    }
    double roundings = 2 * (x.length + 1.0) * Precision.FP64.unitRoundoff();
    Values.require("Σ a b", sum, actual, roundings * size);
  }
}
