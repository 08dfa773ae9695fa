package io.tangentflow.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.TrainingDiverged;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.ParameterGradients;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class GradientDescentTest {

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /** What a test does with a network, inputs and targets on a device. */
  private interface Check {
    void of(Weights weights, Matrix x, Matrix targets, Workspace workspace);
  }

  private static void on(
      BackendCase which, NeuralOde model, Parameters parameters, int samples, Check check) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      Weights weights = Weights.place(model, parameters, workspace);
      Matrix x = weights.upload(Networks.inputs(model, samples), workspace);
      Matrix targets = workspace.allocate(model.outputs(), samples);
      backend.upload(targets(model, samples), targets);
      check.of(weights, x, targets, workspace);
    }
  }

  private static DenseMatrix targets(NeuralOde model, int samples) {
    return Parameters.gaussian(model.outputs(), samples, 5, 7);
  }

  private static Weights zero(NeuralOde model, Workspace workspace) {
    return new Weights(
        model,
        workspace.allocate(model.width(), model.inputDim()),
        workspace.allocate(model.width(), model.width()),
        workspace.allocate(model.outputs(), model.width()),
        workspace.backend());
  }

  /** The tolerance of a short computation; both sides sum some hundred products. */
  @ParameterizedTest
  @MethodSource("backends")
  void gradientIsTheResidualsCombinationOfTheOutputsGradients(BackendCase which) {
    for (Tableau tableau : Tableau.ALL) {
      for (int outputs : new int[] {1, 3}) {
        NeuralOde model =
            new NeuralOde(4, 11, outputs, 1.5, 1.2, 0.8, 1.1, StandardActivation.SOFTPLUS);
        TimeGrid grid = new TimeGrid(tableau, 3);
        on(
            which,
            model,
            new Parameters.Seeded(3),
            5,
            (weights, x, targets, workspace) -> {
              Backend backend = workspace.backend();
              Weights gradient = zero(model, workspace);
              new GradientDescent(weights, grid, x, targets, workspace).gradient(gradient);

              TangentFeatures features = new DiscreteAdjoint(grid).features(weights, x, workspace);
              DenseMatrix f = backend.download(features.outputs());
              DenseMatrix u = DenseMatrix.zeros(11, 4);
              DenseMatrix w = DenseMatrix.zeros(11, 11);
              DenseMatrix v = DenseMatrix.zeros(outputs, 11);
              DenseMatrix y = backend.download(targets);
              for (int i = 0; i < 5; i++) {
                for (int o = 0; o < outputs; o++) {
                  double r = f.get(o, i) - y.get(o, i);
                  ParameterGradients g = ParameterGradients.of(features, i, o, workspace);
                  add(r, g.u(), u);
                  add(r, g.w(), w);
                  add(r, g.v(), v);
                }
              }
              assertClose(u, backend.download(gradient.u()), which);
              assertClose(w, backend.download(gradient.w()), which);
              assertClose(v, backend.download(gradient.v()), which);
            });
      }
    }
  }

  private static void add(double weight, DenseMatrix m, DenseMatrix sum) {
    for (int k = 0; k < sum.values().length; k++) {
      sum.values()[k] += weight * m.values()[k];
    }
  }

  private static void assertClose(DenseMatrix expected, DenseMatrix actual, BackendCase which) {
    assertTrue(expected.norm() > 0.01);
    assertTrue(
        expected.distance(actual) <= which.tolerance() * expected.norm(),
        which + ": " + expected.distance(actual) / expected.norm());
  }

  /** Differences of FP32 losses are rounding. */
  static List<BackendCase> doublePrecisionBackends() {
    return backends().stream().filter(c -> c.precision() == Precision.FP64).toList();
  }

  /** Of L(θ + εδ) with ε = 1e-5 the error is about ε² and u/ε, both relative. */
  @ParameterizedTest
  @MethodSource("doublePrecisionBackends")
  void gradientAgreesWithCentralDifferencesOfTheLoss(BackendCase which) {
    for (Tableau tableau : Tableau.ALL) {
      NeuralOde model = new NeuralOde(4, 9, 2, 1, 1, 1, 1, StandardActivation.GELU);
      TimeGrid grid = new TimeGrid(tableau, 4);
      on(
          which,
          model,
          new Parameters.Seeded(8),
          3,
          (weights, x, targets, workspace) -> {
            Backend backend = workspace.backend();
            GradientDescent descent = new GradientDescent(weights, grid, x, targets, workspace);
            Weights gradient = zero(model, workspace);
            descent.gradient(gradient);
            double epsilon = 1e-5;
            for (int block = 0; block < 3; block++) {
              Matrix theta = List.of(weights.u(), weights.w(), weights.v()).get(block);
              Matrix slope = List.of(gradient.u(), gradient.w(), gradient.v()).get(block);
              Matrix direction = workspace.allocate(theta.rows(), theta.columns());
              backend.gaussian(direction, 99, block);
              double expected = backend.dot(direction, slope);
              backend.addScaled(epsilon, direction, theta);
              double above = descent.loss();
              backend.addScaled(-2 * epsilon, direction, theta);
              double below = descent.loss();
              backend.addScaled(epsilon, direction, theta);
              assertEquals(
                  expected,
                  (above - below) / (2 * epsilon),
                  1e-7 * Math.max(1, Math.abs(expected)),
                  tableau + " block " + block);
            }
          });
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void stepsLowerTheLossAndEachReturnsTheLossBeforeIt(BackendCase which) {
    for (Tableau tableau : List.of(Tableau.EULER, Tableau.RK4)) {
      NeuralOde model = new NeuralOde(6, 64, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
      on(
          which,
          model,
          new Parameters.Seeded(1),
          4,
          (weights, x, targets, workspace) -> {
            GradientDescent descent =
                new GradientDescent(weights, new TimeGrid(tableau, 5), x, targets, workspace);
            double loss = descent.loss();
            for (int step = 0; step < 20; step++) {
              assertEquals(loss, descent.step(0.02));
              double next = descent.loss();
              assertTrue(next < loss, "step " + step + ": " + next + " after " + loss);
              loss = next;
            }
          });
    }
  }

  /** With φ the identity, Δ = 1 and all of size one f = v (1 + w) u x; the numbers are dyadic. */
  @ParameterizedTest
  @MethodSource("backends")
  void theStepOfALinearNetworkOfDepthOneIsItsFormula(BackendCase which) {
    NeuralOde model = new NeuralOde(1, 1, 1, 1, 1, 1, 1, StandardActivation.IDENTITY);
    Parameters.Given parameters = new Parameters.Given(scalar(2), scalar(0.5), scalar(-1));
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      Weights weights = Weights.place(model, parameters, workspace);
      Matrix x = weights.upload(new DenseMatrix(1, 2, new double[] {1, -0.5}), workspace);
      Matrix y = workspace.allocate(1, 2);
      backend.upload(new DenseMatrix(1, 2, new double[] {-2, 1}), y);
      GradientDescent descent =
          new GradientDescent(weights, new TimeGrid(Tableau.EULER, 1), x, y, workspace);
      // f = v (1 + w) u x = −3 x, so r = (−1, 0.5) and Σ r x = −1.25.
      assertEquals(0.5 * (1 + 0.25), descent.step(0.25));
      assertEquals(2 - 0.25 * (-1 * 1.5 * -1.25), backend.download(weights.u()).get(0, 0));
      assertEquals(0.5 - 0.25 * (-1 * 2 * -1.25), backend.download(weights.w()).get(0, 0));
      assertEquals(-1 - 0.25 * (1.5 * 2 * -1.25), backend.download(weights.v()).get(0, 0));
    }
  }

  private static DenseMatrix scalar(double value) {
    return new DenseMatrix(1, 1, new double[] {value});
  }

  @Test
  void lossesAreTheSameOnEveryBackendWithinItsPrecision() {
    NeuralOde model = new NeuralOde(6, 32, 2, 1, 1, 1, 1, StandardActivation.TANH);
    double[] reference = losses(model, new BackendCase("cpu-scalar", Precision.FP64, 1));
    assertTrue(reference[9] < 0.9 * reference[0], Arrays.toString(reference));
    for (BackendCase which : backends()) {
      double[] losses = losses(model, which);
      for (int step = 0; step < 10; step++) {
        assertEquals(reference[step], losses[step], which.tolerance() * reference[0], "" + which);
      }
    }
  }

  private static double[] losses(NeuralOde model, BackendCase which) {
    double[] losses = new double[10];
    on(
        which,
        model,
        new Parameters.Seeded(2),
        5,
        (weights, x, targets, workspace) -> {
          GradientDescent descent =
              new GradientDescent(weights, new TimeGrid(Tableau.RK4, 3), x, targets, workspace);
          Arrays.setAll(losses, step -> descent.step(0.05));
        });
    return losses;
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aLossThatIsNotFiniteEndsTrainingAndLeavesTheWeights(BackendCase which) {
    NeuralOde model = new NeuralOde(6, 8, 1, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    on(
        which,
        model,
        new Parameters.Seeded(2),
        5,
        (weights, x, targets, workspace) -> {
          Backend backend = workspace.backend();
          GradientDescent descent =
              new GradientDescent(weights, new TimeGrid(Tableau.EULER, 3), x, targets, workspace);
          descent.step(0.01);
          DenseMatrix v = backend.download(weights.v());
          v.set(0, 3, Double.NaN);
          backend.upload(v, weights.v());
          DenseMatrix w = backend.download(weights.w());
          TrainingDiverged failure = assertThrows(TrainingDiverged.class, () -> descent.step(0.01));
          assertTrue(failure.getMessage().contains("NaN at step 1"), failure.getMessage());
          assertEquals(9, failure.exitCode());
          assertEquals(0, w.distance(backend.download(weights.w())));
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theStatedBytesAreThePeakOfManySteps(BackendCase which) {
    NeuralOde model = new NeuralOde(5, 33, 3, 1, 1, 1, 1, StandardActivation.TANH);
    int number = which.precision().bytes();
    for (Tableau tableau : Tableau.ALL) {
      TimeGrid grid = new TimeGrid(tableau, 3);
      on(
          which,
          model,
          new Parameters.Seeded(2),
          7,
          (weights, x, targets, workspace) -> {
            long before = workspace.remainingBytes();
            GradientDescent descent = new GradientDescent(weights, grid, x, targets, workspace);
            descent.step(0.01);
            descent.step(0.01);
            assertEquals(
                GradientDescent.bytes(model, grid, 7, number), before - workspace.remainingBytes());
            assertEquals((1 << 28) - workspace.remainingBytes(), workspace.peakBytes());
          });
    }
  }
}
