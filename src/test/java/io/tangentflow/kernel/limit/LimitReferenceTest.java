package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

/**
 * Against {@code limits.json}, an independent program by Gauss–Hermite quadrature with 80 nodes per
 * axis. That quadrature reaches rounding for Softplus, GELU and polynomials. For tanh, with poles
 * at ±iπ/2, it is off by 1e-9 (NNGP) to 8e-9 (NTK), as the trapezoidal rule shows, and for ReLU the
 * file states errors of 5e-9.
 */
class LimitReferenceTest {

  @Test
  void everyRowIsReproduced() throws IOException {
    JsonNode rows;
    try (InputStream file = getClass().getResourceAsStream("/reference/limits.json")) {
      rows = new ObjectMapper().readTree(file);
    }
    assertEquals(7, rows.size());
    for (JsonNode row : rows) {
      StandardActivation phi = StandardActivation.named(row.get("activation").asText());
      NeuralOde ode =
          new NeuralOde(
              2,
              1,
              1,
              row.get("T").asDouble(),
              row.get("sigmaU").asDouble(),
              row.get("sigmaW").asDouble(),
              row.get("sigmaV").asDouble(),
              phi);
      for (int depth : new int[] {1, 4, 16}) {
        double tolerance = phi == StandardActivation.TANH ? 2e-8 : 1e-10;
        LimitValue k = pair(new FiniteDepthLimit(ode, depth), row);
        assertRow(row.get("eulerDepth").get(String.valueOf(depth)), k, tolerance);
      }
      double tolerance =
          switch (phi) {
            case TANH, RELU -> 2e-8;
            default -> 1e-12;
          };
      assertRow(row.get("continuum"), pair(new ContinuumLimit(ode), row), tolerance);
    }
  }

  private static LimitValue pair(LimitingKernel kernel, JsonNode row) {
    return kernel.pair(
        row.get("normSqOverD_x").asDouble(),
        row.get("normSqOverD_xbar").asDouble(),
        row.get("dotOverD").asDouble());
  }

  private static void assertRow(JsonNode expected, LimitValue k, double tolerance) {
    double nngp = expected.get("nngp").asDouble();
    double ntk = expected.get("ntk").asDouble();
    assertEquals(nngp, k.nngp(), tolerance * Math.abs(nngp));
    assertEquals(ntk, k.ntk(), tolerance * Math.abs(ntk));
    assertTrue(k.nngpError() < 1e-11 && k.ntkError() < 1e-11, k.toString());
  }
}
