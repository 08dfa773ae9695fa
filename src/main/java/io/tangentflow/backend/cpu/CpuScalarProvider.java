package io.tangentflow.backend.cpu;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendProvider;
import io.tangentflow.backend.Precision;

/** The reference backend: plain loops in FP64 on one thread, with nothing native under them. */
public final class CpuScalarProvider implements BackendProvider {

  @Override
  public String name() {
    return "cpu-scalar";
  }

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public Usability probe() {
    return new Usability(true, "plain FP64 loops on one thread: the reference, slow");
  }

  @Override
  public Backend open(BackendOptions options) {
    options.requireHost(name());
    if (options.precision() != Precision.FP64) {
      throw new InvalidConfiguration(
          "--precision", "the reference backend " + name() + " computes in fp64 only");
    }
    return new CpuBackend(
        name(), Precision.FP64, new PlainProducts(), new ScalarKernels(), new Parallel(1));
  }
}
