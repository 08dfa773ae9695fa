package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvergenceCommandTest {

  @TempDir private Path directory;

  @Test
  void reportHoldsWhatIsPrinted() throws Exception {
    Path out = directory.resolve("a/depths");
    JsonNode json =
        Invocation.of(
                "convergence",
                "--activation",
                "softplus,relu",
                "--width",
                "8,16",
                "--depth",
                "16,32,64",
                "--samples",
                3,
                "--out",
                out,
                "--json")
            .ended(0)
            .json();
    assertEquals(4, json.get("networks").size());
    JsonNode softplus = json.at("/networks/1");
    assertEquals("softplus", softplus.get("activation").asText());
    assertEquals(16, softplus.get("width").asInt());
    // Between L = 16 and 64 the second term of the gap, O(1/L²), bends the slope.
    for (String quantity : List.of("outputs", "gradient", "gradientU", "gradientW", "gradientV")) {
      JsonNode fit = softplus.get("exponent").get(quantity);
      assertEquals(-1, fit.get("slope").asDouble(), 0.1, fit.toString());
      assertTrue(fit.get("low").asDouble() < fit.get("high").asDouble(), fit.toString());
      assertEquals(3, fit.get("depths").asInt());
      assertTrue(softplus.get("referenceError").get(quantity).asDouble() < 1e-9);
    }
    JsonNode written = new ObjectMapper().readTree(out.resolve("convergence.json").toFile());
    assertEquals(json.get("networks"), written.get("networks"));
    assertEquals("fp64", written.at("/provenance/precision").asText());
    assertEquals(1 + 4 * 3, Files.readAllLines(out.resolve("gaps.csv")).size());
    for (String plot : List.of("outputs.svg", "gradient.svg")) {
      String svg = Files.readString(out.resolve(plot));
      assertTrue(svg.contains("softplus, n = 16") && svg.contains("depth L"), svg);
    }
    String report = Files.readString(out.resolve("report.html"));
    assertTrue(report.contains("relu, n = 8"), report);
  }

  /** In fp32 rounding hides what rk4 leaves, and the command says so. */
  @Test
  void gapsBelowRoundingAreNamed() {
    Invocation command =
        Invocation.of(
                "convergence",
                "--activation",
                "tanh",
                "--width",
                8,
                "--depth",
                "8,16,32",
                "--samples",
                2,
                "--solver",
                "rk4",
                "--dynamics",
                "post-activation",
                "--precision",
                "fp32")
            .ended(0);
    assertTrue(command.out().contains("left out"), command.out());
  }
}
