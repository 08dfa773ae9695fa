package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** C ← AᵀA of N columns of n numbers: one slot of a structured Gram. */
@State(Scope.Benchmark)
public class SyrkBenchmark extends EngineBenchmark {

  /** n. */
  @Param({"256", "1024", "2048", "4096"})
  public int width;

  /** N. */
  @Param({"100", "1000"})
  public int samples;

  private Matrix a;
  private Matrix c;

  @Override
  protected void prepare(Engine engine) {
    a = engine.normal(width, samples);
    c = engine.memory().allocate(samples, samples);
  }

  /** Times it. */
  @Benchmark
  public void syrk(Engine engine) {
    engine.backend().syrk(a, c);
    engine.await();
  }

  /** Entries on both sides of the diagonal and on it, by their sums. */
  @Override
  protected void check(Engine engine) {
    syrk(engine);
    int last = samples - 1;
    for (int[] entry : new int[][] {{0, 0}, {0, last}, {last, 0}, {last, last}, {last / 2, 0}}) {
      double[] x = engine.values(a.columnRange(entry[0], 1));
      double[] y = engine.values(a.columnRange(entry[1], 1));
      double sum = 0;
      double size = 0;
      for (int l = 0; l < x.length; l++) {
        sum += x[l] * y[l];
        size += Math.abs(x[l] * y[l]);
      }
      double actual = engine.values(c.rowRange(entry[0], 1).columnRange(entry[1], 1))[0];
      Values.require("AᵀA", sum, actual, Rounding.ofSum(width, engine) * size);
    }
  }
}
