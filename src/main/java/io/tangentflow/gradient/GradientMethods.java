package io.tangentflow.gradient;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Precision;
import io.tangentflow.ode.Dynamics;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Tolerance;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Gradient methods by name: {@code METHOD:FORWARD} or {@code METHOD:FORWARD:BACK}, where METHOD is
 * discrete, stored, checkpointed=C or augmented, and FORWARD and BACK are a solver and its steps or
 * its tolerance, {@code rk4/20} or {@code dormand-prince/1e-6}. BACK is FORWARD unless given.
 */
public final class GradientMethods {

  private static final Pattern NAME =
      Pattern.compile("([a-z]+)(?:=(\\d{1,9}))?:([^:]+)(?::([^:]+))?");
  private static final Pattern STEPS = Pattern.compile("[+-]?\\d+");

  private GradientMethods() {}

  /** The exact gradient of a discrete solution, by fused passes where they can be had. */
  public static GradientMethod discrete(Dynamics dynamics, Stepping stepping) {
    return dynamics == StandardDynamics.PRE_ACTIVATION && stepping instanceof TimeGrid grid
        ? new DiscreteAdjoint(grid)
        : new SteppedAdjoint(dynamics, stepping);
  }

  /**
   * The method of that name.
   *
   * @param option that the name was given to, for messages
   * @param precision that it is to be computed in
   * @param perSample whether tolerances hold for each sample
   * @throws InvalidConfiguration if there is none, or the precision does not resolve its tolerance
   */
  public static GradientMethod named(
      String option, String name, Dynamics dynamics, Precision precision, boolean perSample) {
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches()) {
      throw unknown(option, name);
    }
    String method = matcher.group(1);
    Stepping forward = stepping(option, matcher.group(3), precision, perSample);
    boolean twice = matcher.group(4) != null;
    if (method.equals("discrete") && twice) {
      throw new InvalidConfiguration(
          option, "the way back of '" + name + "' is that of its forward steps; give these alone");
    }
    if (method.equals("checkpointed") == (matcher.group(2) == null)) {
      throw unknown(option, name);
    }
    Stepping back = twice ? stepping(option, matcher.group(4), precision, perSample) : forward;
    return switch (method) {
      case "discrete" -> discrete(dynamics, forward);
      case "stored" -> ContinuousAdjoint.stored(dynamics, forward, back);
      case "checkpointed" -> {
        int checkpoints = Integer.parseInt(matcher.group(2));
        if (checkpoints < 1) {
          throw unknown(option, name);
        }
        yield ContinuousAdjoint.checkpointed(dynamics, forward, back, checkpoints);
      }
      case "augmented" -> ContinuousAdjoint.augmented(dynamics, forward, back);
      default -> throw unknown(option, name);
    };
  }

  private static Stepping stepping(
      String option, String text, Precision precision, boolean perSample) {
    try {
      Stepping stepping = read(option, text, perSample);
      if (stepping instanceof Tolerance tolerance) {
        tolerance.requireResolvedBy(precision);
      }
      return stepping;
    } catch (InvalidConfiguration e) {
      // Elsewhere solver, steps and tolerance have options of their own.
      String why = e.getMessage().replaceFirst("^--[a-z-]+: ", "");
      throw new InvalidConfiguration(option, "'" + text + "': " + why);
    }
  }

  private static Stepping read(String option, String text, boolean perSample) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new InvalidConfiguration(
          option, "is not SOLVER/STEPS or SOLVER/TOLERANCE, like rk4/20");
    }
    Tableau tableau = Tableau.named(text.substring(0, slash));
    String how = text.substring(slash + 1);
    try {
      return STEPS.matcher(how).matches()
          ? new TimeGrid(tableau, Integer.parseInt(how))
          : new Tolerance(tableau, Double.parseDouble(how), perSample);
    } catch (NumberFormatException e) {
      throw new InvalidConfiguration(
          option, "'" + how + "' is neither a number of steps nor a tolerance like 1e-6");
    }
  }

  private static InvalidConfiguration unknown(String option, String name) {
    return new InvalidConfiguration(
        option,
        "'"
            + name
            + "' is not a gradient method like discrete:rk4/20, stored:dormand-prince/1e-6,"
            + " checkpointed=5:rk4/100 or augmented:rk4/20:dormand-prince/1e-6");
  }
}
