package io.tangentflow.backend;

import io.tangentflow.TangentFlowException;
import java.util.ArrayList;
import java.util.List;

/**
 * A scope that owns matrices: what it allocates is freed when it closes. Inner scopes share the
 * outermost one's budget, so a piece of work can return its scratch memory early.
 */
public final class Workspace implements AutoCloseable {

  private final Backend backend;
  private final Budget budget;
  private final List<Matrix> owned = new ArrayList<>();
  private long bytes;
  private boolean closed;

  Workspace(Backend backend, String purpose, long budgetBytes) {
    this(backend, new Budget(purpose, budgetBytes));
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
   * A zeroed matrix.
   *
   * @throws TangentFlowException.OutOfMemory if it exceeds the budget or the device refuses
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
      long needed = budget.used;
      budget.giveBack(size);
      throw new TangentFlowException.OutOfMemory(
          budget.purpose
              + ", refused a "
              + rows
              + "x"
              + columns
              + " "
              + precision
              + " matrix by the backend ("
              + e.getMessage()
              + "),",
          needed,
          budget.limit);
    }
    owned.add(matrix);
    bytes += size;
    return matrix;
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

  @Override
  public void close() {
    closed = true;
    owned.forEach(backend::free);
    owned.clear();
    budget.giveBack(bytes);
    bytes = 0;
  }

  private static final class Budget {
    private final String purpose;
    private final long limit;
    private long used;
    private long peak;

    Budget(String purpose, long limit) {
      this.purpose = purpose;
      this.limit = limit;
    }

    void take(long size) {
      if (size > limit - used) {
        throw new TangentFlowException.OutOfMemory(purpose, used + size, limit);
      }
      used += size;
      peak = Math.max(peak, used);
    }

    void giveBack(long size) {
      used -= size;
    }
  }
}
