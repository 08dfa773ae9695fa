package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/** What options, and the values of one that takes several, must be. */
final class OptionList {

  /** Fewer leave no spread about a fitted line. */
  private static final int LEAST_TO_FIT = 3;

  private OptionList() {}

  /**
   * Refuses options that have no meaning beside others.
   *
   * @param why what follows the name of one that was given
   */
  static void refuse(CommandSpec command, List<String> options, String why) {
    for (String option : options) {
      if (command.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new InvalidConfiguration(option, why);
      }
    }
  }

  /**
   * The values, each once.
   *
   * @throws InvalidConfiguration if one is given more than once
   */
  static <T> List<T> distinct(String option, List<T> values) {
    Set<T> once = new HashSet<>();
    for (T value : values) {
      if (!once.add(value)) {
        throw new InvalidConfiguration(option, value + " is given more than once");
      }
    }
    return values;
  }

  /**
   * The values, rising and so many that an exponent can be fitted.
   *
   * @param plural what they are
   * @throws InvalidConfiguration if they are not
   */
  static List<Integer> risingToFit(String option, String plural, List<Integer> values) {
    for (int i = 1; i < values.size(); i++) {
      if (values.get(i) <= values.get(i - 1)) {
        throw new InvalidConfiguration(
            option, "must rise, but " + values.get(i) + " follows " + values.get(i - 1));
      }
    }
    if (values.size() < LEAST_TO_FIT) {
      throw new InvalidConfiguration(
          option, "needs at least three " + plural + " to fit an exponent, not " + values.size());
    }
    return values;
  }
}
