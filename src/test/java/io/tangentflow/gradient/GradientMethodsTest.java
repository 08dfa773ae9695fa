package io.tangentflow.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.GradientMethod.Report;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Dynamics;
import io.tangentflow.ode.StandardDynamics;
import io.tangentflow.ode.Stepping;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Tolerance;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** All ways to a gradient, against each other and against what needs none of them. */
@Tag("every-backend")
class GradientMethodsTest {

  private static final int SAMPLES = 3;

  static List<BackendCase> backends() {
    return BackendCase.all().stream().filter(c -> c.threads() == 1).toList();
  }

  /** The gradient of Σ_io r_io f_o(x_i), its outputs and what it took. */
  private record Gradient(
      DenseMatrix f, DenseMatrix u, DenseMatrix w, DenseMatrix v, Report report, long peakBytes) {

    List<DenseMatrix> blocks() {
      return List.of(f, u, w, v);
    }
  }

  private static Gradient gradient(
      GradientMethod method, NeuralOde model, Parameters parameters, Backend backend) {
    try (Workspace workspace = backend.workspace("a test", 1L << 28)) {
      Weights weights = Weights.place(model, parameters, workspace);
      Matrix x = weights.upload(Networks.inputs(model, SAMPLES), workspace);
      Matrix r = workspace.allocate(model.outputs(), SAMPLES);
      backend.upload(Parameters.gaussian(model.outputs(), SAMPLES, 3, 9), r);
      GradientSum sum = new GradientSum(model, x, r, workspace);
      Report report = method.pull(weights, x, r, sum, workspace);
      return new Gradient(
          backend.download(sum.outputs()),
          backend.download(sum.gradient().u()),
          backend.download(sum.gradient().w()),
          backend.download(sum.gradient().v()),
          report,
          workspace.peakBytes());
    }
  }

  private static void assertClose(Gradient expected, Gradient actual, double bound, String what) {
    for (int b = 0; b < 4; b++) {
      assertEquals(
          0, difference(expected.blocks().get(b), actual.blocks().get(b)), bound, what + " " + b);
    }
  }

  /** Relative, of Frobenius norms. */
  private static double difference(DenseMatrix expected, DenseMatrix actual) {
    double sum = 0;
    for (int k = 0; k < expected.values().length; k++) {
      sum += Math.pow(expected.values()[k] - actual.values()[k], 2);
    }
    return Math.sqrt(sum) / expected.norm();
  }

  private static NeuralOde model(StandardActivation phi, int outputs) {
    return new NeuralOde(4, 19, outputs, 0.9, 1.2, 0.8, 1.5, phi);
  }

  /** The passes that are fused and those that are not: the same equations in another order. */
  @ParameterizedTest
  @MethodSource("backends")
  void theTwoDiscreteAdjointsAgreeToRounding(BackendCase which) {
    try (Backend backend = which.open()) {
      for (Tableau tableau : Tableau.ALL) {
        for (int outputs : new int[] {1, 2}) {
          NeuralOde model = model(StandardActivation.SOFTPLUS, outputs);
          TimeGrid grid = new TimeGrid(tableau, 5);
          Parameters parameters = Networks.parameters(model, 5);
          Gradient fused = gradient(new DiscreteAdjoint(grid), model, parameters, backend);
          Gradient general =
              gradient(
                  new SteppedAdjoint(StandardDynamics.PRE_ACTIVATION, grid),
                  model,
                  parameters,
                  backend);
          assertClose(fused, general, 100 * which.precision().unitRoundoff(), grid.toString());
        }
      }
    }
  }

  /**
   * Every method, of tolerances well above rounding, is within a small multiple of them of the
   * gradient of the continuous model, and so of each other.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void allMethodsAgreeOnAllDynamics(BackendCase which) {
    double tolerance = which.precision() == Precision.FP64 ? 1e-9 : 1e-5;
    double bound = 50 * tolerance;
    try (Backend backend = which.open()) {
      for (StandardDynamics dynamics : StandardDynamics.values()) {
        NeuralOde model = model(StandardActivation.TANH, 2);
        Parameters parameters = Networks.parameters(model, 6);
        Stepping exact = new Tolerance(Tableau.DORMAND_PRINCE, tolerance);
        Gradient first = gradient(new SteppedAdjoint(dynamics, exact), model, parameters, backend);
        for (GradientMethod method : methods(dynamics, exact)) {
          Gradient other = gradient(method, model, parameters, backend);
          assertClose(first, other, bound, dynamics + ", " + method.label());
          assertTrue(!other.report().doubtful(), other.report().toString());
        }
      }
    }
  }

  private static List<GradientMethod> methods(Dynamics dynamics, Stepping exact) {
    List<GradientMethod> methods = new ArrayList<>();
    TimeGrid fine = new TimeGrid(Tableau.BUTCHER5, 60);
    methods.add(new SteppedAdjoint(dynamics, fine));
    for (Stepping forward : List.of(exact, fine)) {
      for (Stepping back : List.of(exact, fine)) {
        methods.add(ContinuousAdjoint.stored(dynamics, forward, back));
        methods.add(ContinuousAdjoint.checkpointed(dynamics, forward, back, 3));
        methods.add(ContinuousAdjoint.augmented(dynamics, forward, back));
      }
    }
    return methods;
  }
}
