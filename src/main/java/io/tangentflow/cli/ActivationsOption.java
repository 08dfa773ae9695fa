package io.tangentflow.cli;

import io.tangentflow.model.StandardActivation;
import java.util.List;
import picocli.CommandLine.Option;

/** The activations that a command compares. */
final class ActivationsOption {

  @Option(
      names = "--activation",
      split = ",",
      paramLabel = "NAME",
      defaultValue = "softplus,gelu,tanh,relu",
      description =
          "Any of softplus, relu, gelu, quadratic, tanh, erf, silu, sine, identity (default:"
              + " ${DEFAULT-VALUE}).")
  private List<String> names;

  /** Each once. */
  List<StandardActivation> activations() {
    return OptionList.distinct(
        "--activation", names.stream().map(StandardActivation::named).toList());
  }
}
