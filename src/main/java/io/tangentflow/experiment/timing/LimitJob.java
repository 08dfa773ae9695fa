package io.tangentflow.experiment.timing;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.check.PeakMemory;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.kernel.limit.LimitTiles;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.DenseMatrix;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ForkJoinPool;

/**
 * The limiting NNGP and NTK Gram matrices of N random inputs on the sphere ‖x‖² = d: the table of
 * the kernels in the correlation, then a product and an evaluation for each entry.
 */
public final class LimitJob implements TimedJob {

  private final LimitingKernel kernel;
  private final DenseMatrix inputs;
  private final Backend backend;
  private final long budgetBytes;
  private final ForkJoinPool pool;
  private LimitTiles tiles;
  private LimitGram gram;

  /**
   * Prepares it.
   *
   * @param kernel for inputs of that dimension
   * @param backend of FP64
   * @param threads that make the table
   */
  public LimitJob(
      LimitingKernel kernel,
      int dimension,
      int samples,
      Backend backend,
      long budgetBytes,
      int threads) {
    this.kernel = kernel;
    this.backend = backend;
    this.budgetBytes = budgetBytes;
    inputs = onSphere(TimedJob.inputs(dimension, samples));
    pool = new ForkJoinPool(threads);
  }

  private static DenseMatrix onSphere(DenseMatrix x) {
    int d = x.rows();
    for (int j = 0; j < x.columns(); j++) {
      double square = 0;
      for (int i = 0; i < d; i++) {
        square += x.get(i, j) * x.get(i, j);
      }
      for (int i = 0; i < d; i++) {
        x.set(i, j, x.get(i, j) * Math.sqrt(d / square));
      }
    }
    return x;
  }

  @Override
  public void run() {
    makeTable();
    evaluate();
  }

  private void makeTable() {
    tiles = kernel.tiles(inputs, pool);
  }

  private void evaluate() {
    gram = tiles.gram(backend, budgetBytes, pairs -> {});
  }

  /** Of the last run. */
  public LimitGram gram() {
    return gram;
  }

  /** d×N. */
  public DenseMatrix inputs() {
    return inputs;
  }

  /** Those of a table are not known, as its iterations end where they have converged. */
  @Override
  public OptionalDouble flops() {
    return OptionalDouble.empty();
  }

  /** By one more evaluation; a table is made in the heap. */
  @Override
  public long peakBytes() {
    return PeakMemory.bytes(backend, counted -> tiles.gram(counted, budgetBytes, pairs -> {}));
  }

  @Override
  public Map<String, Runnable> parts() {
    Map<String, Runnable> parts = new LinkedHashMap<>();
    parts.put("tableSeconds", this::makeTable);
    parts.put("gramSeconds", this::evaluate);
    return parts;
  }

  @Override
  public void close() {
    pool.shutdown();
  }
}
