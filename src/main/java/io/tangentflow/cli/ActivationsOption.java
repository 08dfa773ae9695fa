package io.tangentflow.cli;

import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import java.util.List;
import picocli.CommandLine.Option;

/** The activations that a command compares. */
@Heading("Network")
final class ActivationsOption {

  @Option(
      names = "--activation",
      split = ",",
      paramLabel = "NAME",
      defaultValue = "softplus,gelu,tanh,relu",
      description = "Any that 'tangentflow activation' lists (default: ${DEFAULT-VALUE}).")
  private List<String> names;

  /** Each once, under whatever name. */
  List<Activation> activations() {
    List<String> labels = names.stream().map(name -> Activations.named(name).label()).toList();
    return OptionList.distinct("--activation", labels).stream().map(Activations::named).toList();
  }
}
