package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import java.util.Map;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** How large a job is that is timed; its command may have defaults of its own. */
@Heading("Size")
final class BenchSizeOptions {

  /** Defaults in the place of those that are declared here. */
  abstract static class Defaults implements IDefaultValueProvider {

    private final Map<String, String> defaults;

    Defaults(Map<String, String> defaults) {
      this.defaults = defaults;
    }

    @Override
    public String defaultValue(ArgSpec argument) {
      return argument instanceof OptionSpec option ? defaults.get(option.longestName()) : null;
    }
  }

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "1024",
      description = "Width n (default: ${DEFAULT-VALUE}).")
  int width;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "100",
      description = "Samples N, standard normal (default: ${DEFAULT-VALUE}).")
  int samples;

  @Option(
      names = "--input-dim",
      paramLabel = "D",
      defaultValue = "784",
      description = "Dimension d of an input (default: ${DEFAULT-VALUE}).")
  int inputDim;

  @Option(
      names = "--depth",
      paramLabel = "L",
      defaultValue = "20",
      description = "Steps L of the solver (default: ${DEFAULT-VALUE}).")
  int depth;

  @Option(
      names = "--solver",
      paramLabel = "NAME",
      defaultValue = "rk4",
      description =
          "euler (the residual network), midpoint, heun, bogacki-shampine, rk4, three-eighths, butcher5"
              + " or dormand-prince, in equal steps (default: ${DEFAULT-VALUE}).")
  private String solver;

  /** The steps; refuses samples that are none. */
  TimeGrid grid() {
    requireSamples(samples);
    return new TimeGrid(Tableau.named(solver), depth);
  }

  static void requireSamples(int samples) {
    if (samples < 1) {
      throw new InvalidConfiguration("--samples", "must be at least 1, not " + samples);
    }
  }

  void describe(ObjectNode node) {
    node.put("width", width)
        .put("samples", samples)
        .put("inputDim", inputDim)
        .put("depth", depth)
        .put("solver", grid().tableau().name());
  }
}
