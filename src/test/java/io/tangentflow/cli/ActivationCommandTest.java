package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.model.Activations;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ActivationCommandTest {

  @TempDir private Path scratch;

  private static JsonNode json(String... words) {
    Object[] all = new Object[words.length + 2];
    all[0] = "activation";
    all[1] = "--json";
    System.arraycopy(words, 0, all, 2, words.length);
    return Invocation.of(all).ended(0).json();
  }

  /** ReLU of variance 4: means 2/√2π, 2 and 1/2, coefficients 2/√2π, 1, 1/√π, 0, −1/√12π. */
  @Test
  void reluHasItsKnownMomentsAndCoefficients() {
    JsonNode relu = json("relu", "--variance", "4");
    double mean = 2 / Math.sqrt(2 * Math.PI);
    assertEquals(mean, relu.get("mean").asDouble(), 1e-14);
    assertEquals(2, relu.get("meanSquare").asDouble(), 1e-14);
    assertEquals(0.5, relu.get("derivativeMeanSquare").asDouble(), 1e-14);
    JsonNode alpha = relu.get("hermite").get("coefficients");
    assertEquals(2048, alpha.size());
    double[] known = {mean, 1, mean / Math.sqrt(2), 0, -mean / Math.sqrt(24)};
    for (int k = 0; k < known.length; k++) {
      assertEquals(known[k], alpha.get(k).asDouble(), 5e-15, "α_" + k);
    }
    assertEquals(1, relu.get("lipschitz").asDouble());
    assertTrue(relu.get("derivativeLipschitz").isNull());
    assertFalse(relu.get("smooth").asBoolean());
    assertEquals("closed form", relu.get("dual").get("method").asText());
    JsonNode decay = relu.get("hermite").get("even").get("decay");
    assertEquals("k⁻ᵖ", decay.get("law").asText());
    assertEquals(1.25, decay.get("p").asDouble(), 0.005);
  }

  @ParameterizedTest
  @CsvSource({
    // name, symmetry, even, odd, theorem 3
    "softplus, neither, infinite, finite, true",
    "gelu, neither, infinite, finite, true",
    "tanh, odd, finite, infinite, true",
    "erf, odd, finite, infinite, true",
    "sigmoid, neither, finite, infinite, true",
    "sine, odd, finite, infinite, true",
    "cosine, even, infinite, finite, true",
    "gaussian, even, infinite, finite, true",
    "relu, neither, infinite, finite, false",
    "abs, even, infinite, finite, false",
    "exponential, neither, infinite, infinite, false",
    "quadratic, even, finite, finite, false",
    "identity, odd, finite, finite, false",
    "polynomial:1:1:1, neither, finite, finite, false"
  })
  void theTheoryIsToldFromConstantsAndCoefficients(
      String name, String symmetry, String even, String odd, boolean theorem) {
    JsonNode profile = json(name);
    assertEquals(symmetry, profile.get("symmetry").asText());
    assertEquals(even, profile.get("hermite").get("even").get("extent").asText());
    assertEquals(odd, profile.get("hermite").get("odd").get("extent").asText());
    assertEquals(theorem, profile.get("theory").get("theoremThreeApplies").asBoolean());
    String findings = profile.get("theory").get("findings").toString();
    assertEquals(
        symmetry.equals("odd") && !profile.get("polynomial").asBoolean(),
        findings.contains("f(−x) = −f(x)"),
        findings);
  }

  /** At τ = 1e-3 α_k falls by 1e-3 a degree, and after five degrees nothing is seen. */
  @Test
  void nothingIsSaidOfWhatRoundingHides() {
    JsonNode profile = json("exponential", "--variance", "1e-6");
    assertEquals("unknown", profile.get("hermite").get("even").get("extent").asText());
    assertTrue(profile.get("theory").toString().contains("raise the variance"));
  }

  @Test
  void theTextHasMomentsCoefficientsAndTheory() {
    String text = Invocation.of("activation", "tanh", "--coefficients", 4).ended(0).out();
    assertTrue(text.contains("0.394294490398"), text); // E[tanh² z], by mpmath
    assertTrue(text.contains("0.605705509602"), text); // E[z tanh z]
    assertTrue(text.contains("Theorem 3"), text);
    assertTrue(text.contains("Gneiting"), text);
    assertFalse(text.contains("0.0625475237527"), "α_5 is beyond the rows asked for");
  }

  @ParameterizedTest
  @ValueSource(strings = {"softplus", "relu", "exponential", "quadratic", "tanh"})
  void thePlotHasBothParitiesOnALogarithmicAxis(String name) throws Exception {
    Path file = scratch.resolve("a.svg");
    Invocation.of("activation", name, "--out", file).ended(0);
    String svg = Files.readString(file);
    assertTrue(svg.startsWith("<?xml"), svg);
    assertTrue(svg.contains("degree k") && svg.contains("|α_k|"), svg);
    assertEquals(!name.equals("tanh"), svg.contains(">even k<"), name);
    assertEquals(!name.equals("quadratic"), svg.contains(">odd k<"), name);
    assertEquals(!name.equals("quadratic"), svg.contains(" = "), "the fitted rate of " + name);
  }

  @Test
  void withoutANameAllAreListed() {
    JsonNode all = json().get("activations");
    assertEquals(Activations.forms().size(), all.size());
    for (JsonNode form : all) {
      String example = form.get("example").asText();
      assertEquals(example, Activations.named(example).label());
    }
    String text = Invocation.of("activation").ended(0).out();
    for (Activations.Form form : Activations.forms()) {
      assertTrue(text.contains(form.syntax()) && text.contains(form.formula()), form.syntax());
    }
  }

  /** Where one function has two names, one of a fast kernel and one computed by number. */
  @ParameterizedTest
  @CsvSource({"quadratic, monomial:2", "relu, leaky-relu:0", "identity, polynomial:0:1"})
  void networksAndLimitsTakeAnyNameOfTheSameFunction(String fast, String slow) {
    for (String depth : new String[] {"3", "inf"}) {
      double[][] limits = new double[2][];
      for (int i = 0; i < 2; i++) {
        JsonNode limit =
            Invocation.of(
                    "limit",
                    "--activation",
                    i == 0 ? fast : slow,
                    "--norms",
                    "1.2,0.7",
                    "--dot",
                    0.3,
                    "--horizon",
                    0.5,
                    "--depth",
                    depth,
                    "--json")
                .ended(0)
                .json();
        limits[i] = new double[] {limit.get("nngp").asDouble(), limit.get("ntk").asDouble()};
      }
      assertEquals(limits[0][0], limits[1][0], 1e-12 * Math.abs(limits[0][0]));
      assertEquals(limits[0][1], limits[1][1], 1e-12 * Math.abs(limits[0][1]));
    }
    double[] least = new double[2];
    for (int i = 0; i < 2; i++) {
      least[i] =
          Invocation.of(
                  "ntk",
                  "--activation",
                  i == 0 ? fast : slow,
                  "--precision",
                  "fp64",
                  "--samples",
                  5,
                  "--width",
                  16,
                  "--horizon",
                  0.25,
                  "--backend",
                  "cpu-vector",
                  "--json")
              .ended(0)
              .json()
              .get("greatestEigenvalue")
              .asDouble();
    }
    assertEquals(least[0], least[1], 1e-12 * least[0]);
  }

  /** The exponent of Euler's method, −1, to what depths 4 … 16 show of it. */
  @Test
  void convergenceTakesThemTooButOnlyOnce() {
    Invocation.of("convergence", "--activation", "leaky-relu,LEAKY-RELU:0.01").ended(2);
    JsonNode networks =
        Invocation.of(
                "convergence",
                "--activation",
                "cosine,leaky-relu:0.3",
                "--width",
                16,
                "--depth",
                "4,8,16",
                "--samples",
                2,
                "--tolerance",
                1e-8,
                "--json")
            .ended(0)
            .json()
            .get("networks");
    assertEquals("cosine", networks.get(0).get("activation").asText());
    assertEquals("leaky-relu:0.3", networks.get(1).get("activation").asText());
  }

  @Test
  void aSweepTakesThemAndItsMatricesAreFound() throws Exception {
    Path run = scratch.resolve("run");
    Invocation.of(
            "sweep",
            "--activation",
            "leaky-relu:0.1,polynomial:0:1:0.1",
            "--width",
            "8,16,32",
            "--seeds",
            2,
            "--samples",
            4,
            "--out",
            run)
        .ended(0);
    assertEquals(12, Files.readAllLines(run.resolve("results.jsonl")).size());
    Invocation.of("report", run).ended(0);
    Invocation.of("spectrum", run.resolve("limit-ntk-leaky-relu:0.1-depth-inf.npy"), "--json")
        .ended(0);
  }
}
