package io.tangentflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.GradientMethod;
import io.tangentflow.gradient.GradientMethods;
import io.tangentflow.gradient.GradientSum;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class FrameworkGapTest {

  private static final int SAMPLES = 4;

  /** In FP32 gaps are soon those of rounding. */
  static List<BackendCase> backends() {
    return BackendCase.all().stream().filter(c -> c.precision() == Precision.FP64).toList();
  }

  private static NeuralOde model(double sigmaV) {
    return new NeuralOde(4, 16, 2, 1, 1, 1, sigmaV, StandardActivation.SOFTPLUS);
  }

  private static GradientMethod method(String name) {
    return GradientMethods.named(
        "--gradient", name, StandardDynamics.PRE_ACTIVATION, Precision.FP64, false);
  }

  private static FrameworkGap gap(
      BackendCase which, NeuralOde model, String method, String other, Set<Block> blocks) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 27)) {
      Weights weights = Weights.place(model, new Parameters.Seeded(4), workspace);
      Matrix x = weights.upload(Networks.inputs(model, SAMPLES), workspace);
      Matrix y = workspace.upload(Parameters.gaussian(2, SAMPLES, 5, 7));
      return FrameworkGap.between(
          method(method), method(other), Loss.SQUARED, blocks, weights, x, y, workspace);
    }
  }

  /** One side of a gap on the host. */
  private static final class Side {
    private final DenseMatrix outputs;
    private final Map<Block, DenseMatrix> gradient = new EnumMap<>(Block.class);

    Side(BackendCase which, NeuralOde model, String name) {
      try (Backend backend = which.open();
          Workspace workspace = backend.workspace("a test", 1 << 27)) {
        Weights weights = Weights.place(model, new Parameters.Seeded(4), workspace);
        Matrix x = weights.upload(Networks.inputs(model, SAMPLES), workspace);
        DenseMatrix residual = backend.download(method(name).outputs(weights, x, workspace));
        DenseMatrix y = Parameters.gaussian(2, SAMPLES, 5, 7);
        for (int k = 0; k < y.values().length; k++) {
          residual.values()[k] -= y.values()[k];
        }
        Matrix cotangents = workspace.upload(residual);
        GradientSum sum = new GradientSum(model, x, cotangents, workspace);
        method(name).pull(weights, x, cotangents, sum, workspace);
        outputs = backend.download(sum.outputs());
        sum.gradient().blocks().forEach((block, m) -> gradient.put(block, backend.download(m)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theGapIsThatOfBothGradientsOnTheHost(BackendCase which) {
    NeuralOde model = model(1.1);
    String discrete = "discrete:euler/5";
    String stored = "stored:rk4/6";
    Side one = new Side(which, model, discrete);
    Side two = new Side(which, model, stored);
    double outputs = one.outputs.distance(two.outputs) / two.outputs.norm();
    for (Set<Block> blocks : List.of(EnumSet.allOf(Block.class), EnumSet.of(Block.W))) {
      double distance = 0;
      double norm = 0;
      for (Block block : blocks) {
        distance = Math.hypot(distance, one.gradient.get(block).distance(two.gradient.get(block)));
        norm = Math.hypot(norm, two.gradient.get(block).norm());
      }
      FrameworkGap gap = gap(which, model, discrete, stored, blocks);
      assertTrue(outputs > 1e-3 && distance / norm > 1e-3, "gaps that are there");
      assertEquals(outputs, gap.outputs(), 1e-12);
      assertEquals(distance / norm, gap.gradient(), 1e-12);
    }
  }

  /** Euler's method is of the first order: twice the steps halve the gap, but for O(1/L²). */
  @ParameterizedTest
  @MethodSource("backends")
  void theGapOfEulersMethodIsOfTheFirstOrder(BackendCase which) {
    NeuralOde model = model(1.1);
    Set<Block> all = EnumSet.allOf(Block.class);
    for (String other : List.of("stored:rk4/40", "stored:euler/")) {
      boolean sameSteps = other.endsWith("/");
      FrameworkGap coarse =
          gap(which, model, "discrete:euler/40", sameSteps ? other + 40 : other, all);
      FrameworkGap fine =
          gap(which, model, "discrete:euler/80", sameSteps ? other + 80 : other, all);
      assertEquals(1, Math.log(coarse.gradient() / fine.gradient()) / Math.log(2), 0.1, other);
      if (sameSteps) {
        // The state is the same; it is the adjoint equations that differ.
        assertEquals(0, coarse.outputs(), 1e-13);
      } else {
        assertEquals(1, Math.log(coarse.outputs() / fine.outputs()) / Math.log(2), 0.1, other);
      }
    }
  }

  /** Of outputs and gradients that are zero on both sides nothing is 0/0. */
  @ParameterizedTest
  @MethodSource("backends")
  void whatIsZeroOnBothSidesHasNoGap(BackendCase which) {
    assertEquals(
        new FrameworkGap(0, 0),
        gap(which, model(0), "discrete:euler/5", "stored:rk4/6", EnumSet.of(Block.U, Block.W)));
  }
}
