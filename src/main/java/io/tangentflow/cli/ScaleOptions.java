package io.tangentflow.cli;

import picocli.CommandLine.Option;

/** The horizon and the scales of a network. */
final class ScaleOptions {

  @Option(
      names = "--horizon",
      paramLabel = "T",
      defaultValue = "1",
      description = "Horizon of the ODE (default: ${DEFAULT-VALUE}).")
  double horizon;

  @Option(
      names = "--sigma-u",
      paramLabel = "σ",
      defaultValue = "1",
      description = "Scale of the input map (default: ${DEFAULT-VALUE}).")
  double sigmaU;

  @Option(
      names = "--sigma-w",
      paramLabel = "σ",
      defaultValue = "1",
      description = "Scale of the flow; choose it ∝ 1/T (default: ${DEFAULT-VALUE}).")
  double sigmaW;

  @Option(
      names = "--sigma-v",
      paramLabel = "σ",
      defaultValue = "1",
      description = "Scale of the output map (default: ${DEFAULT-VALUE}).")
  double sigmaV;
}
