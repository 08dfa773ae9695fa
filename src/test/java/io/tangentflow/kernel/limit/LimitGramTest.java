package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Philox;
import io.tangentflow.model.StandardActivation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LimitGramTest {

  private static final int DIM = 5;

  /** 60 inputs of two norms: the blocks of equal and of mixed norms are large enough for tables. */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU", "TANH", "IDENTITY"})
  void entriesEqualPairsWithinTheStatedErrors(StandardActivation phi) {
    int n = 60;
    DenseMatrix inputs = inputs(n, j -> j % 2 == 0 ? 1 : 1.4);
    LimitingKernel limit = new ContinuumLimit(new NeuralOde(DIM, 1, phi));
    LimitGram gram = gram(limit, inputs);
    for (int i = 0; i < n; i += 23) {
      for (int j = 0; j < n; j += 8) {
        assertEntry(limit, inputs, gram, i, j);
      }
      assertEntry(limit, inputs, gram, i, i);
    }
  }

  @Test
  void entriesEqualPairsForInputsOfAnyNorm() {
    DenseMatrix inputs = inputs(8, j -> 0.3 + 0.2 * j);
    for (LimitingKernel limit :
        List.of(
            new ContinuumLimit(new NeuralOde(DIM, 1, StandardActivation.GELU)),
            new FiniteDepthLimit(new NeuralOde(DIM, 1, StandardActivation.SOFTPLUS), 5))) {
      LimitGram gram = gram(limit, inputs);
      for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 8; j++) {
          assertEntry(limit, inputs, gram, i, j);
        }
      }
    }
  }

  private static void assertEntry(
      LimitingKernel limit, DenseMatrix inputs, LimitGram gram, int i, int j) {
    LimitValue k = limit.pair(dot(inputs, i, i), dot(inputs, j, j), dot(inputs, i, j));
    assertEquals(k.nngp(), gram.nngp().get(i, j), gram.nngpError() + k.nngpError(), i + " " + j);
    assertEquals(k.ntk(), gram.ntk().get(i, j), gram.ntkError() + k.ntkError(), i + " " + j);
    assertEquals(gram.ntk().get(j, i), gram.ntk().get(i, j));
    assertEquals(gram.nngp().get(j, i), gram.nngp().get(i, j));
  }

  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "RELU", "SILU", "SINE"})
  void theTableKeepsItsStatedError(StandardActivation phi) {
    LimitingKernel limit = new ContinuumLimit(new NeuralOde(DIM, 1, phi));
    DotProductKernel table = limit.onSphere(1);
    for (double rho : new double[] {-1, -0.99999, -0.7, 0, 0.123, 0.9, 0.9997, 0.9999999, 1}) {
      LimitValue k = limit.pair(1, 1, rho);
      LimitValue read = table.at(1, 1, rho);
      assertEquals(k.nngp(), read.nngp(), k.nngpError() + read.nngpError(), phi + " " + rho);
      assertEquals(k.ntk(), read.ntk(), k.ntkError() + read.ntkError(), phi + " " + rho);
      assertTrue(read.ntkError() < (phi == StandardActivation.RELU ? 1e-7 : 1e-12));
    }
  }

  @Test
  void progressEndsWithAllPairs() {
    List<Long> seen = Collections.synchronizedList(new ArrayList<>());
    ForkJoinPool pool = new ForkJoinPool(2);
    try (Backend backend = open()) {
      new FiniteDepthLimit(new NeuralOde(DIM, 1, StandardActivation.ERF), 2)
          .tiles(inputs(9, j -> 1 + j), pool)
          .gram(backend, 1 << 24, seen::add);
    }
    pool.shutdown();
    assertEquals(45, seen.get(seen.size() - 1));
    assertEquals(seen.stream().sorted().toList(), seen);
  }

  @Test
  void failuresKeepTheirKind() {
    LimitingKernel limit =
        new ContinuumLimit(new NeuralOde(DIM, 1, 1, 5, 1, 1, 1, StandardActivation.QUADRATIC));
    assertThrows(InvalidConfiguration.class, () -> gram(limit, inputs(40, j -> 1)));
    assertThrows(InvalidConfiguration.class, () -> gram(limit, DenseMatrix.zeros(DIM + 1, 2)));
  }

  private static LimitGram gram(LimitingKernel limit, DenseMatrix inputs) {
    try (Backend backend = open()) {
      return limit.gram(inputs, backend);
    }
  }

  private static Backend open() {
    return Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 2));
  }

  /** Directions from Philox, with ‖x_j‖²/d as given. */
  private static DenseMatrix inputs(int n, java.util.function.IntToDoubleFunction normSqOverD) {
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
