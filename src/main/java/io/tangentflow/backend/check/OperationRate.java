package io.tangentflow.backend.check;

import io.tangentflow.TangentFlowException.CudaFailure;
import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.DotProductSeries;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Roofline;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How fast an operation is.
 *
 * @param name for people
 * @param seconds of one call, the least of several measurements
 * @param bytes that it has to move to and from memory
 * @param flops that it has to do; those of transcendental functions are not counted
 * @param limit which of a device's peaks it can come near
 */
public record OperationRate(String name, double seconds, double bytes, double flops, Limit limit) {

  /** What a device computes an operation with, beside moving its bytes. */
  public enum Limit {
    /** Arithmetic in the precision of the matrices. */
    ARITHMETIC,
    /** Products of matrices, on tensor cores where the precision has them. */
    PRODUCTS,
    /** Sums in FP64 whatever the precision. */
    FP64_SUMS,
    /** The bus between host and device, of which a device's memory and arithmetic say nothing. */
    BUS
  }

  private static final int MEASUREMENTS = 5;

  /** A measurement lasts at least so long, far above the resolution of the clock and a launch. */
  private static final double SHORTEST_SECONDS = 0.02;

  /** Of the memory, what the operands of the largest operation take. */
  private static final double SHARE_OF_MEMORY = 0.2;

  /** Of matrices: enough to fill a device, and to leave a processor's caches. */
  private static final int LARGEST_WIDTH_OF_DEVICE = 4096;

  private static final int LARGEST_WIDTH_OF_HOST = 2048;

  public double gigabytesPerSecond() {
    return bytes / seconds * 1e-9;
  }

  public double gigaflops() {
    return flops / seconds * 1e-9;
  }

  /**
   * Of memory's peak or of arithmetic's, whichever takes longer at its peak; empty where neither
   * bounds it.
   */
  public Optional<Double> fractionOf(Roofline peak, Precision precision) {
    double arithmetic =
        switch (limit) {
          case ARITHMETIC -> peak.gigaflops(precision);
          case PRODUCTS -> peak.gigaflopsOfProducts(precision);
          case FP64_SUMS -> peak.gigaflops(Precision.FP64);
          case BUS -> Double.NaN;
        };
    return limit == Limit.BUS
        ? Optional.empty()
        : Optional.of(
            Math.max(gigabytesPerSecond() / peak.gigabytesPerSecond(), gigaflops() / arithmetic));
  }

  /** Times every hot operation on matrices n×n of the largest useful n that fits. */
  public static List<OperationRate> measure(Backend backend, long budgetBytes) {
    int number = backend.precision().bytes();
    int largest = backend.sharesHostMemory() ? LARGEST_WIDTH_OF_HOST : LARGEST_WIDTH_OF_DEVICE;
    double share = SHARE_OF_MEMORY * budgetBytes / number / 8;
    int n = (int) Math.min(largest, Math.sqrt(share)) / 64 * 64;
    List<OperationRate> rates = new ArrayList<>();
    try (Workspace workspace = backend.workspace("the rates of operations", budgetBytes)) {
      Matrix[] m = new Matrix[6];
      for (int i = 0; i < m.length; i++) {
        m[i] = workspace.allocate(n, n);
        backend.gaussian(m[i], 1, i);
      }
      double entries = (double) n * n;
      double matrix = entries * number;
      Timer timer = new Timer(backend, m[5], rates);
      Transpose no = Transpose.NO;
      timer.time(
          "gemm " + n,
          3 * matrix,
          2 * entries * n,
          Limit.PRODUCTS,
          () -> backend.gemm(no, no, 1e-3, m[0], m[1], 0, m[2]));
      Matrix thin = m[1].columnRange(0, Math.min(n, 128));
      Matrix result = m[2].columnRange(0, thin.columns());
      timer.time(
          "gemm " + n + "×" + thin.columns(),
          matrix * (1 + 2.0 * thin.columns() / n),
          2 * entries * thin.columns(),
          Limit.PRODUCTS,
          () -> backend.gemm(no, no, 1e-3, m[0], thin, 0, result));
      timer.time(
          "syrk " + n, 2 * matrix, entries * n, Limit.PRODUCTS, () -> backend.syrk(m[0], m[2]));
      for (StandardActivation phi : StandardActivation.values()) {
        timer.time(
            "activate " + phi.label(),
            3 * matrix,
            0,
            Limit.ARITHMETIC,
            () -> backend.activate(phi, m[0], m[1], m[2]));
      }
      StandardActivation phi = StandardActivation.SOFTPLUS;
      List<Term> terms = List.of(new Term(1e-3, m[3]), new Term(1e-3, m[4]), new Term(1e-3, m[5]));
      timer.time(
          "stage, 3 terms",
          6 * matrix,
          6 * entries,
          Limit.ARITHMETIC,
          () -> backend.stage(phi, m[0], terms, m[1], m[2]));
      timer.time(
          "step, 3 terms",
          7 * matrix,
          6 * entries,
          Limit.ARITHMETIC,
          () -> backend.step(phi, m[0], terms, m[1], m[2]));
      // D = 1: by any other ν ← D ∘ ν would leave the normal numbers sooner or later.
      Matrix ones = m[0];
      DenseMatrix column = DenseMatrix.zeros(n, 1);
      Arrays.fill(column.values(), 1);
      for (int j = 0; j < n; j++) {
        backend.upload(column, ones.columnRange(j, 1));
      }
      List<Term> one = List.of(new Term(1e-3, m[5]));
      timer.time(
          "adjointStage, 1 term",
          6 * matrix,
          4 * entries,
          Limit.ARITHMETIC,
          () -> backend.adjointStage(ones, m[1], 1e-3, m[2], one, m[3]));
      timer.time(
          "adjointStep, 1 term",
          6 * matrix,
          5 * entries,
          Limit.ARITHMETIC,
          () -> backend.adjointStep(ones, m[1], one, m[2], 1e-3, m[3]));
      Matrix k = workspace.allocate(n / 4, n / 4, Precision.FP64);
      int block = n / 4;
      Matrix p = m[0].reshape(block, 4 * n).columnRange(0, 4 * block);
      Matrix r = m[1].reshape(block, 4 * n).columnRange(0, 4 * block);
      timer.time(
          "contract, 4 blocks",
          (8.0 * number + 16) * block * block,
          8.0 * block * block,
          Limit.FP64_SUMS,
          () -> backend.contract(p, r, k));
      timer.time("gaussian", matrix, 0, Limit.ARITHMETIC, () -> backend.gaussian(m[1], 1, 1));
      timer.time("copy", 2 * matrix, 0, Limit.ARITHMETIC, () -> backend.copy(m[0], m[1]));
      timer.time(
          "addScaled",
          3 * matrix,
          2 * entries,
          Limit.ARITHMETIC,
          () -> backend.addScaled(1e-9, m[0], m[1]));
      timer.time("dot", 2 * matrix, 2 * entries, Limit.FP64_SUMS, () -> backend.dot(m[0], m[1]));
      timer.time(
          "softmaxCrossEntropy",
          3 * matrix,
          12 * entries,
          Limit.FP64_SUMS,
          () -> backend.softmaxCrossEntropy(m[1], ones, m[2]));
      // g² = v = 1, which stays so.
      backend.copy(ones, m[2]);
      AdamStep adam = new AdamStep(1e-9, 0.9, 0.999, 1e-8, 1);
      timer.time(
          "adam",
          7 * matrix,
          13 * entries,
          Limit.ARITHMETIC,
          () -> backend.adam(adam, ones, m[1], m[2], m[3]));
      int seriesTerms = 40;
      Matrix right = workspace.allocate(seriesTerms, n);
      backend.gaussian(right, 1, 1);
      DotProductSeries series =
          new DotProductSeries(
              DotProductSeries.Argument.CORRELATION, ones.columnRange(0, 1), right);
      timer.time(
          "dotProductKernel, 40 terms",
          2 * matrix,
          5.0 * seriesTerms * entries,
          Limit.ARITHMETIC,
          () -> backend.dotProductKernel(ones, series, m[1]));
      Matrix part = m[1].columnRange(0, Math.max(1, n / 8));
      DenseMatrix host = backend.download(part);
      double partBytes = (double) n * part.columns() * number;
      timer.time("upload", partBytes, 0, Limit.BUS, () -> backend.upload(host, part));
      timer.time("download", partBytes, 0, Limit.BUS, () -> backend.download(part));
      Ensemble ensemble =
          new Ensemble(new NeuralOde(64, 128, phi), Ensemble.Method.RK4, 10, 1, 1024);
      Matrix x = workspace.allocate(64, 1);
      Matrix f = workspace.allocate(1, 1024);
      backend.upload(Parameters.gaussian(64, 1, 1, 0), x);
      double weights = 128.0 * (128 + 64 + 1);
      timer.time(
          "ensemble, 1024 networks of width 128",
          1024 * weights * number,
          1024 * 2 * 128.0 * (64 + 40 * 128 + 1),
          Limit.ARITHMETIC,
          () -> backend.ensemble(ensemble, x, f, workspace));
    }
    return rates;
  }

  /** Times calls that return before their work is done. */
  private record Timer(Backend backend, Matrix any, List<OperationRate> rates) {

    void time(String name, double bytes, double flops, Limit limit, Runnable operation) {
      try {
        rates.add(new OperationRate(name, seconds(operation), bytes, flops, limit));
      } catch (CudaFailure e) {
        throw e.during("the timing of " + name);
      }
    }

    /** Of one call. */
    private double seconds(Runnable operation) {
      operation.run();
      int calls = 1;
      double seconds = seconds(operation, calls);
      while (seconds < SHORTEST_SECONDS) {
        calls *= 4;
        seconds = seconds(operation, calls);
      }
      double least = seconds;
      for (int i = 1; i < MEASUREMENTS; i++) {
        least = Math.min(least, seconds(operation, calls));
      }
      return least / calls;
    }

    private double seconds(Runnable operation, int calls) {
      await();
      long start = System.nanoTime();
      for (int i = 0; i < calls; i++) {
        operation.run();
      }
      await();
      return (System.nanoTime() - start) * 1e-9;
    }

    /** An answer comes when all that was enqueued before has run. */
    private void await() {
      Matrix entry = any.columnRange(0, 1).rowRange(0, 1);
      backend.dot(entry, entry);
    }
  }
}
