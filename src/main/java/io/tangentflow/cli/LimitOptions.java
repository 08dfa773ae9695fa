package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.Activations;
import io.tangentflow.model.NeuralOde;
import java.util.List;
import java.util.OptionalInt;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A network of infinite width. */
@Heading("Network of infinite width")
final class LimitOptions {

  /** The names of all these options. */
  static final List<String> NAMES =
      List.of("--activation", "--depth", "--horizon", "--sigma-u", "--sigma-w", "--sigma-v");

  private static final String CONTINUUM = "inf";

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
      names = "--depth",
      paramLabel = "L",
      defaultValue = CONTINUUM,
      description =
          "Depth of the residual network (Euler steps, up to 8192), or inf for the ODE (default:"
              + " ${DEFAULT-VALUE}).")
  private String depth;

  /** In words: "softplus, continuum". */
  String description() {
    OptionalInt steps = steps();
    return Activations.named(activation).label()
        + (steps.isPresent() ? ", depth " + steps.getAsInt() : ", continuum");
  }

  /** All that was asked, for a record of it. */
  void describe(ObjectNode node) {
    node.put("activation", Activations.named(activation).label()).put("depth", depth);
    scales.describe(node);
  }

  /** L, empty for the continuum. */
  OptionalInt steps() {
    if (depth.equalsIgnoreCase(CONTINUUM)) {
      return OptionalInt.empty();
    }
    try {
      return OptionalInt.of(Integer.parseInt(depth));
    } catch (NumberFormatException e) {
      throw new InvalidConfiguration(
          "--depth", "must be a number of steps or inf, not '" + depth + "'");
    }
  }

  /** The model for inputs of that dimension; of its width, 1, the limit does not depend. */
  NeuralOde model(int inputDim) {
    return scales.model(inputDim, 1, 1, Activations.named(activation));
  }

  /** The limiting kernels for inputs of that dimension, on which those of a pair do not depend. */
  LimitingKernel kernel(int inputDim) {
    NeuralOde model = model(inputDim);
    OptionalInt steps = steps();
    return steps.isPresent()
        ? new FiniteDepthLimit(model, steps.getAsInt())
        : new ContinuumLimit(model);
  }
}
