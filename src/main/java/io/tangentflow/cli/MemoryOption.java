package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** How much memory a command may take. */
final class MemoryOption {

  private static final Pattern SIZE = Pattern.compile("(\\d+)([kmgt]?)(i?b)?");

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description =
          "Memory budget on the backend, for example 2g (GiB) or 800m (MiB) (default: nine tenths of"
              + " what is free: of the JVM's heap, or on cuda of the device).")
  private String memory;

  /** The budget of one computation. */
  MemoryBudget budget(Backend opened) {
    return MemoryBudget.of(
        opened, memory == null ? opened.availableBytes() / 10 * 9 : given(opened));
  }

  private long given(Backend opened) {
    Matcher matcher = SIZE.matcher(memory.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new InvalidConfiguration("--memory", "'" + memory + "' is not a size like 2g or 800m");
    }
    int shift = 10 * " kmgt".indexOf(matcher.group(2).isEmpty() ? " " : matcher.group(2));
    long bytes;
    try {
      bytes = Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
    } catch (ArithmeticException | NumberFormatException e) {
      throw new InvalidConfiguration("--memory", "'" + memory + "' is too large a number");
    }
    if (bytes > opened.availableBytes()) {
      throw new InvalidConfiguration(
          "--memory",
          String.format(
              "%s is more than the %.1f GiB that are free %s",
              memory,
              opened.availableBytes() / (double) (1 << 30),
              opened.sharesHostMemory()
                  ? "here; raise the JVM's heap by TANGENTFLOW_OPTS=-Xmx..."
                  : "on the device"));
    }
    return bytes;
  }
}
