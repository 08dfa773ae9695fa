package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;

/**
 * A product of large square matrices, C ← A B, whose rate other work is set beside: SGEMM in FP32,
 * DGEMM in FP64.
 */
public final class LargeProduct {

  private static final int GREATEST_ORDER_OF_HOST = 2048;
  private static final int GREATEST_ORDER_OF_DEVICE = 4096;
  private static final int SMALLEST_ORDER = 256;

  /** A product that lasts longer than this is large enough. */
  private static final double LONGEST_SECONDS = 1;

  private final Backend backend;
  private final Precision precision;
  private final long budgetBytes;
  private final int order;

  /**
   * The largest useful product that fits and does not last longer than about a second.
   *
   * @param precision of the matrices
   */
  public LargeProduct(Backend backend, Precision precision, long budgetBytes) {
    this.backend = backend;
    this.precision = precision;
    this.budgetBytes = budgetBytes;
    int greatest = backend.sharesHostMemory() ? GREATEST_ORDER_OF_HOST : GREATEST_ORDER_OF_DEVICE;
    int n = SMALLEST_ORDER;
    while (n > 1 && bytes(n) > budgetBytes) {
      n /= 2;
    }
    while (2 * n <= greatest && bytes(2 * n) <= budgetBytes && 8 * seconds(n) <= LONGEST_SECONDS) {
      n *= 2;
    }
    order = n;
  }

  private long bytes(int n) {
    return 3L * n * n * precision.bytes();
  }

  /** n of the matrices n×n. */
  public int order() {
    return order;
  }

  /** Measures: 2n³ FLOPs over the best of several times, in GFLOP/s. */
  public double gigaflops() {
    return 2.0 * order * order * order / seconds(order) * 1e-9;
  }

  private double seconds(int n) {
    try (Workspace workspace = backend.workspace("a product of order " + n, budgetBytes);
        Stopwatch watch = new Stopwatch(backend)) {
      Matrix a = workspace.allocate(n, n, precision);
      Matrix b = workspace.allocate(n, n, precision);
      Matrix c = workspace.allocate(n, n, precision);
      backend.gaussian(a, 1, 0);
      backend.gaussian(b, 1, 1);
      return watch.secondsOfCall(() -> backend.gemm(Transpose.NO, Transpose.NO, 1, a, b, 0, c));
    }
  }
}
