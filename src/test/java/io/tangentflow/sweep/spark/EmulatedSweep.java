package io.tangentflow.sweep.spark;

import io.tangentflow.sweep.Seat;
import io.tangentflow.sweep.Sweep;
import io.tangentflow.sweep.Worker;
import io.tangentflow.sweep.WorkerProvider;
import io.tangentflow.sweep.Workload;
import io.tangentflow.testing.CudaEmulator;

/** Sweeps in processes that have the emulation of a CUDA driver. */
public final class EmulatedSweep implements WorkerProvider {

  private static final String KIND = "emulated sweep";

  /** The same units of work, for such a process. */
  static Workload of(Workload sweep) {
    return new Workload(KIND, sweep.identity(), sweep.setting());
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public Worker open(Workload workload, Seat seat) {
    if (!CudaEmulator.available()) {
      throw new IllegalStateException(CudaEmulator.reason());
    }
    return new Workload(Sweep.KIND, workload.identity(), workload.setting()).open(seat);
  }
}
