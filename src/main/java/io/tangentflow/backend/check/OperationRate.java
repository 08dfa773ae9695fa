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
import java.util.OptionalDouble;
import java.util.function.Consumer;

/**
 * How fast an operation is.
 *
 * @param name for people
 * @param seconds of one call, the least of several measurements
 * @param bytes that it has to move to and from memory
 * @param flops that it has to do; those of transcendental functions are not counted
 * @param limit which of a device's peaks it can come near
 * @param entries of an elementwise pass; 0 for what is none
 */
public record OperationRate(
    String name, double seconds, double bytes, double flops, Limit limit, long entries) {

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

  /** Of the memory, what the operands of the largest operation take. */
  private static final double SHARE_OF_MEMORY = 0.2;

  /** Of matrices: enough to fill a device, and to leave a processor's caches. */
  private static final int LARGEST_WIDTH_OF_DEVICE = 4096;

  private static final int LARGEST_WIDTH_OF_HOST = 2048;

  /** Beyond it the matrices are longer than a Java array. */
  private static final int GREATEST_WIDTH = 32768;

  /** How many operations are timed. */
  public static final int OPERATIONS = StandardActivation.values().length + 18;

  /** Bytes moved in a second, in 10⁹. */
  public double gigabytesPerSecond() {
    return bytes / seconds * 1e-9;
  }

  /** FLOPs in a second, in 10⁹. */
  public double gigaflops() {
    return flops / seconds * 1e-9;
  }

  /**
   * Of memory's peak or of arithmetic's, whichever takes longer at its peak; empty where neither
   * bounds it.
   */
  public Optional<Double> fractionOf(Roofline peak, Precision precision) {
    return limit == Limit.BUS
        ? Optional.empty()
        : Optional.of(Math.max(ofMemory(peak), ofArithmetic(peak, precision)));
  }

  /** Whether at these peaks memory bounds it, and not arithmetic. */
  public boolean boundByMemory(Roofline peak, Precision precision) {
    return limit != Limit.BUS && ofMemory(peak) > ofArithmetic(peak, precision);
  }

  private double ofMemory(Roofline peak) {
    return gigabytesPerSecond() / peak.gigabytesPerSecond();
  }

  private double ofArithmetic(Roofline peak, Precision precision) {
    return gigaflops()
        / switch (limit) {
          case ARITHMETIC -> peak.gigaflops(precision);
          case PRODUCTS -> peak.gigaflopsOfProducts(precision);
          case FP64_SUMS -> peak.gigaflops(Precision.FP64);
          case BUS -> Double.NaN;
        };
  }

  /** What an entry takes a thread of so many; empty for what is no elementwise pass. */
  public OptionalDouble nanosecondsPerEntry(int threads) {
    return entries == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(1e9 * seconds * threads / entries);
  }

  /** The largest useful n whose matrices fit. */
  public static int width(Backend backend, long budgetBytes) {
    int largest = backend.sharesHostMemory() ? LARGEST_WIDTH_OF_HOST : LARGEST_WIDTH_OF_DEVICE;
    return Math.min(largest, greatestWidth(backend, budgetBytes));
  }

  /** The greatest n whose matrices fit. */
  public static int greatestWidth(Backend backend, long budgetBytes) {
    double share = SHARE_OF_MEMORY * budgetBytes / backend.precision().bytes() / 8;
    return (int) Math.min(GREATEST_WIDTH, Math.sqrt(share)) / 64 * 64;
  }

  /** Times every hot operation on matrices n×n of the largest useful n that fits. */
  public static List<OperationRate> measure(Backend backend, long budgetBytes) {
    return measure(backend, budgetBytes, width(backend, budgetBytes), name -> {});
  }

  /**
   * The same of that width.
   *
   * @param n a multiple of 64
   * @param progress hears of each operation before it is timed
   */
  public static List<OperationRate> measure(
      Backend backend, long budgetBytes, int n, Consumer<String> progress) {
    int number = backend.precision().bytes();
    List<OperationRate> rates = new ArrayList<>();
    try (Workspace workspace = backend.workspace("the rates of operations", budgetBytes);
        Stopwatch watch = new Stopwatch(backend)) {
      Matrix[] m = new Matrix[6];
      for (int i = 0; i < m.length; i++) {
        m[i] = workspace.allocate(n, n);
        backend.gaussian(m[i], 1, i);
      }
      double entries = (double) n * n;
      double matrix = entries * number;
      Timer timer = new Timer(watch, entries, rates, progress);
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
        timer.pass(
            "activate " + phi.label(),
            3 * matrix,
            0,
            Limit.ARITHMETIC,
            () -> backend.activate(phi, m[0], m[1], m[2]));
      }
      StandardActivation phi = StandardActivation.SOFTPLUS;
      List<Term> terms = List.of(new Term(1e-3, m[3]), new Term(1e-3, m[4]), new Term(1e-3, m[5]));
      timer.pass(
          "stage, 3 terms",
          6 * matrix,
          6 * entries,
          Limit.ARITHMETIC,
          () -> backend.stage(phi, m[0], terms, m[1], m[2]));
      timer.pass(
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
      timer.pass(
          "adjointStage, 1 term",
          6 * matrix,
          4 * entries,
          Limit.ARITHMETIC,
          () -> backend.adjointStage(ones, m[1], 1e-3, m[2], one, m[3]));
      timer.pass(
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
      timer.pass("gaussian", matrix, 0, Limit.ARITHMETIC, () -> backend.gaussian(m[1], 1, 1));
      timer.pass("copy", 2 * matrix, 0, Limit.ARITHMETIC, () -> backend.copy(m[0], m[1]));
      timer.pass(
          "addScaled",
          3 * matrix,
          2 * entries,
          Limit.ARITHMETIC,
          () -> backend.addScaled(1e-9, m[0], m[1]));
      timer.pass("dot", 2 * matrix, 2 * entries, Limit.FP64_SUMS, () -> backend.dot(m[0], m[1]));
      timer.pass(
          "softmaxCrossEntropy",
          3 * matrix,
          12 * entries,
          Limit.FP64_SUMS,
          () -> backend.softmaxCrossEntropy(m[1], ones, m[2]));
      // g² = v = 1, which stays so.
      backend.copy(ones, m[2]);
      AdamStep adam = new AdamStep(1e-9, 0.9, 0.999, 1e-8, 1);
      timer.pass(
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
      timer.pass(
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

  /**
   * Adds what it times to the rates.
   *
   * @param entries of the matrices of elementwise passes
   */
  private record Timer(
      Stopwatch watch, double entries, List<OperationRate> rates, Consumer<String> progress) {

    /** An elementwise pass over whole matrices. */
    void pass(String name, double bytes, double flops, Limit limit, Runnable operation) {
      time(name, bytes, flops, limit, operation, (long) entries);
    }

    void time(String name, double bytes, double flops, Limit limit, Runnable operation) {
      time(name, bytes, flops, limit, operation, 0);
    }

    private void time(
        String name, double bytes, double flops, Limit limit, Runnable operation, long passed) {
      progress.accept(name);
      try {
        double seconds = watch.secondsOfCall(operation);
        rates.add(new OperationRate(name, seconds, bytes, flops, limit, passed));
      } catch (CudaFailure e) {
        throw e.during("the timing of " + name);
      }
    }
  }
}
