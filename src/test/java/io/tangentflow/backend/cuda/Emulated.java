package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.Parameters;
import io.tangentflow.testing.CudaEmulator;
import jcuda.driver.JCudaDriver;

/** The emulated device, for tests of what no other backend has. */
final class Emulated {

  private Emulated() {}

  /** Opens it; where the emulator cannot be had the test is skipped with the reason. */
  static Backend open(Precision precision) {
    return open(precision, GaussianSource.PHILOX);
  }

  static Backend open(Precision precision, GaussianSource gaussians) {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    CudaEmulator.reset();
    return Backends.open("cuda", new BackendOptions(precision, 1, 0, gaussians));
  }

  /** A matrix of normal numbers in the backend's precision. */
  static Matrix normal(int rows, int columns, int stream, Workspace workspace) {
    Matrix matrix = workspace.allocate(rows, columns);
    workspace.backend().upload(Parameters.gaussian(rows, columns, 5, stream), matrix);
    return matrix;
  }

  /** Waits until everything that was enqueued has run. */
  static void await() {
    Driver.check(JCudaDriver.cuCtxSynchronize(), "cuCtxSynchronize");
  }

  /** Waits, and forgets what was counted. */
  static void settle() {
    await();
    CudaEmulator.reset();
  }
}
