package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The fused pass of φ and φ'. */
@State(Scope.Benchmark)
public class ActivateBenchmark extends EngineBenchmark {

  /** φ. */
  @Param({"softplus", "relu", "gelu", "quadratic", "tanh", "erf", "silu", "sine", "identity"})
  public String activation;

  /** Of each array: what a second-level cache holds, and what leaves all caches. */
  @Param({"65536", "16777216"})
  public int entries;

  private Activation phi;
  private Matrix h;
  private Matrix value;
  private Matrix derivative;

  @Override
  protected void prepare(Engine engine) {
    phi = Activations.named(activation);
    h = engine.normal(entries, 1);
    value = engine.memory().allocate(entries, 1);
    derivative = engine.memory().allocate(entries, 1);
  }

  /** Times it. */
  @Benchmark
  public void activate(Engine engine) {
    engine.backend().activate(phi, h, value, derivative);
    engine.await();
  }

  /** By the scalar functions in FP64. */
  @Override
  protected void check(Engine engine) {
    activate(engine);
    double[] x = engine.values(h);
    double bound = Rounding.ofActivation(engine);
    Values.require(
        "φ(h)",
        engine.values(value),
        i -> phi.value(x[i]),
        i -> bound * Math.max(1, Math.abs(phi.value(x[i]))));
    Values.require(
        "φ'(h)",
        engine.values(derivative),
        i -> phi.derivative(x[i]),
        i -> bound * Math.max(1, Math.abs(phi.derivative(x[i]))));
  }
}
