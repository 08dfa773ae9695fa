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
 * The end of a step of the discrete adjoint, λ ← λ + D ∘ ν + Σ w_r ν_r, next ← w₀ λ, of one output:
 * RK4's has three terms. In repeated steps λ grows in proportion to their number.
 */
@State(Scope.Benchmark)
public class AdjointStepBenchmark extends EngineBenchmark {

  private static final double WEIGHT = 0.5;

  /** n. */
  @Param({"256", "1024", "2048", "4096"})
  public int width;

  /** N. */
  @Param("100")
  public int samples;

  /** Of the sum. */
  @Param("3")
  public int terms;

  private double[] start;
  private Matrix d;
  private Matrix nu;
  private Matrix lambda;
  private List<Term> nus;
  private Matrix next;

  @Override
  protected void prepare(Engine engine) {
    d = engine.normal(width, samples);
    nu = engine.normal(width, samples);
    lambda = engine.normal(width, samples);
    start = engine.values(lambda);
    nus = Sum.terms(terms, width, samples, engine);
    next = engine.memory().allocate(width, samples);
  }

  /** Times it. */
  @Benchmark
  public void adjointStep(Engine engine) {
    engine.backend().adjointStep(d, nu, nus, lambda, WEIGHT, next);
    engine.await();
  }

  @Override
  protected void check(Engine engine) {
    engine.set(lambda, start);
    adjointStep(engine);
    Sum sum = Sum.of(1, start, nus, engine).addProduct(engine.values(d), engine.values(nu));
    double roundings = 2 * (terms + 3) * engine.roundoff();
    Values.require(
        "λ", engine.values(lambda), i -> sum.values()[i], i -> roundings * sum.sizes()[i]);
    Values.require(
        "A of the step before",
        engine.values(next),
        i -> WEIGHT * sum.values()[i],
        i -> WEIGHT * roundings * sum.sizes()[i]);
  }
}
