package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.Normalisation;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.EnsembleSolver;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnsembleCommandTest {

  @TempDir private Path directory;

  @Test
  void fileHoldsARowForEachNetworkAndTheTableItsMoments() {
    Path out = directory.resolve("f.npy");
    JsonNode json =
        Invocation.of(
                "ensemble",
                "--networks",
                500,
                "--width",
                17,
                "--depth",
                3,
                "--samples",
                4,
                "--outputs",
                2,
                "--activation",
                "tanh",
                "--seed",
                9,
                "--precision",
                "fp64",
                "--memory",
                "200k",
                "--out",
                out,
                "--json")
            .ended(0)
            .json();
    DenseMatrix written = Npy.readFinite(out);
    assertEquals(500, written.rows());
    assertEquals(8, written.columns());
    NeuralOde model = new NeuralOde(64, 17, 2, 1, 1, 1, 1, StandardActivation.TANH);
    try (Backend backend = Backends.open(Backends.AUTO, new BackendOptions(Precision.FP64, 2))) {
      Ensemble ensemble = new Ensemble(model, Ensemble.Method.RK4, 3, 9, 500);
      DenseMatrix inputs =
          DataSource.parse("digits").load(4, 0).normalised(Normalisation.SPHERE).inputs();
      EnsembleSolver solver = new EnsembleSolver(ensemble, inputs, backend, 200_000);
      assertTrue(solver.chunk() < 250, "the file was written in several chunks");
      assertArrayEquals(
          new EnsembleSolver(ensemble, inputs, backend, 1 << 28)
              .outputs(finished -> {})
              .transpose()
              .values(),
          written.values());
    }

    double[] first = IntStream.range(0, 500).mapToDouble(b -> written.get(b, 1)).toArray();
    double mean = Arrays.stream(first).average().orElseThrow();
    double variance = Arrays.stream(first).map(v -> (v - mean) * (v - mean)).sum() / 499;
    JsonNode row = json.get("byOutput").get(1);
    assertEquals(0, row.get("sample").asInt());
    assertEquals(1, row.get("output").asInt());
    assertEquals(mean, row.get("mean").asDouble(), 1e-14);
    assertEquals(variance, row.get("variance").asDouble(), 1e-14);
    assertEquals(
        Arrays.stream(written.values()).map(v -> v * v).average().orElseThrow(),
        json.get("all").get("meanSquare").asDouble(),
        1e-13);
  }

  /**
   * Width 256 moves the variance by some hundredths of itself at most, and four thousand networks
   * measure it to 2 %: five standard errors and the bias are allowed.
   */
  @Test
  void varianceIsThatOfTheLimitAndTheDistributionNormal() {
    for (String solver : new String[] {"euler", "rk4"}) {
      JsonNode json =
          Invocation.of(
                  "ensemble",
                  "--networks",
                  4000,
                  "--width",
                  256,
                  "--depth",
                  4,
                  "--samples",
                  1,
                  "--solver",
                  solver,
                  "--json",
                  "-q")
              .ended(0)
              .json();
      JsonNode row = json.get("byOutput").get(0);
      double limit = row.get("nngp").asDouble();
      double error = row.get("varianceError").asDouble();
      assertTrue(error > 0.01 * limit && error < 0.05 * limit, row.toString());
      assertEquals(limit, row.get("variance").asDouble(), 5 * error + 0.03 * limit);
      assertEquals(0, row.get("mean").asDouble(), 5 * row.get("meanError").asDouble());
      // The 1 % point of Lilliefors' test is 1.031/√B.
      assertTrue(row.get("kolmogorovSmirnov").asDouble() < 1.3 / Math.sqrt(4000), row.toString());
      JsonNode limitJson =
          Invocation.of(
                  "limit",
                  "--norms",
                  "1,1",
                  "--dot",
                  1,
                  "--depth",
                  solver.equals("euler") ? "4" : "inf",
                  "--json")
              .ended(0)
              .json();
      assertEquals(limitJson.get("nngp").asDouble(), limit, 1e-9);
    }
  }

  @Test
  void limitThatDoesNotExistIsLeftOutWithAWarning() {
    Invocation command =
        Invocation.of(
                "ensemble",
                "--networks",
                3,
                "--width",
                4,
                "--depth",
                1,
                "--samples",
                1,
                "--activation",
                "quadratic",
                "--json",
                "-q")
            .ended(0);
    assertTrue(command.json().get("byOutput").get(0).get("nngp").isNull(), command.out());
    assertTrue(command.err().startsWith("warning: the limit is not computed"), command.err());
    assertEquals(1, command.err().lines().count());
    assertFalse(command.out().contains("NaN"));
  }

  @Test
  void errorsThatAreNotKnownAreNullAndSaidInWords() {
    Object[] three = {"ensemble", "--networks", 3, "--width", 4, "--samples", 1, "-q"};
    JsonNode row = Invocation.of(with(three, "--json")).ended(0).json().get("byOutput").get(0);
    assertTrue(row.get("variance").asDouble() > 0, row.toString());
    assertTrue(row.get("varianceError").isNull(), row.toString());
    assertTrue(row.get("standardErrorsApart").isNull(), row.toString());
    assertTrue(row.get("kolmogorovSmirnov").isNumber(), row.toString());
    String text = Invocation.of(three).ended(0).out();
    assertTrue(text.contains(" ± not known"), text);

    Object[] silent = with(three, "--sigma-v", 0);
    JsonNode json = Invocation.of(with(silent, "--json")).ended(0).json();
    assertTrue(json.get("byOutput").get(0).get("kolmogorovSmirnov").isNull(), json.toString());
    assertTrue(json.get("all").get("standardErrorsApart").isNull(), json.toString());
    String zeros = Invocation.of(silent).ended(0).out();
    assertFalse(zeros.contains("NaN"), zeros);
  }

  private static Object[] with(Object[] words, Object... more) {
    return Stream.concat(Arrays.stream(words), Arrays.stream(more)).toArray();
  }
}
