package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.limit.DotProductKernel.Kind;
import io.tangentflow.kernel.limit.TwoTimeBatch.InputPair;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Philox;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.BackendCase;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Grams tile by tile, by each method and on every backend, against single pairs. */
@Tag("every-backend")
class LimitTilesTest {

  private static final int DIM = 6;

  static List<BackendCase> backends() {
    return BackendCase.all().stream().filter(c -> c.precision() == Precision.FP64).toList();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aSeriesInTheCorrelationGivesThePairsOfInputsOfOneNorm(BackendCase which) {
    check(which, StandardActivation.SOFTPLUS, inputs(40, j -> 1.2), "terms in the correlation");
  }

  @ParameterizedTest
  @MethodSource("backends")
  void homogeneousKernelsTakeOneSeriesForAllNorms(BackendCase which) {
    check(which, StandardActivation.RELU, inputs(40, j -> 0.1 + j), "series of twice");
    check(which, StandardActivation.IDENTITY, inputs(40, j -> 0.1 + j), "series of 2 terms");
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aSeriesInBothNormsGivesThePairsOfInputsOfAnyNorm(BackendCase which) {
    check(which, StandardActivation.ERF, inputs(60, j -> 1 + 0.002 * j), "in the norms");
  }

  @ParameterizedTest
  @MethodSource("backends")
  void fewInputsArePairedOnTheBackend(BackendCase which) {
    DenseMatrix inputs = inputs(9, j -> 0.3 * j); // the first one zero
    check(which, StandardActivation.SOFTPLUS, inputs, "in batches");
    for (StandardActivation phi :
        new StandardActivation[] {StandardActivation.TANH, StandardActivation.GELU}) {
      ContinuumLimit limit = new ContinuumLimit(new NeuralOde(DIM, 1, phi));
      DenseMatrix large = inputs(9, j -> 1e4 + j);
      assertEquals("pair by pair", limit.tiles(large, ForkJoinPool.commonPool()).method());
    }
  }

  private static void check(
      BackendCase which, StandardActivation phi, DenseMatrix inputs, String method) {
    ContinuumLimit limit = new ContinuumLimit(new NeuralOde(DIM, 1, phi));
    LimitTiles tiles = limit.tiles(inputs, ForkJoinPool.commonPool());
    assertTrue(tiles.method().contains(method), tiles.method());
    int n = inputs.columns();
    List<Long> seen = new ArrayList<>();
    LimitGram gram;
    DenseMatrix sunk = DenseMatrix.zeros(n, n);
    try (Backend backend = which.open()) {
      gram = tiles.gram(backend, 1 << 28, seen::add);
      LimitTiles.Errors errors =
          tiles.forEach(
              EnumSet.of(Kind.NTK),
              backend,
              1 << 28,
              done -> {},
              (kind, row, column, tile) -> {
                assertEquals(Kind.NTK, kind);
                for (int j = 0; j < tile.columns(); j++) {
                  for (int i = 0; i < tile.rows(); i++) {
                    sunk.set(row + i, column + j, tile.get(i, j));
                  }
                }
              });
      assertEquals(0, errors.nngp());
      assertEquals(gram.ntkError(), errors.ntk());
    }
    assertEquals(n * (n + 1L) / 2, seen.get(seen.size() - 1));
    assertEquals(tiles.method(), gram.method());
    // The correlation has roundings of some hundred ε; at ρ = ±1 ReLU's slope takes their root.
    double rounding = phi == StandardActivation.RELU ? 2e-7 * n : 1e-13;
    for (int i = 0; i < n; i += 1 + i / 3) {
      for (int j = 0; j <= i; j++) {
        LimitValue k = limit.pair(dot(inputs, i, i), dot(inputs, j, j), dot(inputs, i, j));
        String what = which + " " + phi + " " + i + " " + j;
        assertEquals(
            k.nngp(), gram.nngp().get(i, j), gram.nngpError() + k.nngpError() + rounding, what);
        assertEquals(
            k.ntk(), gram.ntk().get(i, j), gram.ntkError() + k.ntkError() + rounding, what);
        assertEquals(gram.ntk().get(j, i), gram.ntk().get(i, j));
        assertEquals(gram.nngp().get(j, i), gram.nngp().get(i, j));
        assertEquals(gram.ntk().get(i, j), sunk.get(i, j));
      }
    }
  }

  /** Of different norms, x = x̄, x = −x̄ and a zero input; σ's and T not one. */
  @ParameterizedTest
  @MethodSource("backends")
  void batchesEstimateTheErrorOfEachPair(BackendCase which) {
    List<InputPair> pairs =
        List.of(
            new InputPair(1, 1, 0.3),
            new InputPair(1, 0.5, -0.4),
            new InputPair(2, 2, -2),
            new InputPair(0, 1, 0),
            new InputPair(2, 0.5, 0.99),
            new InputPair(1, 1, 1));
    for (StandardActivation phi :
        List.of(StandardActivation.SOFTPLUS, StandardActivation.TANH, StandardActivation.GELU)) {
      ContinuumLimit limit = new ContinuumLimit(new NeuralOde(2, 1, 1, 0.8, 0.9, 1.1, 1.3, phi));
      try (Backend backend = which.open();
          Workspace workspace = backend.workspace("a test", 1 << 28)) {
        LimitValue[] values = new LimitBatch(limit).solve(pairs, workspace);
        for (int i = 0; i < values.length; i++) {
          InputPair pair = pairs.get(i);
          LimitValue k = limit.pair(pair.normSqOverDx(), pair.normSqOverDy(), pair.dotOverD());
          String what = which + " " + phi + " " + pair;
          assertEquals(k.nngp(), values[i].nngp(), k.nngpError() + values[i].nngpError(), what);
          assertEquals(k.ntk(), values[i].ntk(), k.ntkError() + values[i].ntkError(), what);
          assertTrue(values[i].ntkError() < 1e-9, what + ": " + values[i].ntkError());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aTableRefusesInputsOfOtherNorms(BackendCase which) {
    which.require();
    ContinuumLimit limit = new ContinuumLimit(new NeuralOde(DIM, 1, StandardActivation.ERF));
    DotProductKernel kernel = limit.onSphere(1);
    LimitTiles.of(inputs(3, j -> 1), kernel);
    InvalidConfiguration refusal =
        assertThrows(
            InvalidConfiguration.class, () -> LimitTiles.of(inputs(3, j -> 1 + j), kernel));
    assertTrue(refusal.getMessage().contains("sample 1"), refusal.getMessage());
  }

  @ParameterizedTest
  @MethodSource("backends")
  void failuresKeepTheirKind(BackendCase which) {
    which.require();
    LimitingKernel limit =
        new ContinuumLimit(new NeuralOde(DIM, 1, 1, 5, 1, 1, 1, StandardActivation.QUADRATIC));
    for (DenseMatrix inputs : List.of(inputs(40, j -> 1), DenseMatrix.zeros(DIM + 1, 2))) {
      assertThrows(
          InvalidConfiguration.class, () -> limit.tiles(inputs, ForkJoinPool.commonPool()));
    }
    try (Backend backend = which.open()) {
      LimitTiles few = limit.tiles(inputs(3, j -> 1), ForkJoinPool.commonPool());
      assertThrows(InvalidConfiguration.class, () -> few.gram(backend, 1 << 28, finished -> {}));
    }
  }

  /** Directions from Philox, with ‖x_j‖²/d as given. */
  private static DenseMatrix inputs(int n, IntToDoubleFunction normSqOverD) {
    DenseMatrix x = DenseMatrix.zeros(DIM, n);
    Philox.gaussian(5, 0, 0, DIM * n, (i, z) -> x.values()[i] = z);
    for (int j = 0; j < n; j++) {
      double scale = Math.sqrt(normSqOverD.applyAsDouble(j) / dot(x, j, j));
      for (int i = 0; i < DIM; i++) {
        x.set(i, j, scale * x.get(i, j));
      }
    }
    return x;
  }

  private static double dot(DenseMatrix x, int i, int j) {
    double sum = 0;
    for (int k = 0; k < x.rows(); k++) {
      sum += x.get(k, i) * x.get(k, j);
    }
    return sum / x.rows();
  }
}
