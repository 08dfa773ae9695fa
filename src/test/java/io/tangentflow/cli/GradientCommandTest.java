package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

class GradientCommandTest {

  private static Invocation gradient(String... more) {
    String[] all = new String[more.length + 9];
    String[] common = {
      "gradient", "--samples", "5", "--width", "32", "--precision", "fp64", "--threads", "1"
    };
    System.arraycopy(common, 0, all, 0, common.length);
    System.arraycopy(more, 0, all, common.length, more.length);
    return Invocation.of((Object[]) all);
  }

  @Test
  void theUsualMethodsAgreeAsFarAsTheirOrderSays() {
    JsonNode result = gradient("--json").ended(0).json();
    assertEquals(4, result.get("methods").size());
    assertEquals("discrete:rk4/20", result.get("methods").get(0).get("method").asText());
    JsonNode stored = result.get("methods").get(1);
    for (JsonNode method : result.get("methods")) {
      for (JsonNode difference : method.get("differences")) {
        // Δ⁴ = 6e-6 of a twentieth.
        assertTrue(difference.asDouble() < 1e-6, method.toString());
      }
      assertFalse(method.get("doubtful").asBoolean());
    }
    JsonNode checkpointed = result.get("methods").get(2);
    assertEquals(stored.get("differences"), checkpointed.get("differences"));
    assertTrue(
        checkpointed.get("peakBytes").asLong() < stored.get("peakBytes").asLong(),
        "fewer states are kept");
    assertTrue(
        checkpointed.get("forward").get("evaluations").asInt()
            > stored.get("forward").get("evaluations").asInt(),
        "and computed again");
  }

  @Test
  void aStateThatIsNotFoundAgainIsSaid() {
    Invocation run =
        gradient(
                "--activation",
                "tanh",
                "--horizon",
                "50",
                "-m",
                "augmented:dormand-prince/1e-5",
                "--json")
            .ended(0);
    assertTrue(run.json().get("methods").get(0).get("doubtful").asBoolean());
    assertTrue(run.err().contains("is not to be trusted"), run.err());
  }

  @Test
  void aMethodThatFailsLosesNoOther() {
    Invocation run =
        gradient(
                "--activation",
                "quadratic",
                "--horizon",
                "0.5",
                "-m",
                "discrete:euler/3",
                "-m",
                "stored:dormand-prince/1e-5:euler/400",
                "-m",
                "discrete:dormand-prince/1e-15",
                "--json")
            .ended(2);
    assertTrue(run.err().contains("1.0e-15 is less than fp64 resolves"), run.err());
    run =
        gradient(
                "--activation",
                "quadratic",
                "--horizon",
                "50",
                "-m",
                "discrete:euler/1",
                "-m",
                "discrete:dormand-prince/1e-5",
                "--json")
            .ended(8);
    assertEquals(2, run.json().get("methods").size());
    assertTrue(run.json().get("methods").get(0).has("differences"));
    assertTrue(
        run.json().get("methods").get(1).get("failure").asText().contains("for sample "),
        run.out());
  }

  @Test
  void nothingIsComparedWithAFirstMethodThatFails() {
    JsonNode methods =
        gradient(
                "--activation",
                "quadratic",
                "--horizon",
                "50",
                "-m",
                "discrete:dormand-prince/1e-5",
                "-m",
                "discrete:euler/1",
                "--json")
            .ended(8)
            .json()
            .get("methods");
    assertTrue(methods.get(1).get("differences").get("outputs").isNull());
  }

  /**
   * The schedule of fewest steps is kept on the way back too: 35 steps visit 21 nodes with 5 kept.
   */
  @Test
  void noStepIsComputedAgainForRoundingsSake() {
    JsonNode method = gradient("-m", "checkpointed=5:rk4/20", "--json").ended(0).json();
    assertEquals(35, method.get("methods").get(0).get("forward").get("accepted").asInt());
  }

  @Test
  void tangentKernelsTakeAnyMethodAndDynamics() {
    double[] least = new double[2];
    String[] ways = {"discrete:dormand-prince/1e-9", "checkpointed=2:dormand-prince/1e-9"};
    for (int k = 0; k < 2; k++) {
      JsonNode result =
          Invocation.of(
                  "ntk",
                  "--samples",
                  "6",
                  "--width",
                  "32",
                  "--precision",
                  "fp64",
                  "--dynamics",
                  "drifting",
                  "--gradient",
                  ways[k],
                  "--json")
              .ended(0)
              .json();
      assertEquals(ways[k], result.get("gradient").asText());
      least[k] = result.get("leastEigenvalue").asDouble();
    }
    assertEquals(least[0], least[1], 1e-6 * least[0]);
    Invocation.of("ntk", "--samples", "6", "--width", "32", "--gradient", "augmented:rk4").ended(2);
    Invocation.of("ntk", "--samples", "6", "--width", "32", "--dynamics", "fluid").ended(2);
  }
}
