package io.tangentflow.kernel.empirical;

import io.tangentflow.TangentFlowException.InvalidConfiguration;

/**
 * How many nodes in time the tangent features of a sample are kept at.
 *
 * @param most the number of nodes, or the most of them; 0 for all pairs of the solver
 * @param tolerance what fewer nodes may leave out, relative to the kernel; 0 for that many nodes
 */
public record TimeNodes(int most, double tolerance) {

  private static final String ALL_WORD = "all";
  private static final String AUTO_WORD = "auto";

  /** All pairs of the solver. */
  public static final TimeNodes ALL = new TimeNodes(0, 0);

  private static final int EXPECTED_WITHIN_TOLERANCE = 6;

  /** As few as leave out about 1e-7 of the kernel, which FP32 rounds away. */
  public static final TimeNodes AUTO = new TimeNodes(16, 1e-7);

  /** The nodes that a word of a command line asks for: auto, all or a number. */
  public static TimeNodes named(String word) {
    return switch (word) {
      case ALL_WORD -> ALL;
      case AUTO_WORD -> AUTO;
      default -> of(word);
    };
  }

  private static TimeNodes of(String number) {
    try {
      int count = Integer.parseInt(number);
      if (count > 0) {
        return new TimeNodes(count, 0);
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new InvalidConfiguration(
        "--time-nodes", "must be auto, all or a number from 1 on, not '" + number + "'");
  }

  /** The number that a forecast counts on: of a tolerance, what smooth activations take. */
  int expected() {
    return tolerance > 0 ? EXPECTED_WITHIN_TOLERANCE : most;
  }

  /** For the text of a plan; empty for all pairs. */
  String phrase() {
    return all() ? "" : (tolerance > 0 ? " at up to " : " at ") + most + " nodes in time";
  }

  /** The word of a command line that asks for them. */
  public String label() {
    if (all()) {
      return ALL_WORD;
    }
    return tolerance > 0 ? AUTO_WORD : Integer.toString(most);
  }

  /** Whether all pairs are kept. */
  public boolean all() {
    return most == 0;
  }
}
