package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelConvergenceCommandTest {

  @TempDir private Path directory;

  @Test
  void reportHoldsWhatIsPrinted() throws Exception {
    Path out = directory.resolve("a/kernels");
    JsonNode json =
        Invocation.of(
                "kernel-convergence",
                "--activation",
                "relu,tanh",
                "--depth",
                "32,64,128",
                "--width",
                "4,8,16",
                "--network-depth",
                3,
                "--networks",
                1000,
                "--samples",
                2,
                "--threads",
                1,
                "--out",
                out,
                "--json")
            .ended(0)
            .json();
    // Between L = 32 and 128 the second term of the gap, O(1/L²), bends the slope.
    for (String kernel : List.of("nngp", "ntk")) {
      JsonNode fit = json.at("/depth/1/exponent").get(kernel);
      assertEquals(-1, fit.get("slope").asDouble(), 0.03, fit.toString());
      assertEquals(3, fit.get("depths").asInt());
    }
    JsonNode relu = json.at("/width/0");
    assertEquals("relu", relu.get("activation").asText());
    // 3,000 networks fix the exponent to some hundredths; at width 4 it is not yet asymptotic.
    assertEquals(-0.5, relu.at("/exponent/oneNetwork/slope").asDouble(), 0.15, relu.toString());
    assertEquals(3000, relu.at("/exponent/oneNetwork/networks").asInt());
    JsonNode narrow = relu.at("/widths/0");
    assertTrue(narrow.get("biasResolved").asBoolean(), narrow.toString());
    assertTrue(narrow.get("bias").asDouble() < narrow.get("meanWithNoise").asDouble());
    assertEquals(2000, relu.at("/widths/2/firstSeed").asInt());
    JsonNode written = new ObjectMapper().readTree(out.resolve("convergence.json").toFile());
    assertEquals(json.get("width"), written.get("width"));
    assertEquals(1000, written.at("/provenance/networks").asInt());
    assertEquals(1 + 2 * 3, Files.readAllLines(out.resolve("depth.csv")).size());
    assertEquals(1 + 2 * 3, Files.readAllLines(out.resolve("width.csv")).size());
    for (String plot : List.of("depth-nngp", "depth-ntk")) {
      assertTrue(Files.readString(out.resolve(plot + ".svg")).contains("tanh"), plot);
    }
    assertTrue(Files.readString(out.resolve("width-one-network.svg")).contains("width n"));
    assertTrue(Files.readString(out.resolve("width-bias.svg")).contains("relu"));
    String report = Files.readString(out.resolve("report.html"));
    assertTrue(report.contains("in the width the relative error of one network"), report);
  }

  @Test
  void withoutNetworksTheInfiniteWidthKernelsStandAlone() {
    Invocation command =
        Invocation.of(
                "kernel-convergence",
                "--activation",
                "softplus",
                "--depth",
                "4,8,16",
                "--networks",
                0,
                "--samples",
                2)
            .ended(0);
    assertTrue(command.out().contains("of the NTK goes like L^−0.9"), command.out());
    assertFalse(command.out().contains("width n"), command.out());
    assertFalse(command.out().contains("one network"), command.out());
  }

  /** Four networks tell no bias, and no rate is made of their noise. */
  @Test
  void fewNetworksHaveNoRateOfTheBias() {
    Invocation command =
        Invocation.of(
                "kernel-convergence",
                "--activation",
                "tanh",
                "--depth",
                "1,2,4",
                "--width",
                "32,64,128",
                "--networks",
                4,
                "--samples",
                2)
            .ended(0);
    assertTrue(command.out().contains("tanh: its bias has no rate"), command.out());
    assertTrue(command.out().contains("not resolved, < "), command.out());
  }
}
