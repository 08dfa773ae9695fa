package io.tangentflow.backend.cuda;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.TwoTimeEquations;
import io.tangentflow.backend.Workspace;

/** Limiting kernels of a batch of pairs, one block of threads for each pair at a time. */
final class TwoTimeLaunch {

  private static final int THREADS = 128;

  private final CudaBackend backend;

  TwoTimeLaunch(CudaBackend backend) {
    this.backend = backend;
  }

  void run(TwoTimeEquations equations, CudaMatrix result, Workspace scratch) {
    Precision precision = result.precision();
    if (equations.pairs() == 0) {
      return;
    }
    int times = equations.times();
    int shared = sharedBytes(times, precision);
    if (shared > backend.device().sharedBytesPerBlock()) {
      throw new InvalidConfiguration(
          "--backend",
          String.format(
              "limiting kernels at %d times need %d bytes of shared memory on cuda, which has %d;"
                  + " use fewer times or a CPU backend",
              times, shared, backend.device().sharedBytesPerBlock()));
    }
    String name = "two_time" + Kernels.suffix(precision);
    int blocks = Math.min(equations.pairs(), backend.residentBlocks(name, THREADS, shared));
    boolean series = equations.dual() == TwoTimeEquations.Dual.HERMITE;
    // A closed form reads no coefficients, but its parameters must point somewhere.
    CudaMatrix values = (CudaMatrix) (series ? equations.values() : equations.weights());
    CudaMatrix derivatives = (CudaMatrix) (series ? equations.derivatives() : equations.weights());
    try (Workspace scope = scratch.scope()) {
      CudaMatrix first = backend.place(equations.first(), scope);
      CudaMatrix second = backend.place(equations.second(), scope);
      backend
          .begin()
          .integer(series ? 0 : 1)
          .integer(times)
          .integer(series ? values.rows() : 0)
          .matrix((CudaMatrix) equations.fromStart())
          .matrix((CudaMatrix) equations.toEnd())
          .matrix((CudaMatrix) equations.weights())
          .scalar(equations.kappa(), precision)
          .scalar(equations.sigmaVSquared(), precision)
          .integer(equations.iterations())
          .matrix(values)
          .matrix(derivatives)
          .matrix((CudaMatrix) equations.deviations())
          .size(equations.pairs())
          .matrix(first)
          .matrix(second)
          .matrix((CudaMatrix) equations.starts())
          .matrix(result);
      backend.run(name, blocks, THREADS, shared);
    }
  }

  /** Dynamic shared memory of the kernel: four matrices. */
  private static int sharedBytes(int times, Precision precision) {
    return 4 * times * times * precision.bytes();
  }
}
