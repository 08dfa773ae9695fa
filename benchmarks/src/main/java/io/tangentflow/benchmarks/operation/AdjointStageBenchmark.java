package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Values;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * A stage of the discrete adjoint, ν ← D ∘ ν, next ← w₀ λ + Σ w_r ν_r, of one output: RK4's have
 * one term, ν itself. D = ±1, so that ν is the same size after any number of stages.
 */
@State(Scope.Benchmark)
public class AdjointStageBenchmark extends EngineBenchmark {

  private static final double WEIGHT = -2;

  /** n. */
  @Param({"256", "1024", "2048", "4096"})
  public int width;

  /** N. */
  @Param("100")
  public int samples;

  private double[] start;
  private Matrix d;
  private Matrix nu;
  private Matrix lambda;
  private List<Term> nus;
  private Matrix next;

  @Override
  protected void prepare(Engine engine) {
    d = Sum.signs(width, samples, engine);
    nu = engine.normal(width, samples);
    start = engine.values(nu);
    lambda = engine.normal(width, samples);
    nus = List.of(new Term(0.75, nu));
    next = engine.memory().allocate(width, samples);
  }

  /** Times it. */
  @Benchmark
  public void adjointStage(Engine engine) {
    engine.backend().adjointStage(d, nu, WEIGHT, lambda, nus, next);
    engine.await();
  }

  @Override
  protected void check(Engine engine) {
    engine.set(nu, start);
    adjointStage(engine);
    double[] signs = engine.values(d);
    Values.require("ν", engine.values(nu), i -> signs[i] * start[i], i -> 0);
    Sum sum = Sum.of(WEIGHT, engine.values(lambda), nus, engine);
    Values.require(
        "A of the stage before",
        engine.values(next),
        i -> sum.values()[i],
        i -> 4 * engine.roundoff() * sum.sizes()[i]);
  }
}
