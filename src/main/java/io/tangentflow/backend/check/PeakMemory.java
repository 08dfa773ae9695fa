package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import java.util.function.Consumer;

/** The most memory of a backend that a computation holds at one time, over all its workspaces. */
public final class PeakMemory {

  private long held;
  private long peak;

  private PeakMemory() {}

  /**
   * Does the work once.
   *
   * @param work on the backend that it is given; what it allocates it frees
   */
  public static long bytes(Backend backend, Consumer<Backend> work) {
    PeakMemory memory = new PeakMemory();
    work.accept(ObservedBackend.of(backend, memory::count));
    return memory.peak;
  }

  private Object count(String operation, Object[] arguments, ObservedBackend.Call call)
      throws Throwable {
    Object result = call.make();
    if (operation.equals("allocate")) {
      held += bytes((Matrix) result);
      peak = Math.max(peak, held);
    } else if (operation.equals("free")) {
      held -= bytes((Matrix) arguments[0]);
    }
    return result;
  }

  private static long bytes(Matrix matrix) {
    return (long) matrix.rows() * matrix.columns() * matrix.precision().bytes();
  }
}
