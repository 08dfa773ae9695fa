package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Values;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A copy in one precision: what memory can do. */
@State(Scope.Benchmark)
public class CopyBenchmark extends EngineBenchmark {

  /** Of each array: what a second-level cache holds, and what leaves all caches. */
  @Param({"65536", "16777216"})
  public int entries;

  private Matrix source;
  private Matrix target;

  @Override
  protected void prepare(Engine engine) {
    source = engine.normal(entries, 1);
    target = engine.memory().allocate(entries, 1);
  }

  /** Times it. */
  @Benchmark
  public void copy(Engine engine) {
    engine.backend().copy(source, target);
    engine.await();
  }

  @Override
  protected void check(Engine engine) {
    engine.set(target, new double[entries]);
    copy(engine);
    double[] expected = engine.values(source);
    Values.require("a copy", engine.values(target), i -> expected[i], i -> 0);
  }
}
