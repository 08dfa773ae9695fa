package io.tangentflow.benchmarks.job;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Precision;
import io.tangentflow.benchmarks.Fp64Benchmark;
import io.tangentflow.benchmarks.Fp64Engine;
import io.tangentflow.benchmarks.Values;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import io.tangentflow.spectrum.ExtremeEigenvalues;
import io.tangentflow.spectrum.Search;
import io.tangentflow.spectrum.VerifiedEigenvalue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * The least and the greatest eigenvalue of a matrix in memory, verified, whose eigenvalues 1, ¼, …,
 * 1/N² fall like those of a kernel. LAPACK and OpenBLAS do it, on the threads of cpu-vector.
 */
@State(Scope.Benchmark)
public class ExtremeEigenvaluesBenchmark extends Fp64Benchmark {

  private static final Search SEARCH = new Search(1, 1, 1e-8, 10_000, 2, 64);

  /** N. */
  @Param({"500", "2000"})
  public int order;

  private DenseMatrix matrix;

  @Override
  protected void prepare(Fp64Engine engine) {
    if (!engine.backend().name().equals("cpu-vector")) {
      throw new InvalidConfiguration(
          "-p backend", "eigenvalues are those of cpu-vector's libraries, whatever else is asked");
    }
    matrix = rotated(order);
  }

  /** HDH with D = diag(1/k²) and the reflection H = I − 2vvᵀ/vᵀv of a normal v. */
  private static DenseMatrix rotated(int n) {
    double[] v = Parameters.gaussian(n, 1, 1, 50).values();
    double norm = 0;
    double mean = 0;
    for (int i = 0; i < n; i++) {
      norm += v[i] * v[i];
      mean += v[i] * v[i] * eigenvalue(i);
    }
    DenseMatrix m = DenseMatrix.zeros(n, n);
    for (int j = 0; j < n; j++) {
      for (int i = 0; i < n; i++) {
        double both = eigenvalue(i) + eigenvalue(j) - 2 * mean / norm;
        m.set(i, j, (i == j ? eigenvalue(i) : 0) - 2 / norm * v[i] * v[j] * both);
      }
    }
    return m;
  }

  private static double eigenvalue(int index) {
    return 1 / ((index + 1.0) * (index + 1.0));
  }

  /** Times it. */
  @Benchmark
  public ExtremeEigenvalues extremes() {
    return ExtremeEigenvalues.ofDense(matrix, SEARCH, products -> {});
  }

  /** Against those that it was made of; its entries are rounded some eight times. */
  @Override
  protected void check(Fp64Engine engine) {
    ExtremeEigenvalues found = extremes();
    if (!found.converged()) {
      throw new IllegalStateException("the search did not converge");
    }
    VerifiedEigenvalue least = found.verifiedLeast().orElseThrow();
    VerifiedEigenvalue greatest = found.verifiedGreatest().orElseThrow();
    double entries = 8 * Precision.FP64.unitRoundoff() * matrix.norm();
    // A bound as large as the eigenvalue would tell nothing.
    Values.require("the bound of λ_min", 0, least.bound(), eigenvalue(order - 1) / 2);
    Values.require("λ_min", eigenvalue(order - 1), least.value(), least.bound() + entries);
    Values.require("λ_max", eigenvalue(0), greatest.value(), greatest.bound() + entries);
  }
}
