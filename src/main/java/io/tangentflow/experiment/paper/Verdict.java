package io.tangentflow.experiment.paper;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.report.Numbers;
import java.util.Locale;

/**
 * A claim of the paper held against a measured number: it agrees where the whole confidence
 * interval lies within the range that the claim has for it, disagrees where no part of it does, and
 * is inconclusive else.
 *
 * @param figure like {@code 1a}
 * @param claim of the paper, a sentence
 * @param statistic what the number is, with the range in which the claim has it
 */
record Verdict(String figure, String claim, String statistic, Estimate number, Outcome outcome) {

  /** What comes of it. */
  enum Outcome {
    AGREES,
    DISAGREES,
    INCONCLUSIVE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The claim that a number lies within a range, its ends included. */
  static Verdict within(
      String figure, String claim, String statistic, Estimate number, double from, double to) {
    String range =
        Double.isInfinite(to)
            ? "at least " + Numbers.shortest(from)
            : Double.isInfinite(from)
                ? "at most " + Numbers.shortest(to)
                : Numbers.shortest(from) + " … " + Numbers.shortest(to);
    return new Verdict(
        figure, claim, statistic + " (claim: " + range + ")", number, outcome(number, from, to));
  }

  static Verdict atLeast(
      String figure, String claim, String statistic, Estimate number, double bound) {
    return within(figure, claim, statistic, number, bound, Double.POSITIVE_INFINITY);
  }

  static Verdict atMost(
      String figure, String claim, String statistic, Estimate number, double bound) {
    return within(figure, claim, statistic, number, Double.NEGATIVE_INFINITY, bound);
  }

  /** The claim that a number is above zero. */
  static Verdict positive(String figure, String claim, String statistic, Estimate number) {
    return new Verdict(
        figure,
        claim,
        statistic + " (claim: positive)",
        number,
        outcome(number, Double.MIN_VALUE, Double.POSITIVE_INFINITY));
  }

  private static Outcome outcome(Estimate number, double from, double to) {
    if (number.low() >= from && number.high() <= to) {
      return Outcome.AGREES;
    }
    return number.high() < from || number.low() > to ? Outcome.DISAGREES : Outcome.INCONCLUSIVE;
  }

  /** As programs read it; an end that is not known is null. */
  void put(ObjectNode node) {
    node.put("figure", figure).put("claim", claim).put("statistic", statistic);
    put(node, "value", number.value());
    put(node, "low", number.low());
    put(node, "high", number.high());
    node.put("verdict", outcome.toString());
  }

  private static void put(ObjectNode node, String key, double value) {
    if (Double.isFinite(value)) {
      node.put(key, value);
    } else {
      node.putNull(key);
    }
  }
}
