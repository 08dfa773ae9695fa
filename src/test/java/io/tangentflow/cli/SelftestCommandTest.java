package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.testing.CudaEmulator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SelftestCommandTest {

  @Test
  void theVectorBackendHoldsInBothPrecisions() {
    JsonNode result =
        Invocation.of("selftest", "--backend", "cpu-vector", "--no-rates", "--json")
            .ended(0)
            .json();
    assertTrue(result.get("agrees").asBoolean());
    assertEquals(2, result.get("runs").size());
    assertEquals(60, result.get("checks").asInt());
    for (JsonNode run : result.get("runs")) {
      assertEquals(20, run.get("operations").size());
      assertEquals(10, run.get("networks").size());
      assertFalse(run.has("rates"));
    }
  }

  @Test
  void theLastLineSaysWhatHolds() {
    Invocation run =
        Invocation.of("selftest", "--backend", "cpu-scalar", "--precision", "fp64", "--no-rates")
            .ended(0);
    assertTrue(run.out().stripTrailing().endsWith("all 30 checks of cpu-scalar hold"), run.out());
  }

  @Test
  void whatABackendDoesNotOfferIsRefused() {
    assertTrue(
        Invocation.of("selftest", "--backend", "cpu-vector", "--precision", "tf32")
            .ended(2)
            .err()
            .contains("tf32 is computed on cuda only"));
  }

  @Test
  @Tag("emulator")
  void theEmulatedDeviceHoldsInAllPrecisionsAndNoRatesAreClaimed() {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    Invocation run =
        Invocation.of("selftest", "--backend", "cuda", "--precision", "fp32,fp64,tf32", "--json")
            .ended(0);
    JsonNode result = run.json();
    assertEquals(90, result.get("checks").asInt());
    for (JsonNode precision : result.get("runs")) {
      assertFalse(precision.has("rates"));
    }
  }
}
