package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.CudaEmulator;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the jobs of 'bench' say of themselves; no time is asserted. */
class BenchJobsTest {

  /** Of rounding in a few products and quotients. */
  private static final double EXACT = 1e-12;

  private static final String SIZE = " --width 32 --samples 5 --depth 6 --input-dim 7 --runs 3";

  private static JsonNode bench(String line) {
    List<Object> words = new ArrayList<>(List.of("bench"));
    // A small budget makes the products beside the job small.
    words.addAll(List.of((line + " --memory 2m --json -q").split(" ", -1)));
    return Invocation.of(words.toArray()).ended(0).json();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gradient" + SIZE,
        "gradient --precision fp64 --outputs 2 --solver euler" + SIZE,
        "ntk" + SIZE,
        "training" + SIZE,
        "ensemble --networks 9" + SIZE,
        "limit --samples 9 --input-dim 7 --runs 3",
        "activation --activation tanh,relu --runs 3"
      })
  void ratesFollowFromTimesAndCounts(String line) {
    JsonNode time = bench(line);
    assertEquals(line.replaceFirst(" .*", ""), time.get("job").asText());
    List<Double> runs = new ArrayList<>();
    time.get("runSeconds").forEach(each -> runs.add(each.asDouble()));
    assertEquals(3, runs.size());
    Collections.sort(runs);
    assertEquals(runs.get(0), time.get("seconds").asDouble());
    assertEquals(runs.get(1), time.get("medianSeconds").asDouble());
    assertEquals(runs.get(2), time.get("greatestSeconds").asDouble());
    assertTrue(runs.get(0) > 0, time.toString());
    double gemm = time.get("gemmGflops").asDouble();
    if (time.get("precision").asText().equals("fp32")) {
      assertEquals(gemm, time.get("sgemmGflops").asDouble());
    } else {
      assertTrue(time.get("sgemmGflops").isNull(), time.toString());
    }
    assertEquals(
        gemm,
        Math.max(time.get("gemmGflopsBefore").asDouble(), time.get("gemmGflopsAfter").asDouble()));
    assertTrue(gemm > 0 && time.get("gemmOrder").asInt() > 0, time.toString());
    assertTrue(time.get("peakBytes").asLong() > 0, time.toString());
    boolean solves = line.matches("(gradient|ntk|training|ensemble).*");
    assertEquals(solves, !time.get("forwardSeconds").isNull(), time.toString());
    assertEquals(solves, !time.get("flops").isNull(), time.toString());
    if (solves) {
      double flops = time.get("flops").asDouble();
      double rate = time.get("gflops").asDouble();
      assertEquals(flops, rate * 1e9 * runs.get(0), EXACT * flops);
      assertEquals(rate / gemm, time.get("fractionOfGemm").asDouble(), EXACT * rate / gemm);
    } else {
      assertTrue(time.get("gflops").isNull() && time.get("fractionOfGemm").isNull());
    }
  }

  @Test
  void theGradientCountsThreeProductsOfEachEvaluation() {
    // RK4 evaluates four times a step.
    double expected = 3 * 2.0 * 32 * 32 * 5 * (4 * 6);
    assertEquals(expected, bench("gradient" + SIZE).get("flops").asDouble());
  }

  @Test
  void theNtkTellsItsPlan() {
    JsonNode structured = bench("ntk --gram structured" + SIZE);
    assertEquals("structured", structured.get("algorithm").asText());
    assertTrue(structured.get("weightsSeconds").asDouble() > 0, structured.toString());
    assertTrue(structured.get("peakBytes").asLong() > 4 * 32 * 32, structured.toString());
    JsonNode compressed = bench("ntk --gram compressed --time-nodes 3" + SIZE);
    assertEquals("compressed", compressed.get("algorithm").asText());
    assertEquals(3, compressed.get("timeNodes").asInt());
  }

  @Test
  void aTrainingStepsOperationsShareItsTime() {
    JsonNode training = bench("training" + SIZE);
    double share = 0;
    double products = 0;
    for (JsonNode each : training.get("operations")) {
      share += each.get("share").asDouble();
      products +=
          each.get("name").asText().equals("gemm") ? each.get("callsPerStep").asDouble() : 0;
    }
    assertEquals(1, share, EXACT);
    // W forward and back in each of 6 steps; U and V forward; V back; the three gradients.
    assertEquals(6 + 6 + 2 + 1 + 3, products);
  }

  @Test
  void theEnsembleIsSetBesideTheGreaterOfItsTwoBounds() {
    JsonNode time = bench("ensemble --networks 9 --precision fp64" + SIZE);
    double seconds = time.get("seconds").asDouble();
    double weights = 9 * 32.0 * (32 + 7 + 1);
    double read = 9 * 32.0 * (32 * 6 + 7 + 1);
    assertEquals(2 * read * 5, time.get("flops").asDouble(), EXACT * read);
    assertEquals(weights, time.get("weightsPerSecond").asDouble() * seconds, EXACT * weights);
    assertEquals(9, time.get("networksPerSecond").asDouble() * seconds, 9 * EXACT);
    double making = weights / time.get("gaussiansPerSecond").asDouble();
    double reading = 8 * read / (1e9 * time.get("copyGigabytesPerSecond").asDouble());
    assertEquals(making, time.get("secondsToMakeWeights").asDouble(), EXACT * making);
    assertEquals(reading, time.get("secondsToReadWeights").asDouble(), EXACT * reading);
    double fraction = Math.max(making, reading) / seconds;
    assertEquals(fraction, time.get("fractionOfBound").asDouble(), EXACT * fraction);
    assertEquals(seconds, time.get("forwardSeconds").asDouble());
  }

  @Test
  void theLimitsTableIsTimedApart() {
    JsonNode limit = bench("limit --samples 40 --input-dim 7 --runs 3");
    assertTrue(limit.get("tableSeconds").asDouble() > 0, limit.toString());
    double gram = limit.get("gramSeconds").asDouble();
    assertEquals(gram, limit.get("nanosecondsPerEntry").asDouble() * 40 * 41 * 1e-9, EXACT * gram);
    assertEquals("fp64", limit.get("precision").asText());
    // The inputs, d×N in FP64, and a tile at least.
    assertTrue(limit.get("peakBytes").asLong() >= 8 * (7 * 40 + 40 * 40), limit.toString());
  }

  @Test
  void everyActivationHasItsTimeOverBothArrays() {
    JsonNode bench = bench("activation --threads 2 --runs 1");
    assertEquals(StandardActivation.values().length, bench.get("activations").size());
    double copy = bench.get("copyGigabytesPerSecond").asDouble();
    for (JsonNode each : bench.get("activations")) {
      for (String array : List.of("large", "small")) {
        JsonNode pass = each.get(array);
        double seconds = pass.get("seconds").asDouble();
        double entries = bench.get(array + "Entries").asDouble();
        double rate = pass.get("gigabytesPerSecond").asDouble();
        double perEntry = pass.get("nanosecondsPerEntryAndCore").asDouble();
        assertEquals(12 * entries, rate * seconds * 1e9, EXACT * 12 * entries);
        assertEquals(2 * seconds, perEntry * entries * 1e-9, EXACT * 2 * seconds);
        assertEquals(rate / copy, pass.get("fractionOfCopy").asDouble(), EXACT * rate / copy);
      }
    }
    assertTrue(bench.get("largeEntries").asInt() >= bench.get("smallEntries").asInt());
  }

  @Test
  void textHasTheSameQuantities() {
    String text =
        Invocation.of(
                "bench",
                "gradient",
                "--width",
                16,
                "--samples",
                3,
                "--depth",
                2,
                "--memory",
                "2m",
                "-q")
            .ended(0)
            .out();
    for (String word : List.of("best of 10", "median", "forward alone", "GFLOP/s", "peak MiB")) {
      assertTrue(text.contains(word), word);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gradient",
        "ntk",
        "limit",
        "activation",
        "ensemble",
        "training",
        "plan",
        "scaling"
      })
  @Tag("emulator")
  void anEmulationHasNoTimes(String job) {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    Invocation refused = Invocation.of("bench", job, "--backend", "cuda").ended(2);
    assertTrue(refused.err().contains("--backend: an emulation runs"), refused.err());
    assertEquals("", refused.out());
  }
}
