package io.tangentflow.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.BackendUnavailable;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackendsTest {

  private static final BackendOptions OPTIONS = new BackendOptions(Precision.FP64, 1);

  /** A provider that says that name and answer, and opens the scalar backend under it. */
  private record Fake(String name, int rank, boolean usable, String reason)
      implements BackendProvider {
    @Override
    public boolean hasDevices() {
      return name.equals("middle");
    }

    @Override
    public Usability probe() {
      return new Usability(usable, reason);
    }

    @Override
    public Backend open(BackendOptions options) {
      throw new Opened(options.device() == 0 ? name : name + " on device " + options.device());
    }
  }

  /** Says which provider was asked. */
  private static final class Opened extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Opened(String name) {
      super(name);
    }
  }

  private static final List<BackendProvider> FAKES =
      List.of(
          new Fake("best", 90, false, "no device"),
          new Fake("middle", 50, true, "here"),
          new Fake("least", 1, true, "always"));

  @Test
  void autoOpensTheUsableBackendOfTheHighestRank() {
    assertEquals("middle", opened(Backends.AUTO, FAKES));
  }

  @Test
  void aNameOpensThatBackend() {
    assertEquals("least", opened("least", FAKES));
  }

  @Test
  void aNumberAfterTheNameIsTheDevice() {
    assertEquals("middle on device 3", opened("middle:3", FAKES));
    assertEquals("middle", opened("middle:0", FAKES));
    for (String wrong : List.of("least:1", "auto:1", "middle:", "middle:x", "middle:1:2")) {
      assertThrows(
          InvalidConfiguration.class, () -> Backends.open(wrong, OPTIONS, FAKES).close(), wrong);
    }
  }

  @Test
  void cpuBackendsRefuseWhatNeedsADevice() {
    for (String cpu : List.of("cpu-vector", "cpu-scalar")) {
      assertThrows(
          InvalidConfiguration.class,
          () -> Backends.open(cpu, new BackendOptions(Precision.TF32, 1)).close());
      BackendOptions curand =
          new BackendOptions(Precision.FP64, 1, 0, BackendOptions.GaussianSource.CURAND);
      assertThrows(InvalidConfiguration.class, () -> Backends.open(cpu, curand).close());
    }
  }

  @Test
  void anUnknownNameIsRefusedWithThoseThatAreKnown() {
    InvalidConfiguration refusal =
        assertThrows(
            InvalidConfiguration.class, () -> Backends.open("tpu", OPTIONS, FAKES).close());
    for (String word : List.of("--backend", "'tpu'", "auto", "best", "middle", "least")) {
      assertTrue(refusal.getMessage().contains(word), refusal.getMessage());
    }
  }

  @Test
  void anUnusableBackendIsRefusedWithItsReasonAndNothingStandsIn() {
    BackendUnavailable refusal =
        assertThrows(BackendUnavailable.class, () -> Backends.open("best", OPTIONS, FAKES).close());
    assertTrue(refusal.getMessage().contains("best: no device"), refusal.getMessage());
  }

  @Test
  void whereNothingIsUsableEveryReasonIsGiven() {
    List<BackendProvider> none =
        List.of(new Fake("a", 2, false, "no driver"), new Fake("b", 1, false, "no library"));
    BackendUnavailable refusal =
        assertThrows(
            BackendUnavailable.class, () -> Backends.open(Backends.AUTO, OPTIONS, none).close());
    assertTrue(refusal.getMessage().contains("a: no driver; b: no library"), refusal.getMessage());
  }

  @Test
  void providersComeByFallingRankAndHaveAReason() {
    List<BackendProvider> providers = Backends.providers();
    assertEquals(
        providers.stream()
            .sorted(Comparator.comparingInt(BackendProvider::rank).reversed())
            .map(BackendProvider::name)
            .toList(),
        providers.stream().map(BackendProvider::name).toList());
    assertTrue(providers.stream().anyMatch(p -> p.name().equals("cpu-vector")));
    assertTrue(providers.stream().anyMatch(p -> p.name().equals("cpu-scalar")));
    providers.forEach(p -> assertTrue(!p.probe().reason().isBlank(), p.name()));
  }

  @Test
  void theReferenceBackendRefusesFp32() {
    InvalidConfiguration refusal =
        assertThrows(
            InvalidConfiguration.class,
            () -> Backends.open("cpu-scalar", new BackendOptions(Precision.FP32, 1)).close());
    assertTrue(refusal.getMessage().contains("--precision"), refusal.getMessage());
  }

  @Test
  void optionsAndNamesAreValidated() {
    assertThrows(InvalidConfiguration.class, () -> new BackendOptions(Precision.FP64, 0));
    assertThrows(InvalidConfiguration.class, () -> Precision.named("fp16"));
    assertEquals(Precision.FP32, Precision.named("FP32"));
    assertEquals(Precision.TF32, Precision.named("tf32"));
    assertEquals(0x1p-24, Precision.FP32.unitRoundoff());
    assertEquals(Math.ulp(1.0) / 2, Precision.FP64.unitRoundoff());
  }

  private static String opened(String name, List<BackendProvider> providers) {
    return assertThrows(Opened.class, () -> Backends.open(name, OPTIONS, providers).close())
        .getMessage();
  }
}
