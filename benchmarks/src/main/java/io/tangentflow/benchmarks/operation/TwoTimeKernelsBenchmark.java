package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.TwoTimeEquations;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Values;
import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The limiting kernels of a batch of pairs of inputs, of φ = sin at M steps of Euler's method with
 * variance one throughout, by Hermite series.
 */
@State(Scope.Benchmark)
public class TwoTimeKernelsBenchmark extends EngineBenchmark {

  private static final int TERMS = 24;
  private static final int ITERATIONS = 100;

  /** Of all. */
  @Param({"400", "5000"})
  public int pairs;

  /** M. */
  @Param("10")
  public int times;

  private double kappa;
  private double[] starts;
  private TwoTimeEquations equations;
  private Matrix result;

  @Override
  protected void prepare(Engine engine) {
    kappa = 0.5 / times / times;
    Matrix fromStart = engine.memory().allocate(times, times);
    Matrix toEnd = engine.memory().allocate(times, times);
    engine.set(fromStart, triangle(true));
    engine.set(toEnd, triangle(false));
    Matrix start = engine.memory().allocate(1, pairs);
    double[] covariances = new double[pairs];
    for (int pair = 0; pair < pairs; pair++) {
      covariances[pair] = 0.7 * Math.cos(pair + 1);
    }
    engine.set(start, covariances);
    starts = engine.values(start);
    equations =
        new TwoTimeEquations(
            TwoTimeEquations.Dual.HERMITE,
            fromStart,
            toEnd,
            filled(engine, times, 1),
            kappa,
            1.5,
            ITERATIONS,
            series(engine, 1),
            series(engine, 0),
            filled(engine, times + 1, 1),
            new int[pairs],
            new int[pairs],
            start);
    result = engine.memory().allocate(3, pairs);
  }

  private static Matrix filled(Engine engine, int rows, int columns) {
    Matrix ones = engine.memory().allocate(rows, columns);
    double[] values = new double[rows * columns];
    Arrays.fill(values, 1);
    engine.set(ones, values);
    return ones;
  }

  /** A_ij = 1 for j &lt; i, or B_ij = 1 for j &gt; i. */
  private double[] triangle(boolean below) {
    double[] triangle = new double[times * times];
    for (int j = 0; j < times; j++) {
      for (int i = 0; i < times; i++) {
        triangle[j * times + i] = (below ? j < i : j > i) ? 1 : 0;
      }
    }
    return triangle;
  }

  /** The coefficients ±e^(−½)/√k! of sin, k odd, or of cos, k even, at all times. */
  private Matrix series(Engine engine, int parity) {
    double[] coefficients = new double[TERMS * (times + 1)];
    double term = Math.exp(-0.5);
    for (int k = 0; k < TERMS; k++) {
      for (int time = 0; time <= times; time++) {
        coefficients[time * TERMS + k] = k % 2 != parity ? 0 : k / 2 % 2 == 0 ? term : -term;
      }
      term /= Math.sqrt(k + 1);
    }
    Matrix series = engine.memory().allocate(TERMS, times + 1);
    engine.set(series, coefficients);
    return series;
  }

  /** Times it. */
  @Benchmark
  public void twoTimeKernels(Engine engine) {
    engine.backend().twoTimeKernels(equations, result, engine.memory());
    engine.await();
  }

  /**
   * By the recursions over steps, with E[sin u sin ū] = e⁻¹ sinh S and E[cos u cos ū] = e⁻¹ cosh S.
   * The maps contract by a half, and round as a few sums of M numbers.
   */
  @Override
  protected void check(Engine engine) {
    twoTimeKernels(engine);
    double[] kernels = engine.values(result);
    double bound = 256 * engine.roundoff();
    for (int pair = 0; pair < pairs; pair += 1 + pairs / 50) {
      double[] expected = kernels(starts[pair]);
      Values.require("NNGP", expected[0], kernels[3 * pair], bound);
      Values.require("NTK", expected[1], kernels[3 * pair + 1], bound);
    }
  }

  /**
   * S^ℓk = c + κ Σ_(i&lt;ℓ, j&lt;k) E, Θ^ℓk = θ + κ Σ_(i≥ℓ, j≥k) ĖΘ^(i+1,j+1), and what they make.
   */
  private double[] kernels(double c) {
    int end = times;
    double[][] s = new double[end + 1][end + 1];
    for (int l = 0; l <= end; l++) {
      for (int k = 0; k <= end; k++) {
        s[l][k] =
            l == 0 || k == 0
                ? c
                : s[l - 1][k] + s[l][k - 1] - s[l - 1][k - 1] + kappa * value(s[l - 1][k - 1]);
      }
    }
    double nngp = 1.5 * value(s[end][end]);
    double theta = 1.5 * slope(s[end][end]);
    double[][] above = new double[end + 2][end + 2];
    double ntk = nngp;
    for (int l = end; l >= 0; l--) {
      for (int k = end; k >= 0; k--) {
        above[l][k] =
            l == end || k == end
                ? theta
                : above[l + 1][k]
                    + above[l][k + 1]
                    - above[l + 1][k + 1]
                    + kappa * slope(s[l][k]) * above[l + 1][k + 1];
        ntk += l == end || k == end ? 0 : kappa * value(s[l][k]) * above[l + 1][k + 1];
      }
    }
    return new double[] {nngp, ntk + c * above[0][0]};
  }

  private static double value(double covariance) {
    return Math.exp(-1) * Math.sinh(covariance);
  }

  private static double slope(double covariance) {
    return Math.exp(-1) * Math.cosh(covariance);
  }
}
