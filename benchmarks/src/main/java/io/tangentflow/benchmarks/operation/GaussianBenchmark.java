package io.tangentflow.benchmarks.operation;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.model.Philox;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Normal numbers by Philox: W of a network, at n = 256 and 2048. */
@State(Scope.Benchmark)
public class GaussianBenchmark extends EngineBenchmark {

  private static final long SEED = 0x123456789abcL;
  private static final int STREAM = 3;

  /** How many. */
  @Param({"65536", "4194304"})
  public int entries;

  private Matrix target;

  @Override
  protected void prepare(Engine engine) {
    target = engine.memory().allocate(entries, 1);
  }

  /** Times it. */
  @Benchmark
  public void gaussian(Engine engine) {
    engine.backend().gaussian(target, SEED, STREAM);
    engine.await();
  }

  /**
   * By the generator's scalar code, to within two ulp of FP64 for another library's logarithm, sine
   * and cosine, then one rounding.
   */
  @Override
  protected void check(Engine engine) {
    engine.set(target, new double[entries]);
    gaussian(engine);
    double fp64 = 4 * Precision.FP64.unitRoundoff();
    double relative = engine.backend().precision().single() ? engine.roundoff() + fp64 : fp64;
    Values.require(
        "a normal number",
        engine.values(target),
        GaussianBenchmark::number,
        i -> relative * Math.max(1, Math.abs(number(i))));
  }

  private static double number(int index) {
    double[] number = new double[1];
    Philox.gaussian(SEED, STREAM, index, 1, (i, z) -> number[i] = z);
    return number[0];
  }
}
