package io.tangentflow.backend.cpu;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendProvider;

/** The fast CPU backend: OpenBLAS products and Vector API passes, each with a slower stand-in. */
public final class CpuVectorProvider implements BackendProvider {

  private static final System.Logger LOG = System.getLogger(CpuVectorProvider.class.getName());

  @Override
  public String name() {
    return "cpu-vector";
  }

  @Override
  public int rank() {
    return 50;
  }

  @Override
  public Usability probe() {
    String products =
        OpenBlas.failure() == null
            ? "OpenBLAS (" + OpenBlas.version() + ")"
            : "pure-Java products, because " + OpenBlas.failure();
    VectorKernelsLookup lookup = VectorKernelsLookup.get();
    String passes =
        lookup.refusal() == null
            ? lookup.kernels().description()
            : lookup.kernels().description() + ", because " + lookup.refusal();
    return new Usability(true, products + "; " + passes);
  }

  @Override
  public Backend open(BackendOptions options) {
    options.requireHost(name());
    VectorKernelsLookup lookup = VectorKernelsLookup.get();
    lookup.warnOnce();
    Parallel parallel = new Parallel(options.threads());
    return new CpuBackend(
        name(), options.precision(), products(parallel), lookup.kernels(), parallel);
  }

  private static Products products(Parallel parallel) {
    if (OpenBlas.failure() == null) {
      return BlasProducts.openBlas(parallel);
    }
    LOG.log(
        System.Logger.Level.WARNING,
        OpenBlas.failure() + "; products are computed in Java, tens of times slower");
    return BlasProducts.pureJava(parallel);
  }
}
