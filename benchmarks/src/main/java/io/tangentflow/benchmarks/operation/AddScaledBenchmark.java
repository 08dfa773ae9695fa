package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Values;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** y ← y + w x; signs of w alternate, so that y stays what it is. */
@State(Scope.Benchmark)
public class AddScaledBenchmark extends EngineBenchmark {

  private static final double WEIGHT = -0.75;

  /** Of each array: what a second-level cache holds, and what leaves all caches. */
  @Param({"65536", "16777216"})
  public int entries;

  private double[] start;
  private double weight;
  private Matrix source;
  private Matrix target;

  @Override
  protected void prepare(Engine engine) {
    source = engine.normal(entries, 1);
    target = engine.normal(entries, 1);
    start = engine.values(target);
  }

  /** Times it. */
  @Benchmark
  public void addScaled(Engine engine) {
    engine.backend().addScaled(weight, source, target);
    weight = -weight;
    engine.await();
  }

  @Override
  protected void check(Engine engine) {
    engine.set(target, start);
    weight = WEIGHT;
    addScaled(engine);
    double[] x = engine.values(source);
    double roundings = 4 * engine.roundoff();
    Values.require(
        "y + w x",
        engine.values(target),
        i -> start[i] + WEIGHT * x[i],
        i -> roundings * (Math.abs(start[i]) + Math.abs(WEIGHT * x[i])));
  }
}
