package io.tangentflow.sweep;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.PrecisionCheck;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.TimeGrid;

/** What workers share that compute kernels on the inputs of their run. */
abstract class KernelWorker implements Worker {

  /** Where it sits. */
  final Seat seat;

  /** Its own. */
  final Backend backend;

  /** For one unit. */
  final MemoryBudget budget;

  private final int threads;
  private DenseMatrix inputs;

  /**
   * Opens a backend.
   *
   * @param name of the backend, or {@code auto}
   * @param memory as {@code --memory} takes it; null for what is free
   * @param settled the budget that every process plans with; null for its own
   */
  KernelWorker(
      Seat seat, String name, BackendOptions options, String memory, MemoryBudget settled) {
    this.seat = seat;
    threads = options.threads();
    backend = Backends.open(seat.backend(name), options);
    try {
      budget = settled == null ? MemoryBudget.asked(backend, memory) : settled;
    } catch (RuntimeException | Error e) {
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

  /**
   * The relative Frobenius difference of a network's Gram matrix from FP64, on its first samples.
   * Null where W fits into memory in FP32 only; reports say so.
   */
  final Double differenceFromFp64(
      NeuralOde model, TimeGrid grid, Parameters parameters, DenseMatrix gram) {
    try {
      return PrecisionCheck.relativeDifference(
          samples ->
              new EmpiricalNtk(
                  model,
                  grid,
                  GramPlan.of(
                      GramStrategy.STRUCTURED, model, grid, samples, Precision.FP64, budget)),
          parameters,
          inputs(),
          gram,
          seat.backend(backend.name()),
          threads);
    } catch (OutOfMemory e) {
      return null;
    }
  }

  @Override
  public void close() {
    backend.close();
  }
}
