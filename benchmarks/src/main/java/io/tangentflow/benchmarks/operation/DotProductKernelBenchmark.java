package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.DotProductSeries;
import io.tangentflow.backend.DotProductSeries.Argument;
import io.tangentflow.backend.Matrix;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Values;
import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A Chebyshev series at the correlations of N×N pairs of inputs of one norm. */
@State(Scope.Benchmark)
public class DotProductKernelBenchmark extends EngineBenchmark {

  /** N. */
  @Param({"100", "1000"})
  public int samples;

  /** Of the series. */
  @Param("40")
  public int terms;

  private Matrix rho;
  private DotProductSeries series;
  private Matrix result;
  private double[] coefficients;

  @Override
  protected void prepare(Engine engine) {
    rho = engine.normal(samples, samples);
    double[] correlations = engine.values(rho);
    for (int i = 0; i < correlations.length; i++) {
      correlations[i] = Math.sin(correlations[i]);
    }
    engine.set(rho, correlations);
    Matrix left = engine.memory().allocate(samples, 1);
    double[] ones = new double[samples];
    Arrays.fill(ones, 1);
    engine.set(left, ones);
    Matrix right = engine.normal(terms, samples);
    double[] decaying = engine.values(right);
    for (int i = 0; i < decaying.length; i++) {
      decaying[i] *= Math.pow(0.8, i % terms);
    }
    engine.set(right, decaying);
    coefficients = engine.values(right);
    series = new DotProductSeries(Argument.CORRELATION, left, right);
    result = engine.memory().allocate(samples, samples);
  }

  /** Times it. */
  @Benchmark
  public void dotProductKernel(Engine engine) {
    engine.backend().dotProductKernel(rho, series, result);
    engine.await();
  }

  /** By T_k(ρ) = cos(k arccos ρ). Clenshaw's rounding grows with the terms at the ends. */
  @Override
  protected void check(Engine engine) {
    dotProductKernel(engine);
    double[] correlations = engine.values(rho);
    Values.require(
        "a series",
        engine.values(result),
        i -> sum(correlations[i], i / samples),
        i -> 8 * (terms + 1) * engine.roundoff() * size(i / samples));
  }

  private double sum(double correlation, int column) {
    double sum = 0;
    for (int k = 0; k < terms; k++) {
      sum += coefficients[column * terms + k] * Math.cos(k * Math.acos(correlation));
    }
    return sum;
  }

  private double size(int column) {
    double size = 0;
    for (int k = 0; k < terms; k++) {
      size += Math.abs(coefficients[column * terms + k]);
    }
    return size;
  }
}
