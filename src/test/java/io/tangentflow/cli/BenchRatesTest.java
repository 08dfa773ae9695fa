package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.backend.check.OperationRate;
import io.tangentflow.testing.CudaEmulator;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class BenchRatesTest {

  /** Of rounding in the arithmetic of a ratio. */
  private static final double EXACT = 1e-12;

  @Test
  void eachRateIsAFractionOfTheBetterMeasurementOfWhatBoundsIt() {
    JsonNode bench =
        Invocation.of("bench", "--width", 128, "--threads", 2, "--memory", "64m", "--json")
            .ended(0)
            .json();
    JsonNode first = bench.get("first");
    JsonNode last = bench.get("last");
    double product = better(first, last, "gflops");
    double fp64 = better(first, last, "fp64Gflops");
    double copy = better(first, last, "copyGigabytesPerSecond");
    assertEquals(product, bench.get("sgemmGflops").asDouble());
    assertEquals(fp64, bench.get("fp64GemmGflops").asDouble());
    assertEquals(copy, bench.get("copyGigabytesPerSecond").asDouble());
    assertEquals(OperationRate.OPERATIONS, bench.get("operations").size());
    double entries = 128 * 128;
    for (JsonNode each : bench.get("operations")) {
      String name = each.get("operation").asText();
      double seconds = each.get("seconds").asDouble();
      double fraction = each.get("fraction").asDouble();
      if (name.endsWith("load")) {
        assertTrue(each.get("fraction").isNull() && each.get("bound").isNull(), name);
      } else {
        double ofCopy = each.get("gigabytesPerSecond").asDouble() / copy;
        double ofProduct = each.get("gflops").asDouble() / product;
        double ofFp64 = each.get("gflops").asDouble() / fp64;
        boolean sums = name.matches("contract.*|dot|softmax.*");
        double expected = Math.max(ofCopy, sums ? ofFp64 : ofProduct);
        assertEquals(expected, fraction, EXACT * expected, name);
        assertEquals(ofCopy == expected ? "copy" : "product", each.get("bound").asText(), name);
      }
      if (name.equals("gemm 128")) {
        assertEquals(2 * entries * 128, each.get("gflops").asDouble() * seconds * 1e9, 1e-3);
      }
      if (name.equals("activate softplus")) {
        // Read φ's argument, write φ and φ'; two threads share the entries.
        assertEquals(12 * entries, each.get("gigabytesPerSecond").asDouble() * seconds * 1e9, 1e-3);
        double perEntry = 2e9 * seconds / entries;
        assertEquals(perEntry, each.get("nanosecondsPerEntryAndCore").asDouble(), EXACT * perEntry);
      }
    }
  }

  private static double better(JsonNode first, JsonNode last, String rate) {
    return Math.max(first.get(rate).asDouble(), last.get(rate).asDouble());
  }

  @Test
  @Tag("emulator")
  void anEmulationHasNoRates() {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    for (List<String> job : List.of(List.<String>of(), List.of("ntk"), List.of("training"))) {
      Object[] words = new Object[job.size() + 3];
      words[0] = "bench";
      System.arraycopy(job.toArray(), 0, words, 1, job.size());
      words[job.size() + 1] = "--backend";
      words[job.size() + 2] = "cuda";
      Invocation refused = Invocation.of(words).ended(2);
      assertTrue(
          refused.err().contains("--backend: an emulation runs the kernels of cuda"),
          refused.err());
      assertEquals("", refused.out());
    }
  }
}
