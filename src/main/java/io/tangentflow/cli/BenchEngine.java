package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** What something is timed on. */
@Heading("Engine")
final class BenchEngine {

  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Mixin private EngineOptions engine;
  @Mixin private MemoryOption memory;

  /**
   * Opens a backend whose times mean something.
   *
   * @throws InvalidConfiguration if it is emulated, or an option stands before the name of the job,
   *     where it is about the rates
   */
  Backend open() {
    requireOwnOptions();
    Backend backend = engine.open();
    if (backend.emulated()) {
      backend.close();
      throw new InvalidConfiguration(
          "--backend",
          "an emulation runs the kernels of "
              + backend.name()
              + " on this machine, so it has no rates; choose cpu-vector or cpu-scalar");
    }
    return backend;
  }

  /** The same backend by so many threads. */
  Backend openOn(String name, int threads) {
    return Backends.open(name, new BackendOptions(engine.precision(), threads));
  }

  private void requireOwnOptions() {
    ParseResult before = command.commandLine().getParent().getParseResult();
    if (before.hasSubcommand()) {
      for (OptionSpec option : before.matchedOptions()) {
        if (command.findOption(option.longestName()) != null) {
          throw new InvalidConfiguration(
              option.longestName(), "stands before '" + command.name() + "'; put it after");
        }
      }
    }
  }

  /** Bytes of the backend that may be taken. */
  long budgetBytes(Backend backend) {
    return memory.budget(backend).deviceBytes();
  }

  MemoryOption memory() {
    return memory;
  }

  int threads() {
    return engine.threads();
  }

  Precision precision() {
    return engine.precision();
  }
}
