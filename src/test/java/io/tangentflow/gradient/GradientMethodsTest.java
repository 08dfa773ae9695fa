package io.tangentflow.gradient;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.StepSizeUnderflow;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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

  /** Frobenius inner product. */
  private static double inner(DenseMatrix a, DenseMatrix b) {
    double sum = 0;
    for (int k = 0; k < a.values().length; k++) {
      sum += a.values()[k] * b.values()[k];
    }
    return sum;
  }

  private static DenseMatrix sum(DenseMatrix a, double weight, DenseMatrix b) {
    DenseMatrix sum = DenseMatrix.zeros(a.rows(), a.columns());
    for (int k = 0; k < sum.values().length; k++) {
      sum.values()[k] = a.values()[k] + weight * b.values()[k];
    }
    return sum;
  }

  private static DenseMatrix cotangents(NeuralOde model) {
    return Parameters.gaussian(model.outputs(), SAMPLES, 3, 9);
  }

  /**
   * Along a random direction D of each block, ⟨∂/∂θ, D⟩ against central differences with h = 2⁻¹⁵:
   * truncation h²|f'''|/6 and rounding u|f|/h are near 1e-10 of |f| here.
   */
  @ParameterizedTest
  @EnumSource(StandardDynamics.class)
  void discreteGradientsAreThoseOfTheDiscreteSolution(StandardDynamics dynamics) {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1))) {
      for (Tableau tableau : Tableau.ALL) {
        NeuralOde model = model(StandardActivation.GELU, 2);
        GradientMethod method = new SteppedAdjoint(dynamics, new TimeGrid(tableau, 3));
        Parameters.Given at = Networks.parameters(model, 8);
        Gradient gradient = gradient(method, model, at, backend);
        double h = 0x1p-15;
        DenseMatrix[] blocks = {at.u(), at.w(), at.v()};
        for (int b = 0; b < 3; b++) {
          DenseMatrix direction = Parameters.gaussian(blocks[b].rows(), blocks[b].columns(), 4, b);
          double[] values = new double[2];
          for (int side = 0; side < 2; side++) {
            DenseMatrix moved = sum(blocks[b], side == 0 ? -h : h, direction);
            Parameters.Given there =
                new Parameters.Given(
                    b == 0 ? moved : at.u(), b == 1 ? moved : at.w(), b == 2 ? moved : at.v());
            values[side] = inner(cotangents(model), gradient(method, model, there, backend).f());
          }
          double expected = (values[1] - values[0]) / (2 * h);
          double found = inner(gradient.blocks().get(b + 1), direction);
          assertEquals(expected, found, 1e-8 * (1 + Math.abs(expected)), method.label() + b);
          assertTrue(Math.abs(expected) > 1e-3, "the derivative is not zero");
        }
      }
    }
  }

  /**
   * φ = identity: h(T) = e^(AT) h(0) with A = (σw/√n) W, λ(t) = e^(Aᵀ(T−t)) λ(T), and ∂/∂W =
   * (σw/√n) ∫ λ hᵀ dt is a block of an exponential (Van Loan, IEEE TAC 23, 1978).
   */
  @ParameterizedTest
  @MethodSource("backends")
  void theLinearNetworkHasItsAnalyticGradient(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 11, 2, 0.9, 1.2, 0.8, 1.5, StandardActivation.IDENTITY);
    Parameters.Given p = Networks.parameters(model, 8);
    int n = model.width();
    DenseMatrix a = scaled(model.flowScale(), p.w());
    DenseMatrix x = Networks.inputs(model, SAMPLES);
    DenseMatrix h0 = scaled(model.inputScale(), Networks.product(p.u(), x));
    DenseMatrix flow = exponential(scaled(model.horizon(), a));
    DenseMatrix end = Networks.product(flow, h0);
    DenseMatrix lambda =
        scaled(model.outputScale(), Networks.product(p.v().transpose(), cotangents(model)));
    DenseMatrix source = scaled(model.flowScale(), Networks.product(lambda, h0.transpose()));
    DenseMatrix generator = DenseMatrix.zeros(2 * n, 2 * n);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        generator.set(i, j, model.horizon() * a.get(j, i));
        generator.set(n + i, n + j, model.horizon() * a.get(j, i));
        generator.set(i, n + j, model.horizon() * source.get(i, j));
      }
    }
    DenseMatrix whole = exponential(generator);
    DenseMatrix w = DenseMatrix.zeros(n, n);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        w.set(i, j, whole.get(i, n + j));
      }
    }
    DenseMatrix first = Networks.product(flow.transpose(), lambda);
    Gradient exact =
        new Gradient(
            scaled(model.outputScale(), Networks.product(p.v(), end)),
            scaled(model.inputScale(), Networks.product(first, x.transpose())),
            w,
            scaled(model.outputScale(), Networks.product(cotangents(model), end.transpose())),
            null,
            0);
    double tolerance = which.precision() == Precision.FP64 ? 1e-10 : 1e-5;
    Stepping steps = new Tolerance(Tableau.DORMAND_PRINCE, tolerance);
    try (Backend backend = which.open()) {
      for (StandardDynamics linear :
          List.of(StandardDynamics.PRE_ACTIVATION, StandardDynamics.POST_ACTIVATION)) {
        List<GradientMethod> methods = methods(linear, steps);
        methods.add(new SteppedAdjoint(linear, steps));
        for (GradientMethod method : methods) {
          assertClose(exact, gradient(method, model, p, backend), 50 * tolerance, method.label());
        }
      }
    }
  }

  private static DenseMatrix scaled(double factor, DenseMatrix m) {
    return sum(DenseMatrix.zeros(m.rows(), m.columns()), factor, m);
  }

  /** By Taylor's series of the 2⁻¹⁰th part, squared ten times. */
  private static DenseMatrix exponential(DenseMatrix m) {
    DenseMatrix small = scaled(0x1p-10, m);
    DenseMatrix term = DenseMatrix.zeros(m.rows(), m.rows());
    for (int i = 0; i < m.rows(); i++) {
      term.set(i, i, 1);
    }
    DenseMatrix result = term;
    for (int k = 1; k <= 12; k++) {
      term = scaled(1.0 / k, Networks.product(small, term));
      result = sum(result, 1, term);
    }
    for (int k = 0; k < 10; k++) {
      result = Networks.product(result, result);
    }
    return result;
  }

  /** What is computed again is the same, so that the adjoint is, bit for bit. */
  @ParameterizedTest
  @MethodSource("backends")
  void checkpointsChangeNothingButMemory(BackendCase which) {
    // 3 · 0.1 / 3 is not 0.1.
    NeuralOde model = new NeuralOde(4, 19, 1, 0.1, 1.2, 8, 1.5, StandardActivation.SOFTPLUS);
    Parameters parameters = Networks.parameters(model, 6);
    StandardDynamics pre = StandardDynamics.GATED;
    try (Backend backend = which.open()) {
      for (Stepping forward :
          List.of(
              new TimeGrid(Tableau.RK4, 1),
              new TimeGrid(Tableau.RK4, 2),
              new TimeGrid(Tableau.RK4, 3),
              new TimeGrid(Tableau.RK4, 23),
              new Tolerance(Tableau.DORMAND_PRINCE, 1e-5))) {
        for (Stepping back :
            List.of(new TimeGrid(Tableau.RK4, 7), new Tolerance(Tableau.BOGACKI_SHAMPINE, 1e-4))) {
          Gradient stored =
              gradient(ContinuousAdjoint.stored(pre, forward, back), model, parameters, backend);
          for (int checkpoints : new int[] {1, 2, 5, 40}) {
            GradientMethod method = ContinuousAdjoint.checkpointed(pre, forward, back, checkpoints);
            Gradient other = gradient(method, model, parameters, backend);
            for (int b = 0; b < 4; b++) {
              assertArrayEquals(
                  stored.blocks().get(b).values(), other.blocks().get(b).values(), method.label());
            }
          }
        }
      }
    }
  }

  /** Stored nodes grow with the steps, 2nN numbers a step; nothing else does. */
  @Test
  void memoryIsAsDocumented() {
    NeuralOde model = model(StandardActivation.SOFTPLUS, 1);
    Parameters parameters = Networks.parameters(model, 6);
    StandardDynamics pre = StandardDynamics.PRE_ACTIVATION;
    long state = (long) model.width() * SAMPLES * Double.BYTES;
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1))) {
      long[][] peaks = new long[2][4];
      for (int twice = 0; twice < 2; twice++) {
        TimeGrid grid = new TimeGrid(Tableau.RK4, 50 * (twice + 1));
        List<GradientMethod> methods =
            List.of(
                ContinuousAdjoint.stored(pre, grid, grid),
                ContinuousAdjoint.checkpointed(pre, grid, grid, 6),
                ContinuousAdjoint.augmented(pre, grid, grid),
                new DiscreteAdjoint(grid));
        for (int k = 0; k < methods.size(); k++) {
          peaks[twice][k] = gradient(methods.get(k), model, parameters, backend).peakBytes();
        }
      }
      assertEquals(50 * 2 * state, peaks[1][0] - peaks[0][0], "stored");
      assertEquals(0, peaks[1][1] - peaks[0][1], "checkpointed");
      assertEquals(0, peaks[1][2] - peaks[0][2], "augmented");
      assertEquals(50 * 4 * 2 * state, peaks[1][3] - peaks[0][3], "discrete");
    }
  }

  /**
   * Backwards a long flow need not be found again: then it is said. With σw ∝ 1/T it is, and all
   * methods agree.
   */
  @Test
  void longHorizons() {
    Stepping steps = new Tolerance(Tableau.DORMAND_PRINCE, 1e-6);
    StandardDynamics pre = StandardDynamics.PRE_ACTIVATION;
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1))) {
      for (double sigmaW : new double[] {1, 1 / 50.0}) {
        NeuralOde model = new NeuralOde(4, 40, 1, 50, 1, sigmaW, 1, StandardActivation.TANH);
        Parameters parameters = Networks.parameters(model, 6);
        Gradient stored =
            gradient(ContinuousAdjoint.stored(pre, steps, steps), model, parameters, backend);
        Gradient augmented =
            gradient(ContinuousAdjoint.augmented(pre, steps, steps), model, parameters, backend);
        Gradient discrete = gradient(new SteppedAdjoint(pre, steps), model, parameters, backend);
        if (sigmaW == 1) {
          assertTrue(augmented.report().doubtful(), augmented.report().toString());
          assertTrue(difference(stored.u(), augmented.u()) > 1e-2, "its gradient is wrong");
        } else {
          assertTrue(!augmented.report().doubtful(), augmented.report().toString());
          assertClose(stored, augmented, 1e-4, "augmented");
          assertClose(stored, discrete, 1e-4, "discrete");
        }
      }
    }
  }

  /** h² blows up in finite time: every method says so, none answers NaN. */
  @ParameterizedTest
  @MethodSource("backends")
  void explosionsAreNamed(BackendCase which) {
    NeuralOde model = new NeuralOde(4, 19, 1, 200, 1, 2, 1, StandardActivation.QUADRATIC);
    Parameters parameters = Networks.parameters(model, 6);
    StandardDynamics pre = StandardDynamics.PRE_ACTIVATION;
    Stepping exact = new Tolerance(Tableau.DORMAND_PRINCE, 1e-4);
    TimeGrid fixed = new TimeGrid(Tableau.RK4, 400);
    try (Backend backend = which.open()) {
      for (GradientMethod method :
          List.of(
              new SteppedAdjoint(pre, exact),
              ContinuousAdjoint.stored(pre, exact, exact),
              ContinuousAdjoint.checkpointed(pre, exact, exact, 3),
              ContinuousAdjoint.augmented(pre, exact, exact))) {
        StepSizeUnderflow failure =
            assertThrows(
                StepSizeUnderflow.class, () -> gradient(method, model, parameters, backend));
        assertEquals(8, failure.exitCode());
        assertTrue(failure.getMessage().contains("for sample "), failure.getMessage());
      }
      for (GradientMethod method :
          List.of(
              new SteppedAdjoint(pre, fixed),
              new DiscreteAdjoint(fixed),
              ContinuousAdjoint.stored(pre, fixed, fixed),
              ContinuousAdjoint.checkpointed(pre, fixed, fixed, 3),
              ContinuousAdjoint.augmented(pre, fixed, fixed))) {
        NonFiniteState failure =
            assertThrows(NonFiniteState.class, () -> gradient(method, model, parameters, backend));
        assertTrue(failure.getMessage().contains("of sample "), failure.getMessage());
      }
    }
  }

  @Test
  void namesAreRead() {
    Dynamics pre = StandardDynamics.PRE_ACTIVATION;
    for (String name :
        List.of(
            "discrete:rk4/20",
            "discrete:dormand-prince/2.5e-6",
            "stored:rk4/20",
            "stored:rk4/20:euler/7",
            "checkpointed=5:bogacki-shampine/0.001:rk4/10",
            "augmented:dormand-prince/1e-6:dormand-prince/1e-8")) {
      assertEquals(
          name, GradientMethods.named("--method", name, pre, Precision.FP64, false).label());
    }
    for (String name :
        List.of(
            "",
            "stored",
            "stored:rk4",
            "stored:rk4/",
            "stored:rk4/0",
            "stored:rk4/1e-6",
            "stored:dormand-prince/2.5",
            "stored:dormand-prince/x",
            "stored=5:rk4/20",
            "checkpointed:rk4/20",
            "checkpointed=0:rk4/20",
            "discrete:rk4/20:rk4/20",
            "stored:simpson/20",
            "best:rk4/20")) {
      assertThrows(
          InvalidConfiguration.class,
          () -> GradientMethods.named("--method", name, pre, Precision.FP64, false),
          name);
    }
  }
}
