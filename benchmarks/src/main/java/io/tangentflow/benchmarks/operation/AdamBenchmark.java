package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Values;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * A step of Adam on W, n×n. The gradient is ±1, so that its moments stay of that size after any
 * number of steps.
 */
@State(Scope.Benchmark)
public class AdamBenchmark extends EngineBenchmark {

  private static final AdamStep STEP = new AdamStep(1e-3, 0.9, 0.999, 1e-8, 30);

  /** n. */
  @Param({"256", "2048"})
  public int width;

  private double[] gradients;
  private double[] means;
  private double[] squares;
  private double[] parameters;
  private Matrix g;
  private Matrix m;
  private Matrix v;
  private Matrix theta;

  @Override
  protected void prepare(Engine engine) {
    g = Sum.signs(width, width, engine);
    m = engine.normal(width, width);
    v = engine.memory().allocate(width, width);
    theta = engine.normal(width, width);
    gradients = engine.values(g);
    means = engine.values(m);
    parameters = engine.values(theta);
    double[] squared = means.clone();
    for (int i = 0; i < squared.length; i++) {
      squared[i] *= squared[i];
    }
    engine.set(v, squared);
    squares = engine.values(v);
  }

  /** Times it. */
  @Benchmark
  public void adam(Engine engine) {
    engine.backend().adam(STEP, g, m, v, theta);
    engine.await();
  }

  /**
   * By the formulas, entry by entry. With the roundings of constants, m has three, relative to the
   * sizes of its terms, and v four; the update has twelve, and one more adds it.
   */
  @Override
  protected void check(Engine engine) {
    engine.set(m, means);
    engine.set(v, squares);
    engine.set(theta, parameters);
    adam(engine);
    double u = 2 * engine.roundoff();
    Values.require("m", engine.values(m), this::mean, i -> 3 * u * meanSize(i));
    Values.require("v", engine.values(v), this::square, i -> 4 * u * square(i));
    Values.require(
        "θ",
        engine.values(theta),
        i -> parameters[i] - STEP.learningRate() * mean(i) / (1 - Math.pow(0.9, 30)) / root(i),
        i ->
            u
                * (Math.abs(parameters[i])
                    + 12 * STEP.learningRate() * meanSize(i) / (1 - Math.pow(0.9, 30)) / root(i)));
  }

  private double mean(int i) {
    return STEP.beta1() * means[i] + (1 - STEP.beta1()) * gradients[i];
  }

  private double meanSize(int i) {
    return STEP.beta1() * Math.abs(means[i]) + (1 - STEP.beta1()) * Math.abs(gradients[i]);
  }

  private double square(int i) {
    return STEP.beta2() * squares[i] + (1 - STEP.beta2()) * gradients[i] * gradients[i];
  }

  private double root(int i) {
    return Math.sqrt(square(i) / (1 - Math.pow(0.999, 30))) + STEP.epsilon();
  }
}
