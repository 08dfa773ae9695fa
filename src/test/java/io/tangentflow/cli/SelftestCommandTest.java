package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.backend.BackendProvider;
import io.tangentflow.examples.OwnProducts;
import io.tangentflow.testing.CudaEmulator;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  /**
   * The backend of docs/extending.md, named in a folder that the class path gets beside the rest.
   */
  @Test
  void aBackendOfAUsersOwnIsFoundByItsServiceAndHolds(@TempDir Path folder) throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF").resolve("services"));
    Files.writeString(
        services.resolve(BackendProvider.class.getName()), OwnProducts.class.getName() + "\n");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      Invocation run = Invocation.of("selftest", "--backend", "own-products", "--no-rates");
      assertTrue(
          run.ended(0).out().stripTrailing().endsWith("all 60 checks of own-products hold"),
          run.out());
      assertTrue(Invocation.of("info").ended(0).out().contains("own-products"));
    } finally {
      thread.setContextClassLoader(before);
    }
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
