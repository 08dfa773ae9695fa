package io.tangentflow.cli;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import picocli.CommandLine.Option;

/** How much memory a command may take. */
@Heading("Engine")
final class MemoryOption {

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description =
          "Memory budget on the backend, for example 2g (GiB) or 800m (MiB) (default: nine tenths of"
              + " what is free: of the JVM's heap, or on cuda of the device; of resume what the run"
              + " began with).")
  String memory;

  /** The budget of one computation. */
  MemoryBudget budget(Backend opened) {
    return MemoryBudget.asked(opened, memory);
  }
}
