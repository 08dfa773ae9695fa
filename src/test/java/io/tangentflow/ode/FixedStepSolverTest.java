package io.tangentflow.ode;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class FixedStepSolverTest {

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  static List<Tableau> tableaux() {
    return Tableau.ALL;
  }

  @ParameterizedTest
  @MethodSource("backends")
  void outputsAloneAreThoseOfTheTrajectory(BackendCase which) {
    NeuralOde model = new NeuralOde(5, 33, StandardActivation.SOFTPLUS).withOutputs(3);
    for (Tableau tableau : Tableau.ALL) {
      for (int depth : new int[] {1, 3, 9}) {
        try (Backend backend = which.open();
            Workspace workspace = backend.workspace("a test", 1 << 26)) {
          FixedStepSolver solver = new FixedStepSolver(new TimeGrid(tableau, depth));
          Weights weights = Weights.place(model, new Parameters.Seeded(1), workspace);
          Matrix x = weights.upload(Networks.inputs(model, 7), workspace);
          DenseMatrix kept = backend.download(solver.solve(weights, x, workspace).outputs());
          DenseMatrix alone = backend.download(solver.outputs(weights, x, workspace));
          assertArrayEquals(kept.values(), alone.values(), tableau + " " + depth);
        }
      }
    }
  }

  /**
   * φ = identity: f(x) = (σv/√n) V exp((σw/√n) W T)(σu/√d) U x. The slope of log error against log
   * step between successive halvings tends to the order, with a remainder of the order of Δ: a
   * large one for Dormand and Prince's method, whose leading term is small by design.
   */
  @ParameterizedTest
  @MethodSource("tableaux")
  void theErrorFallsWithTheOrderOfTheMethod(Tableau tableau) {
    NeuralOde model = new NeuralOde(3, 12, 2, 1.5, 1.2, 0.9, 0.8, StandardActivation.IDENTITY);
    Parameters.Given parameters = Networks.parameters(model, 3);
    DenseMatrix x = Networks.inputs(model, 4);
    DenseMatrix exact = linearNetwork(model, parameters, x);
    assertTrue(exact.norm() > 0.1);
    // Fewer steps for higher orders, which reach the rounding sooner.
    int depth = 1 << (10 - tableau.order());
    double coarse = solve(model, parameters, x, tableau, depth / 2, fp64()).distance(exact);
    double fine = solve(model, parameters, x, tableau, depth, fp64()).distance(exact);
    double slope = Math.log(coarse / fine) / Math.log(2);
    assertTrue(slope > tableau.order() - 0.1 && slope < tableau.order() + 0.6, "" + slope);
  }

  /** RK4 with 400 steps errs by 1e-12 here; what is left is rounding, of about 1600 products. */
  @ParameterizedTest
  @MethodSource("backends")
  void everyBackendConvergesToTheMatrixExponential(BackendCase which) {
    NeuralOde model = new NeuralOde(3, 33, 1, 1, 1, 1, 1, StandardActivation.IDENTITY);
    Parameters.Given parameters = Networks.parameters(model, 4);
    DenseMatrix x = Networks.inputs(model, 5);
    DenseMatrix exact = linearNetwork(model, parameters, x);
    DenseMatrix actual = solve(model, parameters, x, Tableau.RK4, 400, which);
    double bound = which.precision() == Precision.FP64 ? 1e-10 : 1600 * 0x1p-24;
    assertTrue(actual.distance(exact) <= bound * exact.norm(), "" + actual.distance(exact));
  }

  /**
   * n = d = 1, φ(h) = h²: h(t) = h₀/(1 − w h₀ t) leaves every bound at t = 1/(w h₀). A discrete
   * solution lags behind it by a few steps.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void blowUpNamesTheFirstSampleThatLeavesTheFiniteNumbersAndWhen(BackendCase which) {
    which.require();
    NeuralOde model = new NeuralOde(1, 1, 1, 2, 1, 1, 1, StandardActivation.QUADRATIC);
    Parameters.Given parameters = new Parameters.Given(scalar(1), scalar(1), scalar(1));
    DenseMatrix x = new DenseMatrix(1, 4, new double[] {0.25, -3, 1, 0.3});
    for (Tableau tableau : Tableau.ALL) {
      NonFiniteState failure =
          assertThrows(
              NonFiniteState.class, () -> solve(model, parameters, x, tableau, 500, which));
      assertTrue(failure.getMessage().contains("state of sample 2"), failure.getMessage());
      double time = timeIn(failure);
      assertTrue(time > 1 && time < 1.1, failure.getMessage());
      assertEquals(7, failure.exitCode());
    }
  }

  @Test
  void anOutputThatOverflowsIsNotBlamedOnTheState() {
    NeuralOde model = new NeuralOde(1, 1, 1, 1, 1, 1, 1, StandardActivation.IDENTITY);
    Parameters.Given parameters = new Parameters.Given(scalar(1e200), scalar(0), scalar(1e200));
    NonFiniteState failure =
        assertThrows(
            NonFiniteState.class,
            () -> solve(model, parameters, scalar(1), Tableau.EULER, 1, fp64()));
    assertTrue(failure.getMessage().contains("output of sample 0"), failure.getMessage());
  }

  /** Bit by bit where products are plain loops; elsewhere a product may block its sums by shape. */
  @ParameterizedTest
  @MethodSource("backends")
  void samplesOfABatchAreSolvedAsIfAlone(BackendCase which) {
    for (Tableau tableau : Tableau.ALL) {
      NeuralOde model = new NeuralOde(5, 33, 2, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
      Parameters.Given parameters = Networks.parameters(model, 5);
      DenseMatrix x = Networks.inputs(model, 7);
      DenseMatrix batch = solve(model, parameters, x, tableau, 6, which);
      // A sum of 33 numbers is rounded 33 times; the flow over T = 1 amplifies by at most e².
      double bound =
          which.name().equals("cpu-scalar")
              ? 0
              : 33 * which.precision().unitRoundoff() * Math.exp(2) * 4 * batch.norm();
      for (int i = 0; i < 7; i++) {
        DenseMatrix one = new DenseMatrix(5, 1, Arrays.copyOfRange(x.values(), 5 * i, 5 * (i + 1)));
        DenseMatrix alone = solve(model, parameters, one, tableau, 6, which);
        for (int o = 0; o < 2; o++) {
          assertEquals(alone.get(o, 0), batch.get(o, i), bound);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theStatedBytesAreThePeak(BackendCase which) {
    NeuralOde model = new NeuralOde(5, 33, 3, 1, 1, 1, 1, StandardActivation.TANH);
    for (Tableau tableau : Tableau.ALL) {
      TimeGrid grid = new TimeGrid(tableau, 3);
      int number = which.precision().bytes();
      long stated =
          new FixedStepSolver(grid).bytes(model, 7, number)
              + Weights.bytes(model, number)
              + 5L * 7 * number;
      try (Backend backend = which.open();
          Workspace workspace = backend.workspace("a test", stated)) {
        Weights weights = Weights.place(model, new Parameters.Seeded(1), workspace);
        new FixedStepSolver(grid)
            .solve(weights, weights.upload(Networks.inputs(model, 7), workspace), workspace);
        assertEquals(stated, workspace.peakBytes());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void outputsAloneAreThoseOfTheTrajectoryInMemoryThatTheDepthDoesNotMove(BackendCase which) {
    int number = which.precision().bytes();
    for (Tableau tableau : Tableau.ALL) {
      for (int depth : new int[] {1, 5}) {
        NeuralOde model = new NeuralOde(5, 33, 3, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
        FixedStepSolver solver = new FixedStepSolver(new TimeGrid(tableau, depth));
        try (Backend backend = which.open();
            Workspace inputs = backend.workspace("inputs", 1 << 20)) {
          Weights weights = Weights.place(model, new Parameters.Seeded(4), inputs);
          Matrix x = weights.upload(Networks.inputs(model, 7), inputs);
          DenseMatrix expected = backend.download(solver.solve(weights, x, inputs).outputs());
          long stated = solver.outputBytes(model, 7, number);
          try (Workspace workspace = backend.workspace("outputs", stated)) {
            DenseMatrix outputs = backend.download(solver.outputs(weights, x, workspace));
            assertEquals(0, expected.distance(outputs), which + " " + tableau);
            assertEquals(stated, workspace.peakBytes());
          }
        }
      }
    }
  }

  @Test
  void outputsAloneAreCheckedToo() {
    NeuralOde model = new NeuralOde(1, 1, 1, 2, 1, 1, 1, StandardActivation.QUADRATIC);
    Parameters.Given parameters = new Parameters.Given(scalar(1), scalar(1), scalar(1));
    try (Backend backend = fp64().open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      Weights weights = Weights.place(model, parameters, workspace);
      Matrix x = weights.upload(new DenseMatrix(1, 4, new double[] {0.25, -3, 1, 0.3}), workspace);
      FixedStepSolver solver = new FixedStepSolver(new TimeGrid(Tableau.RK4, 500));
      NonFiniteState failure =
          assertThrows(NonFiniteState.class, () -> solver.outputs(weights, x, workspace));
      assertTrue(failure.getMessage().contains("state of sample 2"), failure.getMessage());
    }
  }

  @Test
  void parametersAndInputsOfAnotherModelAreRefused() {
    NeuralOde model = new NeuralOde(5, 8, 3, 1, 1, 1, 1, StandardActivation.TANH);
    Parameters.Given others = Networks.parameters(model.withWidth(9), 1);
    assertThrows(
        InvalidConfiguration.class,
        () -> solve(model, others, Networks.inputs(model, 1), Tableau.EULER, 1, fp64()));
    assertThrows(
        InvalidConfiguration.class,
        () ->
            solve(
                model,
                Networks.parameters(model, 1),
                DenseMatrix.zeros(4, 2),
                Tableau.EULER,
                1,
                fp64()));
  }

  private static BackendCase fp64() {
    return new BackendCase("cpu-scalar", Precision.FP64, 1);
  }

  private static DenseMatrix solve(
      NeuralOde model,
      Parameters parameters,
      DenseMatrix x,
      Tableau tableau,
      int depth,
      BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      Weights weights = Weights.place(model, parameters, workspace);
      Trajectory trajectory =
          new FixedStepSolver(new TimeGrid(tableau, depth))
              .solve(weights, weights.upload(x, workspace), workspace);
      return backend.download(trajectory.outputs());
    }
  }

  /**
   * (σv/√n) V exp(M) (σu/√d) U x, M = T(σw/√n) W, by a Taylor series of M/2¹⁰ squared ten times.
   */
  private static DenseMatrix linearNetwork(
      NeuralOde model, Parameters.Given parameters, DenseMatrix x) {
    int n = model.width();
    DenseMatrix m = scaled(parameters.w(), model.horizon() * model.flowScale() / 1024);
    DenseMatrix exponential = identity(n);
    for (int k = 12; k >= 1; k--) {
      exponential = scaled(Networks.product(m, exponential), 1.0 / k);
      for (int i = 0; i < n; i++) {
        exponential.set(i, i, exponential.get(i, i) + 1);
      }
    }
    for (int k = 0; k < 10; k++) {
      exponential = Networks.product(exponential, exponential);
    }
    DenseMatrix h = scaled(Networks.product(parameters.u(), x), model.inputScale());
    return scaled(
        Networks.product(parameters.v(), Networks.product(exponential, h)), model.outputScale());
  }

  private static DenseMatrix identity(int n) {
    DenseMatrix e = DenseMatrix.zeros(n, n);
    for (int i = 0; i < n; i++) {
      e.set(i, i, 1);
    }
    return e;
  }

  private static DenseMatrix scaled(DenseMatrix m, double factor) {
    return new DenseMatrix(
        m.rows(), m.columns(), Arrays.stream(m.values()).map(v -> factor * v).toArray());
  }

  private static DenseMatrix scalar(double value) {
    return new DenseMatrix(1, 1, new double[] {value});
  }

  private static double timeIn(NonFiniteState failure) {
    Matcher matcher = Pattern.compile("t = ([0-9.]+)").matcher(failure.getMessage());
    assertTrue(matcher.find(), failure.getMessage());
    return Double.parseDouble(matcher.group(1));
  }
}
