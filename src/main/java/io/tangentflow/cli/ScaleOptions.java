package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.model.Activation;
import io.tangentflow.model.NeuralOde;
import picocli.CommandLine.Option;

/** The horizon and the scales of a network. */
@Heading("Network")
final class ScaleOptions {

  @Option(
      names = "--horizon",
      paramLabel = "T",
      defaultValue = "1",
      description = "Horizon T of the ODE, 0 ≤ t ≤ T (default: ${DEFAULT-VALUE}).")
  double horizon;

  @Option(
      names = "--sigma-u",
      paramLabel = "σ",
      defaultValue = "1",
      description = "Scale σu of the input map U (default: ${DEFAULT-VALUE}).")
  double sigmaU;

  @Option(
      names = "--sigma-w",
      paramLabel = "σ",
      defaultValue = "1",
      description = "Scale σw of the flow W; choose it ∝ 1/T (default: ${DEFAULT-VALUE}).")
  double sigmaW;

  @Option(
      names = "--sigma-v",
      paramLabel = "σ",
      defaultValue = "1",
      description = "Scale σv of the output map V (default: ${DEFAULT-VALUE}).")
  double sigmaV;

  NeuralOde model(int inputDim, int width, int outputs, Activation activation) {
    return new NeuralOde(inputDim, width, outputs, horizon, sigmaU, sigmaW, sigmaV, activation);
  }

  /** Says in a report's provenance what was asked for. */
  void describe(ObjectNode provenance) {
    provenance
        .put("horizon", horizon)
        .put("sigmaU", sigmaU)
        .put("sigmaW", sigmaW)
        .put("sigmaV", sigmaV);
  }
}
