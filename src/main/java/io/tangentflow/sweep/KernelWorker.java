package io.tangentflow.sweep;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;

/** What workers share that compute kernels on the inputs of their run. */
abstract class KernelWorker implements Worker {

  /** Where it sits. */
  final Seat seat;

  /** Its own. */
  final Backend backend;

  /** For one unit. */
  final MemoryBudget budget;

  private DenseMatrix inputs;

  /**
   * Opens a backend.
   *
   * @param name of the backend, or {@code auto}
   * @param memory as {@code --memory} takes it; null for what is free
   */
  KernelWorker(Seat seat, String name, BackendOptions options, String memory) {
    this.seat = seat;
    backend = Backends.open(seat.backend(name), options);
    try {
      budget = MemoryBudget.asked(backend, memory);
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
  }

  @Override
  public Preparation prepare() {
    return seat.prepared(backend, budget);
  }

  /** x, d×N, as the driver has written it. Not to be modified. */
  final DenseMatrix inputs() {
    if (inputs == null) {
      inputs = matrix(Sweep.INPUTS).transpose();
    }
    return inputs;
  }

  /** A matrix of the exchange. */
  final DenseMatrix matrix(String file) {
    return Npy.readFinite(
        seat.exchange()
            .find(file)
            .orElseThrow(() -> new IllegalStateException(file + " was not written before")));
  }

  @Override
  public void close() {
    backend.close();
  }
}
