package io.tangentflow.cli;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import picocli.CommandLine.Option;

/** What a command computes on. */
@Heading("Engine")
final class EngineOptions {

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = Backends.AUTO,
      description =
          "auto, cuda (or cuda:1 …), cpu-vector or cpu-scalar; see 'info' (default: ${DEFAULT-VALUE}).")
  String backend;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "fp32",
      description =
          "fp32, fp64 or, on cuda, tf32: products on tensor cores, to three digits (default:"
              + " ${DEFAULT-VALUE}).")
  String precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads (default: the processors of this machine).")
  Integer threads;

  Precision precision() {
    return Precision.named(precision);
  }

  int threads() {
    return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
  }

  Backend open() {
    return open(GaussianSource.PHILOX);
  }

  Backend open(GaussianSource gaussians) {
    return Backends.open(backend, new BackendOptions(precision(), threads(), 0, gaussians));
  }
}
