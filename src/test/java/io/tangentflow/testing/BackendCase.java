package io.tangentflow.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendProvider;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import java.util.ArrayList;
import java.util.List;

/**
 * A usable backend in one precision and with a number of threads; tests run over {@link #all}. The
 * emulated CUDA device has a JVM of its own, begun with {@code -Dtangentflow.emulated=true}, in
 * which it is the only case.
 */
public record BackendCase(String name, Precision precision, int threads) {

  /** The precisions that every backend but the reference offers. */
  public static final List<Precision> PRECISIONS = List.of(Precision.FP32, Precision.FP64);

  /** Every usable backend in FP32 and FP64, on one thread and on two; the reference in FP64. */
  public static List<BackendCase> all() {
    if (Boolean.getBoolean("tangentflow.emulated")) {
      return PRECISIONS.stream().map(precision -> new BackendCase("cuda", precision, 1)).toList();
    }
    List<BackendCase> cases = new ArrayList<>();
    for (BackendProvider provider : Backends.providers()) {
      if (provider.name().equals("cpu-scalar")) {
        cases.add(new BackendCase(provider.name(), Precision.FP64, 1));
      } else if (provider.probe().usable()) {
        for (Precision precision : PRECISIONS) {
          cases.add(new BackendCase(provider.name(), precision, 1));
          cases.add(new BackendCase(provider.name(), precision, 2));
        }
      }
    }
    return cases;
  }

  /** Skips the test, with the reason, where the emulator cannot be had. */
  public void require() {
    if (name.equals("cuda")) {
      assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    }
  }

  /** Opens it; where the emulator cannot be had the test is skipped with the reason. */
  public Backend open() {
    require();
    return Backends.open(name, new BackendOptions(precision, threads));
  }

  /** The agreement that short computations of this engine reach: 1e-11 in FP64, 1e-4 in FP32. */
  public double tolerance() {
    return precision == Precision.FP64 ? 1e-11 : 1e-4;
  }
}
