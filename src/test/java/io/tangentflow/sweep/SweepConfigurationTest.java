package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Normalisation;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class SweepConfigurationTest {

  @Test
  void quickstartIsWhatItsHelpSays() {
    SweepConfiguration quickstart = SweepConfiguration.quickstart(2);
    assertEquals("digits", quickstart.data());
    assertEquals(100, quickstart.samples());
    assertEquals(Normalisation.SPHERE, quickstart.normalise());
    assertEquals(List.of("softplus"), quickstart.activations());
    assertEquals(List.of("rk4"), quickstart.solvers());
    assertEquals(List.of(64, 128, 256, 512, 1024, 2048), quickstart.widths());
    assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L), quickstart.seeds());
    assertEquals(1, quickstart.horizon());
    assertEquals(1, quickstart.sigmaU());
    assertEquals(1, quickstart.sigmaW());
    assertEquals(1, quickstart.sigmaV());
    assertEquals(Precision.FP32, quickstart.precision());
    assertEquals(2, quickstart.threads());
    assertEquals(48, quickstart.cells().size());
    assertEquals(64, quickstart.load().dimension());
  }

  /** Cells are told apart, and Euler's limit is chosen, by name. */
  @Test
  void namesAreWrittenInOneWay() {
    SweepConfiguration c = of(List.of("ReLU"), List.of("EULER", "Rk4"), List.of(8));
    assertEquals(List.of("relu"), c.activations());
    assertEquals(List.of("euler", "rk4"), c.solvers());
    assertEquals("relu-depth-3", Sweep.limitName(c.cells().get(0)));
    assertEquals("relu-depth-inf", Sweep.limitName(c.cells().get(2)));
  }

  @Test
  void cellsAreAllCombinationsEachOnce() {
    SweepConfiguration c = of(List.of("relu", "tanh"), List.of("euler", "rk4"), List.of(8, 16));
    assertEquals(16, c.cells().size());
    assertEquals(16, c.cells().stream().distinct().count());
  }

  @Test
  void repeatedAndMissingValuesAreRefusedByTheNameOfTheirOption() {
    assertRefused(
        "--activation: relu", () -> of(List.of("relu", "RELU"), List.of("rk4"), List.of(8)));
    assertRefused("--solver: rk4", () -> of(List.of("relu"), List.of("rk4", "RK4"), List.of(8)));
    assertRefused("--width: 8", () -> of(List.of("relu"), List.of("rk4"), List.of(8, 8)));
    assertRefused("--width: needs", () -> of(List.of("relu"), List.of("rk4"), List.of()));
    assertRefused("--width: needs", () -> of(List.of("relu"), List.of("rk4"), null));
  }

  private static SweepConfiguration of(
      List<String> activations, List<String> solvers, List<Integer> widths) {
    return SmallRun.configuration(
        activations, solvers, List.of(3), widths, List.of(0L, 1L), Precision.FP64);
  }

  private static void assertRefused(String words, Executable of) {
    String message = assertThrows(InvalidConfiguration.class, of).getMessage();
    assertTrue(message.startsWith(words), message);
  }
}
