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

/**
 * The end of a Runge–Kutta step, h ← h + Σ w_r K_r with φ and φ' of it: RK4's has four terms. Steps
 * go to and fro, so that the state stays what states are.
 */
@State(Scope.Benchmark)
public class StepBenchmark extends EngineBenchmark {

  private static final StandardActivation PHI = StandardActivation.SOFTPLUS;

  /** n. */
  @Param({"256", "1024", "2048", "4096"})
  public int width;

  /** N. */
  @Param("100")
  public int samples;

  /** Of the sum. */
  @Param("4")
  public int terms;

  private double[] start;
  private Matrix h;
  private List<Term> forth;
  private List<Term> back;
  private boolean away;
  private Matrix value;
  private Matrix derivative;

  @Override
  protected void prepare(Engine engine) {
    h = engine.normal(width, samples);
    start = engine.values(h);
    forth = Sum.terms(terms, width, samples, engine);
    back = Sum.negative(forth);
    value = engine.memory().allocate(width, samples);
    derivative = engine.memory().allocate(width, samples);
  }

  /** Times it. */
  @Benchmark
  public void step(Engine engine) {
    engine.backend().step(PHI, h, away ? back : forth, value, derivative);
    away = !away;
    engine.await();
  }

  @Override
  protected void check(Engine engine) {
    engine.set(h, start);
    away = false;
    step(engine);
    Sum y = Sum.of(1, start, forth, engine);
    Values.require(
        "h",
        engine.values(h),
        i -> y.values()[i],
        i -> 2 * (terms + 1) * engine.roundoff() * y.sizes()[i]);
    Values.require(
        "φ(h)",
        engine.values(value),
        i -> PHI.value(y.values()[i]),
        i -> Rounding.ofActivatedSum(terms, y.sizes()[i], engine));
    Values.require(
        "φ'(h)",
        engine.values(derivative),
        i -> PHI.derivative(y.values()[i]),
        i -> Rounding.ofActivatedSum(terms, y.sizes()[i], engine));
  }
}
