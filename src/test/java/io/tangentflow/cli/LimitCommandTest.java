package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.data.Npy;
import io.tangentflow.spectrum.Spectrum;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LimitCommandTest {

  @TempDir private Path directory;

  /**
   * The reference's quadrature of tanh, whose poles are near, is off by 7.6e-9 at depth one; {@link
   * #limitOfTanhAgreesWithTheTrapezoidalRule} has the right value.
   */
  private static double finiteDepthTolerance(String activation) {
    return activation.equals("tanh") ? 2e-8 : 1e-10;
  }

  private static double continuumTolerance(String activation) {
    return switch (activation) {
      case "relu" -> 1e-6;
      case "tanh" -> 2e-8;
      default -> 1e-9;
    };
  }

  @Test
  void everyRowOfTheReferenceIsReproducedFromItsCommandLine() throws Exception {
    JsonNode rows =
        new ObjectMapper().readTree(new File("src/test/resources/reference/limits.json"));
    assertEquals(7, rows.size());
    for (JsonNode row : rows) {
      String activation = row.get("activation").asText();
      for (int depth : new int[] {1, 4, 16}) {
        compare(
            row.get("eulerDepth").get(String.valueOf(depth)),
            limit(row, String.valueOf(depth)),
            finiteDepthTolerance(activation));
      }
      compare(row.get("continuum"), limit(row, "inf"), continuumTolerance(activation));
    }
  }

  /** 801 points per axis on [−9, 9]²: exact to rounding for functions analytic in a strip. */
  @Test
  void limitOfTanhAgreesWithTheTrapezoidalRule() {
    JsonNode limit =
        Invocation.of(
                "limit",
                "--activation",
                "tanh",
                "--norms",
                "1,1",
                "--dot",
                -0.5,
                "--depth",
                1,
                "--json")
            .ended(0)
            .json();
    assertEquals(-0.2077659338022872, limit.get("nngp").asDouble(), 1e-13);
    assertEquals(-0.4843169382102628, limit.get("ntk").asDouble(), 1e-13);
  }

  @Test
  void continuumIsTheDefaultDepth() {
    Object[] pair = {"limit", "--norms", "1.5,0.7", "--dot", 0.4, "--json"};
    JsonNode limit = Invocation.of(pair).ended(0).json();
    assertEquals(1.1866962091926476, limit.get("nngp").asDouble(), 1e-9);
    assertEquals(1.609709877666839, limit.get("ntk").asDouble(), 1e-9);
  }

  private static JsonNode limit(JsonNode row, String depth) {
    return Invocation.of(
            "limit",
            "--activation",
            row.get("activation").asText(),
            "--norms",
            row.get("normSqOverD_x").asText() + "," + row.get("normSqOverD_xbar").asText(),
            "--dot",
            row.get("dotOverD").asText(),
            "--horizon",
            row.get("T").asText(),
            "--sigma-u",
            row.get("sigmaU").asText(),
            "--sigma-w",
            row.get("sigmaW").asText(),
            "--sigma-v",
            row.get("sigmaV").asText(),
            "--depth",
            depth,
            "--json")
        .ended(0)
        .json();
  }

  private static void compare(JsonNode expected, JsonNode limit, double tolerance) {
    List<String> keys = new ArrayList<>();
    limit.fieldNames().forEachRemaining(keys::add);
    assertEquals(List.of("nngp", "ntk", "nngpError", "ntkError"), keys);
    for (String kernel : List.of("nngp", "ntk")) {
      double value = expected.get(kernel).asDouble();
      assertEquals(value, limit.get(kernel).asDouble(), tolerance * Math.abs(value), kernel);
      assertTrue(limit.get(kernel + "Error").asDouble() >= 0);
      assertTrue(limit.get(kernel + "Error").asDouble() < 1e-8 * Math.abs(value));
    }
  }

  @Test
  void tilesAreTheGramsInMemoryAndATableGivesThemAgain() throws IOException {
    Object[] data = {"--samples", 60, "--activation", "tanh"};
    Path ntk = directory.resolve("ntk.npy");
    Path nngp = directory.resolve("nngp.npy");
    JsonNode whole = limit(data, "--out", ntk, "--nngp-out", nngp);
    Path tiles = directory.resolve("tiles.npy");
    Path nngpTiles = directory.resolve("nngp-tiles.npy");
    Path table = directory.resolve("tanh.json");
    JsonNode streamed =
        limit(
            data,
            "--no-eigenvalues",
            "--out",
            tiles,
            "--nngp-out",
            nngpTiles,
            "--table-out",
            table);
    assertArrayEquals(Files.readAllBytes(ntk), Files.readAllBytes(tiles));
    assertArrayEquals(Files.readAllBytes(nngp), Files.readAllBytes(nngpTiles));
    assertEquals(whole.get("ntkError"), streamed.get("ntkError"));
    assertEquals(whole.get("method"), streamed.get("method"));
    assertFalse(streamed.has("ntkLeastEigenvalue"));
    Path again = directory.resolve("again.npy");
    limit(new Object[] {"--samples", 60, "--table", table, "--no-eigenvalues"}, "--out", again);
    assertArrayEquals(Files.readAllBytes(ntk), Files.readAllBytes(again));
    assertEquals(
        Spectrum.least(Npy.readFinite(ntk)).value(),
        whole.get("ntkLeastEigenvalue").asDouble(),
        1e-12);
    assertEquals(
        2,
        Invocation.of("limit", "--samples", 60, "--table", table, "--normalise", "unit").code(),
        "other norms than the table's");
  }

  @Test
  void aGramThatDoesNotFitTheBudgetIsRefusedAndItsTilesFit() {
    Path out = directory.resolve("K.npy");
    Object[] big = {"limit", "--samples", 1200, "--memory", "20m"};
    assertEquals(5, Invocation.of(big).code());
    Object[] tiles = Arrays.copyOf(big, big.length + 3);
    tiles[big.length] = "--no-eigenvalues";
    tiles[big.length + 1] = "--out";
    tiles[big.length + 2] = out;
    Invocation.of(tiles).ended(0);
    assertEquals(1200, Npy.readFinite(out).rows());
  }

  /** Over a horizon of 40 the nodes in time are too few for erf. */
  @Test
  void anErrorThatIsNotSmallIsSaidAloud() {
    Object[] pair = {"limit", "--activation", "erf", "--norms", "1,1", "--dot", 1, "--horizon", 40};
    Invocation coarse = Invocation.of(pair);
    coarse.ended(0);
    assertTrue(coarse.err().contains("warning: the limiting NTK is known to"), coarse.err());
    pair[pair.length - 1] = 4;
    Invocation fine = Invocation.of(pair);
    assertFalse(fine.ended(0).err().contains("warning: the"), fine.err());
  }

  /** Bytes as inputs: a closed form, a mixture of such, and a network of finite depth. */
  @Test
  void largeVariancesHaveSmallErrors() {
    for (String[] options :
        new String[][] {{"--activation", "gelu"}, {"--activation", "softplus"}, {"--depth", "3"}}) {
      JsonNode pair =
          limit(new Object[] {"--norms", "20000,10000", "--dot", 12000}, (Object[]) options);
      assertTrue(pair.get("ntkError").asDouble() < 1e-8 * pair.get("ntk").asDouble(), pair + "");
    }
  }

  private static JsonNode limit(Object[] data, Object... options) {
    List<Object> words = new ArrayList<>(List.of("limit", "--json"));
    words.addAll(List.of(data));
    words.addAll(List.of(options));
    return Invocation.of(words.toArray()).ended(0).json();
  }
}
