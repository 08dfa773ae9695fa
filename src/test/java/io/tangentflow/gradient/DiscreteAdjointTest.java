package io.tangentflow.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.FixedStepSolver;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class DiscreteAdjointTest {

  private static final int SAMPLES = 2;

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  static List<BackendCase> doublePrecisionBackends() {
    return BackendCase.all().stream()
        .filter(c -> c.precision() == Precision.FP64 && c.threads() == 1)
        .toList();
  }

  /**
   * Central differences with h = 2⁻¹⁶ = 1.5e-5: their truncation h²|f'''|/6 and rounding u|f|/h are
   * both near 1e-11 here; 1e-8 leaves room for third derivatives of a thousand.
   */
  @ParameterizedTest
  @MethodSource("doublePrecisionBackends")
  void everyParameterBlockAgreesWithCentralDifferences(BackendCase which) {
    try (Backend backend = which.open()) {
      for (Tableau tableau : Tableau.ALL) {
        for (Activation phi :
            List.of(
                StandardActivation.SOFTPLUS,
                StandardActivation.GELU,
                StandardActivation.QUADRATIC,
                StandardActivation.SINE)) {
          for (int outputs : new int[] {1, 3}) {
            NeuralOde model = new NeuralOde(3, 7, outputs, 0.7, 1.3, 0.8, 1.7, phi);
            compareWithDifferences(model, new TimeGrid(tableau, 3), backend);
          }
        }
      }
    }
  }

  private record Block(
      String name, DenseMatrix parameters, Function<ParameterGradients, DenseMatrix> gradient) {}

  private static void compareWithDifferences(NeuralOde model, TimeGrid grid, Backend backend) {
    Parameters.Given parameters = Networks.parameters(model, 11);
    DenseMatrix x = Networks.inputs(model, SAMPLES);
    try (Workspace workspace = backend.workspace("a test", 1 << 22)) {
      Weights weights = Weights.place(model, parameters, workspace);
      TangentFeatures features =
          new DiscreteAdjoint(grid).features(weights, weights.upload(x, workspace), workspace);
      for (Block which :
          List.of(
              new Block("U", parameters.u(), ParameterGradients::u),
              new Block("W", parameters.w(), ParameterGradients::w),
              new Block("V", parameters.v(), ParameterGradients::v))) {
        DenseMatrix block = which.parameters();
        DenseMatrix[][] gradients = new DenseMatrix[SAMPLES][model.outputs()];
        for (int i = 0; i < SAMPLES; i++) {
          for (int o = 0; o < model.outputs(); o++) {
            gradients[i][o] =
                which.gradient().apply(ParameterGradients.of(features, i, o, workspace));
          }
        }
        double h = 0x1p-16;
        double largest = 0;
        for (int e = 0; e < block.values().length; e++) {
          double kept = block.values()[e];
          block.values()[e] = kept + h;
          DenseMatrix above = outputs(model, parameters, x, grid, backend);
          block.values()[e] = kept - h;
          DenseMatrix below = outputs(model, parameters, x, grid, backend);
          block.values()[e] = kept;
          for (int i = 0; i < SAMPLES; i++) {
            for (int o = 0; o < model.outputs(); o++) {
              double difference = (above.get(o, i) - below.get(o, i)) / (2 * h);
              largest = Math.max(largest, Math.abs(difference));
              assertEquals(
                  difference,
                  gradients[i][o].values()[e],
                  1e-8,
                  () -> model + " by " + grid + ", " + which.name());
            }
          }
        }
        assertTrue(largest > 1e-3, "the gradient is not zero");
      }
    }
  }

  private static DenseMatrix outputs(
      NeuralOde model, Parameters parameters, DenseMatrix x, TimeGrid grid, Backend backend) {
    try (Workspace workspace = backend.workspace("a test", 1 << 22)) {
      Weights weights = Weights.place(model, parameters, workspace);
      return backend.download(
          new FixedStepSolver(grid)
              .solve(weights, weights.upload(x, workspace), workspace)
              .outputs());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void eachOfSeveralOutputsHasTheGradientOfItsOwnNetwork(BackendCase which) {
    for (Tableau tableau : Tableau.ALL) {
      NeuralOde model = new NeuralOde(5, 33, 3, 0.7, 1.3, 0.8, 1.7, StandardActivation.SOFTPLUS);
      Parameters.Given all = Networks.parameters(model, 12);
      DenseMatrix x = Networks.inputs(model, SAMPLES);
      TimeGrid grid = new TimeGrid(tableau, 4);
      double bound = 100 * which.precision().unitRoundoff();
      try (Backend backend = which.open();
          Workspace workspace = backend.workspace("a test", 1 << 24)) {
        TangentFeatures together = features(model, all, x, grid, workspace);
        for (int o = 0; o < 3; o++) {
          double[] row = new double[33];
          for (int j = 0; j < 33; j++) {
            row[j] = all.v().get(o, j);
          }
          Parameters.Given one =
              new Parameters.Given(all.u(), all.w(), new DenseMatrix(1, 33, row));
          TangentFeatures alone = features(model.withOutputs(1), one, x, grid, workspace);
          for (int i = 0; i < SAMPLES; i++) {
            ParameterGradients expected = ParameterGradients.of(alone, i, 0, workspace);
            ParameterGradients actual = ParameterGradients.of(together, i, o, workspace);
            assertClose(expected.u(), actual.u(), bound);
            assertClose(expected.w(), actual.w(), bound);
            for (int j = 0; j < 33; j++) {
              for (int p = 0; p < 3; p++) {
                double derivative = p == o ? expected.v().get(0, j) : 0;
                assertEquals(derivative, actual.v().get(p, j), bound);
              }
            }
          }
        }
      }
    }
  }

  /**
   * ⟨Jv, e⟩ = ⟨v, Jᵀe⟩ on a linear network without a solver's error: with φ = identity and one
   * Euler step, f = c V(I + sW)(I·u)x, whose derivative along (δU, δW, δV) is known.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void theGradientOfALinearNetworkIsTheTransposeOfItsDerivative(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 31, 1, 0.5, 1.1, 0.9, 1.2, StandardActivation.IDENTITY);
    Parameters.Given at = Networks.parameters(model, 21);
    Parameters.Given along = Networks.parameters(model, 22);
    DenseMatrix x = Networks.inputs(model, 1);
    double s = model.horizon() * model.flowScale();
    DenseMatrix h = scaled(model.inputScale(), Networks.product(at.u(), x));
    DenseMatrix dh = scaled(model.inputScale(), Networks.product(along.u(), x));
    DenseMatrix end = plus(h, s, Networks.product(at.w(), h));
    DenseMatrix dEnd =
        plus(plus(dh, s, Networks.product(at.w(), dh)), s, Networks.product(along.w(), h));
    double forward =
        model.outputScale()
            * (Networks.product(at.v(), dEnd).get(0, 0)
                + Networks.product(along.v(), end).get(0, 0));
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 22)) {
      TangentFeatures features = features(model, at, x, new TimeGrid(Tableau.EULER, 1), workspace);
      ParameterGradients g = ParameterGradients.of(features, 0, 0, workspace);
      double backward = dot(g.u(), along.u()) + dot(g.w(), along.w()) + dot(g.v(), along.v());
      assertTrue(Math.abs(forward) > 0.1);
      double bound = 4 * 31 * which.precision().unitRoundoff() * g.w().norm() * 31;
      assertEquals(forward, backward, bound);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theStatedBytesAreThePeakAndWhatIsLeft(BackendCase which) {
    int number = which.precision().bytes();
    for (Tableau tableau : Tableau.ALL) {
      for (int outputs : new int[] {1, 3}) {
        for (int depth : new int[] {1, 4}) {
          NeuralOde model = new NeuralOde(5, 33, outputs, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
          DiscreteAdjoint adjoint = new DiscreteAdjoint(new TimeGrid(tableau, depth));
          try (Backend backend = which.open();
              Workspace workspace = backend.workspace("a test", 1 << 24)) {
            Weights weights = Weights.place(model, new Parameters.Seeded(1), workspace);
            var x = weights.upload(Networks.inputs(model, 7), workspace);
            long before = (1 << 24) - workspace.remainingBytes();
            adjoint.features(weights, x, workspace);
            long peak = workspace.peakBytes() - before;
            assertEquals(peak, adjoint.bytes(model, 7, number), tableau + ", " + outputs);
            long left = (1 << 24) - workspace.remainingBytes() - before;
            assertEquals(left, adjoint.retainedBytes(model, 7, number));
          }
        }
      }
    }
  }

  /**
   * Wφ(h) = 0, so the state stays, but Wᵀ(φ' ∘ λ) does not vanish and grows step by step. Powers of
   * two keep the zero exact.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void anAdjointThatOverflowsIsNamed(BackendCase which) {
    NeuralOde model = new NeuralOde(1, 2, 1, 1, 1, 1, 1, StandardActivation.QUADRATIC);
    Parameters.Given parameters =
        new Parameters.Given(
            new DenseMatrix(2, 1, new double[] {0x1p10, -0x1p10}),
            new DenseMatrix(2, 2, new double[] {0x1p20, 0x1p20, -0x1p20, -0x1p20}),
            new DenseMatrix(1, 2, new double[] {1, -1}));
    DenseMatrix x = new DenseMatrix(1, 2, new double[] {0, 1});
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      NonFiniteState failure =
          assertThrows(
              NonFiniteState.class,
              () -> features(model, parameters, x, new TimeGrid(Tableau.EULER, 60), workspace));
      assertTrue(failure.getMessage().contains("adjoint of sample 1"), failure.getMessage());
    }
  }

  private static TangentFeatures features(
      NeuralOde model, Parameters parameters, DenseMatrix x, TimeGrid grid, Workspace workspace) {
    Weights weights = Weights.place(model, parameters, workspace);
    return new DiscreteAdjoint(grid).features(weights, weights.upload(x, workspace), workspace);
  }

  /** Relative to the larger of 1 and the largest entry. */
  private static void assertClose(DenseMatrix expected, DenseMatrix actual, double bound) {
    double largest = Arrays.stream(expected.values()).map(Math::abs).max().orElseThrow();
    for (int k = 0; k < expected.values().length; k++) {
      assertEquals(expected.values()[k], actual.values()[k], bound * Math.max(1, largest));
    }
  }

  private static double dot(DenseMatrix a, DenseMatrix b) {
    double sum = 0;
    for (int k = 0; k < a.values().length; k++) {
      sum += a.values()[k] * b.values()[k];
    }
    return sum;
  }

  private static DenseMatrix scaled(double factor, DenseMatrix m) {
    return plus(DenseMatrix.zeros(m.rows(), m.columns()), factor, m);
  }

  private static DenseMatrix plus(DenseMatrix a, double factor, DenseMatrix b) {
    DenseMatrix sum = DenseMatrix.zeros(a.rows(), a.columns());
    for (int k = 0; k < sum.values().length; k++) {
      sum.values()[k] = a.values()[k] + factor * b.values()[k];
    }
    return sum;
  }
}
