package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitingKernel;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A network of infinite width. */
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
          "softplus, relu, gelu, quadratic, tanh, erf, silu, sine or identity (default:"
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
    return StandardActivation.named(activation).label()
        + (depth.equalsIgnoreCase(CONTINUUM) ? ", continuum" : ", depth " + depth);
  }

  /** All that was asked, for a record of it. */
  void describe(ObjectNode node) {
    node.put("activation", StandardActivation.named(activation).label())
        .put("depth", depth)
        .put("horizon", scales.horizon)
        .put("sigmaU", scales.sigmaU)
        .put("sigmaW", scales.sigmaW)
        .put("sigmaV", scales.sigmaV);
  }

  /** The limiting kernels for inputs of that dimension. */
  LimitingKernel kernel(int inputDim) {
    NeuralOde model =
        new NeuralOde(
            inputDim,
            1,
            1,
            scales.horizon,
            scales.sigmaU,
            scales.sigmaW,
            scales.sigmaV,
            StandardActivation.named(activation));
    if (depth.equalsIgnoreCase(CONTINUUM)) {
      return new ContinuumLimit(model);
    }
    try {
      return new FiniteDepthLimit(model, Integer.parseInt(depth));
    } catch (NumberFormatException e) {
      throw new InvalidConfiguration(
          "--depth", "must be a number of steps or inf, not '" + depth + "'");
    }
  }
}
