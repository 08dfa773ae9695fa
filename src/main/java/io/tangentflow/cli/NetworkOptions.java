package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A network, but for its width and the dimension of its inputs. */
@Heading("Network")
final class NetworkOptions {

  @Mixin private ScaleOptions scales;

  @Option(
      names = "--activation",
      paramLabel = "NAME",
      defaultValue = "softplus",
      description =
          "softplus, relu, gelu, tanh or another that 'tangentflow activation' lists (default:"
              + " ${DEFAULT-VALUE}).")
  private String activation;

  @Option(
      names = "--outputs",
      paramLabel = "M",
      defaultValue = "1",
      description =
          "Outputs m; in what is written those of a sample are neighbours (default:"
              + " ${DEFAULT-VALUE}).")
  int outputs;

  @Option(
      names = "--seed",
      paramLabel = "SEED",
      defaultValue = "0",
      description = "Seed of the parameters; see 'init' (default: ${DEFAULT-VALUE}).")
  long seed;

  Activation activation() {
    return Activations.named(activation);
  }

  NeuralOde model(int inputDim, int width) {
    return scales.model(inputDim, width, outputs, activation());
  }

  /** All that was asked, for a record of it. */
  void describe(ObjectNode node) {
    node.put("activation", activation().label()).put("outputs", outputs).put("seed", seed);
    scales.describe(node);
  }

  Parameters parameters() {
    return new Parameters.Seeded(seed);
  }
}
