package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.model.DenseMatrix;

/**
 * A scope that owns matrices: what it allocates is freed when it closes. Inner scopes share the
 * outermost one's budget, so a piece of work can return its scratch memory early.
 */
public final class Workspace implements AutoCloseable {

  private final Backend backend;
  private final Budget budget;
  private final Releases owned = new Releases();
  private long bytes;
  private boolean closed;

  Workspace(Backend backend, String purpose, long budgetBytes) {
    this(backend, new Budget(purpose, budgetBytes, backend.sharesHostMemory()));
  }

  private Workspace(Backend backend, Budget budget) {
    this.backend = backend;
    this.budget = budget;
  }

  /** The backend that the matrices live on. */
  public Backend backend() {
    return backend;
  }

  /** A zeroed matrix in the backend's precision. */
  public Matrix allocate(int rows, int columns) {
    return allocate(rows, columns, backend.precision());
  }

  /**
   * A matrix of these values, rounded to the backend's precision; it lives as long as the scope.
   */
  public Matrix upload(DenseMatrix values) {
    Matrix matrix = allocate(values.rows(), values.columns());
    backend().upload(values, matrix);
    return matrix;
  }

  /**
   * A zeroed matrix.
   *
   * @throws OutOfMemory if it exceeds the budget or the device refuses
   */
  public Matrix allocate(int rows, int columns, Precision precision) {
    if (closed) {
      throw new IllegalStateException("the workspace of " + budget.purpose + " is closed");
    }
    if (rows < 0 || columns < 0) {
      throw new IllegalArgumentException("there is no matrix of " + rows + "x" + columns);
    }
    long size = Math.multiplyExact((long) rows * columns, (long) precision.bytes());
    budget.take(size);
    Matrix matrix;
    try {
      matrix = backend.allocate(rows, columns, precision);
    } catch (OutOfMemoryError e) {
      throw refused(rows, columns, precision, OutOfMemory.ofHeap("the JVM", e));
    } catch (OutOfMemory e) {
      throw refused(rows, columns, precision, e);
    }
    owned.add(() -> backend.free(matrix));
    bytes += size;
    return matrix;
  }

  /** The budget had room for the matrix, and the memory has none. */
  private OutOfMemory refused(int rows, int columns, Precision precision, OutOfMemory cause) {
    budget.giveBack((long) rows * columns * precision.bytes());
    return cause.during(
        String.format(
            "%s, which has room in its budget for a %dx%d %s matrix",
            budget.purpose, rows, columns, precision));
  }

  /** An inner scope with the same budget, to be closed before this one. */
  public Workspace scope() {
    return new Workspace(backend, budget);
  }

  /** Bytes that can still be allocated. */
  public long remainingBytes() {
    return budget.limit - budget.used;
  }

  /** The most bytes that were allocated at one time, over all scopes of this budget. */
  public long peakBytes() {
    return budget.peak;
  }

  /** Frees all that it owns, also where the backend fails to free one of them. */
  @Override
  public void close() {
    closed = true;
    try {
      owned.close();
    } finally {
      budget.giveBack(bytes);
      bytes = 0;
    }
  }

  private static final class Budget {
    private final String purpose;
    private final long limit;
    private final boolean inHeap;
    private long used;
    private long peak;

    Budget(String purpose, long limit, boolean inHeap) {
      this.inHeap = inHeap;
      this.purpose = purpose;
      this.limit = limit;
    }

    void take(long size) {
      if (size > limit - used) {
        throw refusal(purpose, used + size);
      }
      used += size;
      peak = Math.max(peak, used);
    }

    OutOfMemory refusal(String plan, long needed) {
      return inHeap
          ? new OutOfMemory(plan, needed, limit)
          : OutOfMemory.ofDevice(plan, needed, limit);
    }

    void giveBack(long size) {
      used -= size;
    }
  }
}
