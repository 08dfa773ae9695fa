package io.tangentflow.experiment.paper;

import static io.tangentflow.experiment.paper.Verdict.Outcome.AGREES;
import static io.tangentflow.experiment.paper.Verdict.Outcome.DISAGREES;
import static io.tangentflow.experiment.paper.Verdict.Outcome.INCONCLUSIVE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.experiment.paper.Verdict.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerdictTest {

  private static final double INFINITY = Double.POSITIVE_INFINITY;

  private static Verdict within(double low, double high, double from, double to) {
    return Verdict.within("1a", "It is so.", "number", new Estimate(0, low, high), from, to);
  }

  /** The claim's range is −1 … 1. */
  @ParameterizedTest
  @CsvSource({
    "-0.5, 0.5, AGREES",
    "-1, 1, AGREES",
    "1, 1, AGREES",
    "-1, -1, AGREES",
    "-1.01, 1, INCONCLUSIVE",
    "-1, 1.01, INCONCLUSIVE",
    "-2, 2, INCONCLUSIVE",
    "-2, -1, INCONCLUSIVE",
    "1, 2, INCONCLUSIVE",
    "-3, -1.01, DISAGREES",
    "1.01, 3, DISAGREES",
    "1.01, 1.01, DISAGREES",
    "-Infinity, Infinity, INCONCLUSIVE",
    "-Infinity, 0, INCONCLUSIVE",
    "0, Infinity, INCONCLUSIVE",
    "-Infinity, -1.01, DISAGREES",
    "1.01, Infinity, DISAGREES",
    "Infinity, Infinity, DISAGREES",
    "NaN, NaN, INCONCLUSIVE",
    "NaN, 0, INCONCLUSIVE",
    "0, NaN, INCONCLUSIVE"
  })
  void wholeIntervalDecides(double low, double high, Outcome expected) {
    assertEquals(expected, within(low, high, -1, 1).outcome());
  }

  @Test
  void oneSidedClaimsIncludeTheirBound() {
    assertEquals(AGREES, Verdict.atLeast("", "", "", Estimate.exact(2), 2).outcome());
    assertEquals(DISAGREES, Verdict.atLeast("", "", "", Estimate.exact(1.9), 2).outcome());
    assertEquals(AGREES, Verdict.atMost("", "", "", Estimate.exact(2), 2).outcome());
    assertEquals(DISAGREES, Verdict.atMost("", "", "", Estimate.exact(2.1), 2).outcome());
    assertEquals(INCONCLUSIVE, Verdict.atMost("", "", "", new Estimate(2, 1.9, 2.1), 2).outcome());
    assertEquals(AGREES, Verdict.atMost("", "", "", new Estimate(1, -INFINITY, 1.5), 2).outcome());
    assertEquals(AGREES, Verdict.atLeast("", "", "", new Estimate(3, 2, INFINITY), 2).outcome());
  }

  /** One sample, no sample and too few points leave every claim open. */
  @Test
  void nothingKnownIsInconclusive() {
    for (Estimate unknown :
        List.of(Estimate.mean(5), Estimate.mean(), Estimate.exponent(List.of()))) {
      assertEquals(INCONCLUSIVE, Verdict.atLeast("", "", "", unknown, 0).outcome());
      assertEquals(INCONCLUSIVE, Verdict.atMost("", "", "", unknown, 0).outcome());
      assertEquals(INCONCLUSIVE, Verdict.within("", "", "", unknown, -1e300, 1e300).outcome());
    }
  }

  @Test
  void statisticNamesTheRangeOfTheClaim() {
    assertEquals("number (claim: −1 … 0.5)", within(0, 0, -1, 0.5).statistic());
    assertEquals(
        "number (claim: at least 2)",
        Verdict.atLeast("", "", "number", Estimate.exact(2), 2).statistic());
    assertEquals(
        "number (claim: at most 0.05)",
        Verdict.atMost("", "", "number", Estimate.exact(2), 0.05).statistic());
  }

  @Test
  void jsonHasNullForWhatIsNotKnown() {
    ObjectNode node = new ObjectMapper().createObjectNode();
    within(-INFINITY, 0.25, -1, 1).put(node);
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    assertEquals(List.of("figure", "claim", "statistic", "value", "low", "high", "verdict"), keys);
    assertEquals("1a", node.get("figure").asText());
    assertEquals("It is so.", node.get("claim").asText());
    assertEquals(0, node.get("value").asDouble());
    assertTrue(node.get("low").isNull());
    assertEquals(0.25, node.get("high").asDouble());
    assertEquals("inconclusive", node.get("verdict").asText());
    Verdict.atLeast("", "", "", Estimate.exponent(List.of()), 0).put(node);
    for (String key : List.of("value", "low", "high")) {
      assertTrue(node.get(key).isNull(), key);
    }
  }
}
