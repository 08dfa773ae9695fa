package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The way to the gradients of a network, on which dynamics. */
@Heading("Solver and gradient")
final class MethodOptions {

  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--depth",
      paramLabel = "L",
      defaultValue = "10",
      description = "Steps L of the solver (default: ${DEFAULT-VALUE}).")
  private int depth;

  @Option(
      names = "--solver",
      paramLabel = "NAME",
      defaultValue = "rk4",
      description =
          "euler (the residual network), midpoint, heun, bogacki-shampine, rk4, three-eighths, butcher5"
              + " or dormand-prince, in equal steps (default: ${DEFAULT-VALUE}).")
  private String solver;

  @Option(
      names = "--gradient",
      paramLabel = "METHOD",
      description =
          "The way to the gradients, by name as in 'gradient'; in the place of --solver and --depth"
              + " (default: discrete, of these).")
  private String gradient;

  @Option(
      names = "--dynamics",
      paramLabel = "NAME",
      defaultValue = "pre-activation",
      description =
          "pre-activation, post-activation, gated or drifting; see 'gradient' (default:"
              + " ${DEFAULT-VALUE}).")
  private String dynamics;

  /** The dynamics. */
  StandardDynamics dynamics() {
    return StandardDynamics.named(dynamics);
  }

  /**
   * The name of the method, as {@link io.tangentflow.gradient.GradientMethods#named} takes it.
   *
   * @throws InvalidConfiguration if it is said twice, or there are no such steps
   */
  String name() {
    if (gradient == null) {
      return "discrete:" + new TimeGrid(Tableau.named(solver), depth).label();
    }
    OptionList.refuse(
        command,
        List.of("--solver", "--depth"),
        "has no meaning beside --gradient, which says it all");
    return gradient;
  }
}
