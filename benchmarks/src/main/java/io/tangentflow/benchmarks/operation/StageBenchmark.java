package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.model.StandardActivation;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A Runge–Kutta stage, φ and φ' of h + Σ w_r K_r, with Softplus: RK4's have one term. */
@State(Scope.Benchmark)
public class StageBenchmark extends EngineBenchmark {

  private static final StandardActivation PHI = StandardActivation.SOFTPLUS;

  /** n. */
  @Param({"256", "1024", "2048", "4096"})
  public int width;

  /** N. */
  @Param("100")
  public int samples;

  /** Of the sum. */
  @Param({"1", "3"})
  public int terms;

  private Matrix h;
  private List<Term> increments;
  private Matrix value;
  private Matrix derivative;

  @Override
  protected void prepare(Engine engine) {
    h = engine.normal(width, samples);
    increments = Sum.terms(terms, width, samples, engine);
    value = engine.memory().allocate(width, samples);
    derivative = engine.memory().allocate(width, samples);
  }

  /** Times it. */
  @Benchmark
  public void stage(Engine engine) {
    engine.backend().stage(PHI, h, increments, value, derivative);
    engine.await();
  }

  @Override
  protected void check(Engine engine) {
    stage(engine);
    Sum y = Sum.of(1, engine.values(h), increments, engine);
    Values.require(
        "φ(Y)",
        engine.values(value),
        i -> PHI.value(y.values()[i]),
        i -> Rounding.ofActivatedSum(terms, y.sizes()[i], engine));
    Values.require(
        "φ'(Y)",
        engine.values(derivative),
        i -> PHI.derivative(y.values()[i]),
        i -> Rounding.ofActivatedSum(terms, y.sizes()[i], engine));
  }
}
