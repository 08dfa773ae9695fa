package io.tangentflow.benchmarks.operation;

import static io.tangentflow.backend.Transpose.NO;
import static io.tangentflow.backend.Transpose.YES;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Transpose;
import io.tangentflow.benchmarks.Engine;
import io.tangentflow.benchmarks.EngineBenchmark;
import io.tangentflow.benchmarks.Rounding;
import io.tangentflow.benchmarks.Values;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The products of a solve with W, n×n, and N columns, and the square one that a rate is named by.
 */
@State(Scope.Benchmark)
public class GemmBenchmark extends EngineBenchmark {

  private static final double ALPHA = 0.5;

  /** n. */
  @Param({"256", "1024", "2048", "4096"})
  public int width;

  /** N. */
  @Param("100")
  public int samples;

  private Matrix w;
  private Matrix square;
  private Matrix squareResult;
  private Matrix columns;
  private Matrix result;

  @Override
  protected void prepare(Engine engine) {
    w = engine.normal(width, width);
    square = engine.normal(width, width);
    squareResult = engine.memory().allocate(width, width);
    columns = engine.normal(width, samples);
    result = engine.memory().allocate(width, samples);
  }

  /** C ← α W Φ. */
  @Benchmark
  public void forward(Engine engine) {
    engine.backend().gemm(NO, NO, ALPHA, w, columns, 0, result);
    engine.await();
  }

  /** C ← α Wᵀ A. */
  @Benchmark
  public void adjoint(Engine engine) {
    engine.backend().gemm(YES, NO, ALPHA, w, columns, 0, result);
    engine.await();
  }

  /** C ← α W B of two n×n matrices. */
  @Benchmark
  public void square(Engine engine) {
    engine.backend().gemm(NO, NO, ALPHA, w, square, 0, squareResult);
    engine.await();
  }

  @Override
  protected void check(Engine engine) {
    forward(engine);
    check(engine, "W Φ", NO, columns, result);
    adjoint(engine);
    check(engine, "Wᵀ A", YES, columns, result);
    square(engine);
    check(engine, "W B", NO, square, squareResult);
  }

  /** Entries in all corners and between, by their sums. */
  private void check(Engine engine, String what, Transpose transpose, Matrix b, Matrix c) {
    for (int at = 0; at < 8; at++) {
      int i = at * (c.rows() - 1) / 7;
      int j = (7 - at) * (c.columns() - 1) / 7;
      double[] row = engine.values(transpose == NO ? w.rowRange(i, 1) : w.columnRange(i, 1));
      double[] column = engine.values(b.columnRange(j, 1));
      double sum = 0;
      double size = 0;
      for (int l = 0; l < row.length; l++) {
        sum += ALPHA * row[l] * column[l];
        size += ALPHA * Math.abs(row[l] * column[l]);
      }
      double actual = engine.values(c.rowRange(i, 1).columnRange(j, 1))[0];
      Values.require(what, sum, actual, Rounding.ofSum(row.length, engine) * size);
    }
  }
}
