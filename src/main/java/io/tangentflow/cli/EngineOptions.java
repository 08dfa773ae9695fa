package io.tangentflow.cli;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import picocli.CommandLine.Option;

/** What a command computes on. */
final class EngineOptions {

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = Backends.AUTO,
      description = "auto, cpu-vector or cpu-scalar; see 'info' (default: ${DEFAULT-VALUE}).")
  String backend;

  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "fp32",
      description = "fp32 or fp64 (default: ${DEFAULT-VALUE}).")
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
    return Backends.open(backend, new BackendOptions(precision(), threads()));
  }
}
