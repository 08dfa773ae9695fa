package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.TwoTimeEquations;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.limit.TwoTimeBatch.InputPair;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.LeakyRelu;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.BackendCase;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The two-time equations on every backend, against the limits that are computed pair by pair. */
@Tag("every-backend")
class TwoTimeBatchTest {

  private static final int NODES = 16;

  /** Of different norms, orthogonal, of negative correlation, x = x̄, x = −x̄, and a zero input. */
  private static final List<InputPair> PAIRS =
      List.of(
          new InputPair(1, 1, 0.3),
          new InputPair(1, 0.5, -0.4),
          new InputPair(0.5, 2, 0),
          new InputPair(1, 1, 1),
          new InputPair(2, 2, -2),
          new InputPair(0, 1, 0),
          new InputPair(0, 0, 0),
          new InputPair(2, 0.5, 0.99));

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void continuumAgreesWithLimitsPairByPair(BackendCase which) {
    for (StandardActivation phi :
        List.of(StandardActivation.SOFTPLUS, StandardActivation.TANH, StandardActivation.GELU)) {
      NeuralOde ode = new NeuralOde(2, 1, 1, 0.8, 0.9, 1.1, 1.3, phi);
      check(TwoTimeBatch.continuum(ode, NODES), new ContinuumLimit(ode), 0, which);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void finiteDepthAgreesWithLimitsPairByPair(BackendCase which) {
    for (StandardActivation phi :
        List.of(StandardActivation.SOFTPLUS, StandardActivation.TANH, StandardActivation.GELU)) {
      NeuralOde ode = new NeuralOde(2, 1, 1, 0.8, 0.9, 1.1, 1.3, phi);
      for (int depth : new int[] {1, 2, 5, 17}) {
        check(TwoTimeBatch.finiteDepth(ode, depth), new FiniteDepthLimit(ode, depth), 0, which);
      }
    }
  }

  /**
   * At ρ = ±1 the derivative's dual of ReLU varies like √(1 ∓ ρ), so some roundings ε of ρ move it
   * by √(2ε)/2π.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void reluAgreesAtFiniteDepth(BackendCase which) {
    NeuralOde ode = new NeuralOde(2, 1, 1, 0.8, 0.9, 1.1, 1.3, StandardActivation.RELU);
    double kink = Math.sqrt(2 * 16 * which.precision().unitRoundoff()) / (2 * Math.PI);
    for (int depth : new int[] {1, 2, 5, 17}) {
      check(TwoTimeBatch.finiteDepth(ode, depth), new FiniteDepthLimit(ode, depth), kink, which);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void rowsOfTheReferenceAreReproduced(BackendCase which) throws IOException {
    JsonNode rows;
    try (InputStream file = getClass().getResourceAsStream("/reference/limits.json")) {
      rows = new ObjectMapper().readTree(file);
    }
    assertEquals(7, rows.size());
    // The file is exact to 2e-8 for tanh and ReLU; see LimitReferenceTest.
    double tolerance = Math.max(2e-8, tolerance(which));
    for (JsonNode row : rows) {
      Activation phi = Activations.named(row.get("activation").asText());
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
      List<InputPair> pair =
          List.of(
              new InputPair(
                  row.get("normSqOverD_x").asDouble(),
                  row.get("normSqOverD_xbar").asDouble(),
                  row.get("dotOverD").asDouble()));
      for (int depth : new int[] {1, 4, 16}) {
        assertRow(
            row.get("eulerDepth").get(String.valueOf(depth)),
            solve(TwoTimeBatch.finiteDepth(ode, depth), pair, which),
            tolerance);
      }
      if (phi != StandardActivation.RELU) {
        assertRow(
            row.get("continuum"),
            solve(TwoTimeBatch.continuum(ode, NODES), pair, which),
            tolerance);
      }
    }
  }

  private static void assertRow(JsonNode expected, DenseMatrix k, double tolerance) {
    double nngp = expected.get("nngp").asDouble();
    double ntk = expected.get("ntk").asDouble();
    assertEquals(nngp, k.get(0, 0), tolerance * Math.max(1, Math.abs(nngp)));
    assertEquals(ntk, k.get(1, 0), tolerance * Math.max(1, Math.abs(ntk)));
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aPairThatDivergesIsMarked(BackendCase which) {
    NeuralOde ode = new NeuralOde(2, 1, 1, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      TwoTimeEquations e =
          TwoTimeBatch.continuum(ode, 6)
              .equations(List.of(new InputPair(1, 1, 0.5), new InputPair(1, 1, 0.2)), workspace);
      DenseMatrix starts = backend.download(e.starts());
      starts.set(0, 0, Double.NaN);
      backend.upload(starts, e.starts());
      Matrix result = workspace.allocate(3, 2);
      backend.twoTimeKernels(e, result, workspace);
      DenseMatrix k = backend.download(result);
      assertTrue(Double.isNaN(k.get(2, 0)), k.get(2, 0) + "");
      assertTrue(k.get(2, 1) < 1e-4 && k.get(1, 1) > 0, k.get(2, 1) + "");
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void shapesThatDoNotFitAreRefusedByNameOfBoth(BackendCase which) {
    NeuralOde ode = new NeuralOde(2, 1, StandardActivation.SOFTPLUS);
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      TwoTimeEquations e =
          TwoTimeBatch.continuum(ode, 6).equations(List.of(new InputPair(1, 1, 0.5)), workspace);
      long before = workspace.remainingBytes();
      backend.twoTimeKernels(e, workspace.allocate(3, 1), workspace);
      assertEquals(before - 3L * which.precision().bytes(), workspace.remainingBytes());
      Matrix wrong = workspace.allocate(5, 4);
      assertRefused(e, wrong, backend, workspace);
      Matrix result = workspace.allocate(3, 1);
      assertRefused(with(e, wrong, e.toEnd(), e.starts()), result, backend, workspace);
      assertRefused(with(e, e.fromStart(), wrong, e.starts()), result, backend, workspace);
      assertRefused(with(e, e.fromStart(), e.toEnd(), wrong), result, backend, workspace);
    }
  }

  private static TwoTimeEquations with(
      TwoTimeEquations e, Matrix fromStart, Matrix toEnd, Matrix starts) {
    return new TwoTimeEquations(
        e.dual(),
        fromStart,
        toEnd,
        e.weights(),
        e.kappa(),
        e.sigmaVSquared(),
        e.iterations(),
        e.values(),
        e.derivatives(),
        e.deviations(),
        e.first(),
        e.second(),
        starts);
  }

  private static void assertRefused(
      TwoTimeEquations e, Matrix result, Backend backend, Workspace workspace) {
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> backend.twoTimeKernels(e, result, workspace))
            .getMessage();
    assertTrue(message.contains("6x1") && message.contains("5x4"), message);
  }

  @Test
  void reluInTheContinuumIsRefused() {
    NeuralOde ode = new NeuralOde(2, 1, StandardActivation.RELU);
    assertThrows(InvalidConfiguration.class, () -> TwoTimeBatch.continuum(ode, 6));
  }

  @Test
  void kinksOtherThanThatOfReluAreRefused() {
    NeuralOde ode = new NeuralOde(2, 1, new LeakyRelu(0.1));
    assertThrows(InvalidConfiguration.class, () -> TwoTimeBatch.continuum(ode, 6));
    assertThrows(InvalidConfiguration.class, () -> TwoTimeBatch.finiteDepth(ode, 3));
  }

  /**
   * Iterates are equal to two units in the last place or have stalled below 10⁻⁵ in FP32; there the
   * tables and matrices are rounded to 6·10⁻⁸, in sums of some hundred terms.
   */
  private static double tolerance(BackendCase which) {
    return which.precision() == Precision.FP64 ? 1e-12 : 2e-5;
  }

  /** Errors are relative to what the values would be if nothing cancelled. */
  private static void check(
      TwoTimeBatch batch, LimitingKernel limit, double kink, BackendCase which) {
    DenseMatrix k = solve(batch, PAIRS, which);
    for (int i = 0; i < PAIRS.size(); i++) {
      InputPair pair = PAIRS.get(i);
      LimitValue expected = limit.pair(pair.normSqOverDx(), pair.normSqOverDy(), pair.dotOverD());
      LimitValue x = limit.pair(pair.normSqOverDx(), pair.normSqOverDx(), pair.normSqOverDx());
      LimitValue y = limit.pair(pair.normSqOverDy(), pair.normSqOverDy(), pair.normSqOverDy());
      double tolerance = tolerance(which) + kink;
      double nngpScale = Math.sqrt(x.nngp() * y.nngp());
      double ntkScale = Math.sqrt(x.ntk() * y.ntk());
      String what = which + " " + pair;
      assertEquals(
          expected.nngp(), k.get(0, i), tolerance * nngpScale + expected.nngpError(), what);
      assertEquals(expected.ntk(), k.get(1, i), tolerance * ntkScale + expected.ntkError(), what);
      assertTrue(k.get(2, i) <= (which.precision() == Precision.FP64 ? 1e-12 : 1e-5), what);
    }
  }

  private static DenseMatrix solve(TwoTimeBatch batch, List<InputPair> pairs, BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      Matrix result = workspace.allocate(3, pairs.size());
      backend.twoTimeKernels(batch.equations(pairs, workspace), result, workspace);
      return backend.download(result);
    }
  }
}
