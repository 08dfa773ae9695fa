package io.tangentflow.testing;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendProvider;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import java.util.ArrayList;
import java.util.List;

/** A usable backend in one precision and with a number of threads; tests run over {@link #all}. */
public record BackendCase(String name, Precision precision, int threads) {

  /** Every usable backend in every precision that it offers, on one thread and on two. */
  public static List<BackendCase> all() {
    List<BackendCase> cases = new ArrayList<>();
    for (BackendProvider provider : Backends.providers()) {
      if (provider.name().equals("cpu-scalar")) {
        cases.add(new BackendCase(provider.name(), Precision.FP64, 1));
      } else if (provider.probe().usable()) {
        for (Precision precision : Precision.values()) {
          cases.add(new BackendCase(provider.name(), precision, 1));
          cases.add(new BackendCase(provider.name(), precision, 2));
        }
      }
    }
    return cases;
  }

  /** Opens it. */
  public Backend open() {
    return Backends.open(name, new BackendOptions(precision, threads));
  }

  /** The agreement that short computations of this engine reach: 1e-11 in FP64, 1e-4 in FP32. */
  public double tolerance() {
    return precision == Precision.FP64 ? 1e-11 : 1e-4;
  }
}
