package io.tangentflow.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import io.tangentflow.testing.BackendCase;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adam on every backend against the paper's algorithm and against PyTorch. */
@Tag("every-backend")
class AdamTest {

  private static final int STEPS = 7;

  /** Below and above the sizes of vectors and of the parts that threads take. */
  private static final int[][] SHAPES = {{1, 1}, {3, 5}, {33, 7}, {127, 31}, {1000, 33}};

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /** The state of an optimisation on a backend. */
  private record State(Backend backend, Matrix g, Matrix m, Matrix v, Matrix theta) {
    static State at(DenseMatrix theta, Workspace workspace) {
      int rows = theta.rows();
      int columns = theta.columns();
      Matrix parameter = workspace.allocate(rows, columns);
      workspace.backend().upload(theta, parameter);
      return new State(
          workspace.backend(),
          workspace.allocate(rows, columns),
          workspace.allocate(rows, columns),
          workspace.allocate(rows, columns),
          parameter);
    }

    void step(AdamStep step, DenseMatrix gradient) {
      backend.upload(gradient, g);
      backend.adam(step, g, m, v, theta);
    }

    double[] now(Matrix matrix) {
      return backend.download(matrix).values();
    }
  }

  /**
   * Each step of the algorithm as the paper writes it, in FP64. The moments are sums of products
   * with two roundings each, so that of step k err by at most 3k roundings of the sum of |g|s, and
   * a step by less than η times 8k roundings relative to the bound of a step: |m̂|/√v̂ ≤ 1/√(1 −
   * β₂) at worst.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void everyStepIsThatOfThePaper(BackendCase which) {
    double eta = 0.01;
    double beta1 = 0.9;
    double beta2 = 0.95;
    double epsilon = 1e-3;
    double u = which.precision().unitRoundoff();
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      for (int[] shape : SHAPES) {
        DenseMatrix start = single(Parameters.gaussian(shape[0], shape[1], 3, 0));
        State state = State.at(start, workspace);
        double[] theta = start.values().clone();
        double[] m = new double[theta.length];
        double[] v = new double[theta.length];
        for (int k = 1; k <= STEPS; k++) {
          DenseMatrix gradient = single(Parameters.gaussian(shape[0], shape[1], 3, k));
          state.step(new AdamStep(eta, beta1, beta2, epsilon, k), gradient);
          double correction1 = 1;
          double correction2 = 1;
          for (int i = 0; i < k; i++) {
            correction1 *= beta1;
            correction2 *= beta2;
          }
          for (int i = 0; i < theta.length; i++) {
            double g = gradient.values()[i];
            m[i] = beta1 * m[i] + (1 - beta1) * g;
            v[i] = beta2 * v[i] + (1 - beta2) * (g * g);
            double mHat = m[i] / (1 - correction1);
            double vHat = v[i] / (1 - correction2);
            theta[i] = theta[i] - eta * mHat / (Math.sqrt(vHat) + epsilon);
          }
          // No |g| of so many normal numbers is beyond 6, and no |θ| here beyond 7.
          assertArrayEquals(m, state.now(state.m()), 3 * k * u * 6);
          assertArrayEquals(v, state.now(state.v()), 4 * k * u * 36);
          double move = eta / Math.sqrt(1 - beta2);
          assertArrayEquals(theta, state.now(state.theta()), k * u * (7 + 16 * k * move));
        }
      }
    }
  }

  /**
   * Computed once by torch.optim.Adam of PyTorch 1.13 in float64, lr 0.05, betas (0.9, 0.99), eps
   * 1e-3, from θ = (1, −1/2, 1/4, 2, −3) with gradients g_i = k (−1)^i/(i + 1) − i/4 in step k, i =
   * 0 … 4, but 0 for i = 2.
   */
  private static final double[][] PYTORCH = {
    {0.9500499500499501, -0.45006657789613846, 0.25, 2.04995004995005, -2.950062421972534},
    {0.9018866213653404, -0.4010267265111051, 0.25, 2.0998632286187555, -2.9009719849723266},
    {0.8541319623917261, -0.3523193754516388, 0.25, 2.149796979986014, -2.8538321334595773},
    {0.8063088982946366, -0.30362611788768323, 0.25, 2.1998191898100896, -2.8104829537313063},
    {0.7581984627718443, -0.2547565541898067, 0.25, 2.249994981702114, -2.773767454613572}
  };

  private static final double[] PYTORCH_FIRST_MOMENT = {
    1.3144099999999999, -0.7595824999999999, 0.0, -0.6357349999999998, -0.14662799999999995
  };

  private static final double[] PYTORCH_SECOND_MOMENT = {
    0.5450269201000004, 0.17632358693125016, 0.0, 0.11713788197500011, 0.011605050864000009
  };

  /** A few roundings a step, of numbers up to 3 and in the corrections up to 1/(1 − β₂) = 100. */
  @ParameterizedTest
  @MethodSource("backends")
  void fiveStepsAreThoseOfPyTorch(BackendCase which) {
    double u = which.precision().unitRoundoff();
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      State state = State.at(new DenseMatrix(5, 1, new double[] {1, -0.5, 0.25, 2, -3}), workspace);
      for (int k = 1; k <= PYTORCH.length; k++) {
        DenseMatrix gradient = DenseMatrix.zeros(5, 1);
        for (int i : new int[] {0, 1, 3, 4}) {
          gradient.set(i, 0, (i % 2 == 0 ? k : -k) / (i + 1.0) - i / 4.0);
        }
        state.step(new AdamStep(0.05, 0.9, 0.99, 1e-3, k), gradient);
        assertArrayEquals(PYTORCH[k - 1], state.now(state.theta()), 32 * k * u);
      }
      assertArrayEquals(PYTORCH_FIRST_MOMENT, state.now(state.m()), 32 * u);
      assertArrayEquals(PYTORCH_SECOND_MOMENT, state.now(state.v()), 32 * u);
    }
  }

  /** Whether it is by vectors or in their tail, in this thread or another. */
  @ParameterizedTest
  @MethodSource("backends")
  void anEntryDoesNotDependOnWhereItStands(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 26)) {
      AdamStep step = new AdamStep(0.01, 0.9, 0.999, 1e-8, 3);
      Matrix[] whole = new Matrix[4];
      for (int i = 0; i < whole.length; i++) {
        DenseMatrix values = Parameters.gaussian(1000, 33, 4, i);
        if (i == 2) {
          for (int e = 0; e < values.values().length; e++) {
            values.values()[e] *= values.values()[e];
          }
        }
        whole[i] = workspace.allocate(1000, 33);
        backend.upload(values, whole[i]);
      }
      int first = 777;
      int count = 45;
      Matrix[] part = new Matrix[4];
      for (int i = 0; i < part.length; i++) {
        part[i] = workspace.allocate(count, 1);
        backend.copy(whole[i].reshape(33_000, 1).rowRange(first, count), part[i]);
      }
      backend.adam(step, whole[0], whole[1], whole[2], whole[3]);
      backend.adam(step, part[0], part[1], part[2], part[3]);
      for (int i = 1; i < part.length; i++) {
        assertArrayEquals(
            backend.download(whole[i].reshape(33_000, 1).rowRange(first, count)).values(),
            backend.download(part[i]).values());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void anEntryWithoutAGradientAndOneBeyondRangeStay(BackendCase which) {
    double beyond = which.precision() == Precision.FP32 ? 1e30 : 1e200;
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      State state = State.at(new DenseMatrix(3, 1, new double[] {5, 6, 7}), workspace);
      state.step(
          new AdamStep(0.5, 0.9, 0.999, 1e-8, 1),
          new DenseMatrix(3, 1, new double[] {0, beyond, 1}));
      double[] theta = state.now(state.theta());
      assertEquals(5, theta[0]);
      assertEquals(6, theta[1]);
      assertEquals(6.5, theta[2], 1e-6);
      assertEquals(Double.POSITIVE_INFINITY, state.now(state.v())[1]);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void numbersThatThePrecisionDoesNotHoldAreRefusedAndNothingIsWritten(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      Matrix[] m = new Matrix[4];
      for (int i = 0; i < m.length; i++) {
        m[i] = workspace.allocate(2, 2, Precision.FP32);
      }
      for (AdamStep step :
          List.of(
              new AdamStep(0.1, 0.9, 0.999, 1e-60, 1),
              new AdamStep(0.1, 0.9, 0.999, 1e60, 1),
              new AdamStep(1e60, 0.9, 0.999, 1e-8, 1))) {
        backend.upload(new DenseMatrix(2, 2, new double[] {1, 2, 3, 4}), m[0]);
        InvalidConfiguration refusal =
            assertThrows(
                InvalidConfiguration.class, () -> backend.adam(step, m[0], m[1], m[2], m[3]));
        assertTrue(refusal.getMessage().contains("beyond the range of fp32"), refusal.getMessage());
        assertEquals(2, refusal.exitCode());
        for (int i = 1; i < m.length; i++) {
          assertEquals(0, backend.download(m[i]).norm());
        }
      }
    }
  }

  @Test
  void aStepOutsideTheAlgorithmIsRefused() {
    for (double beta : new double[] {-0.1, 1, 1.5, Double.NaN}) {
      assertRefused("--beta1", () -> new AdamStep(0.1, beta, 0.9, 1e-8, 1));
      assertRefused("--beta2", () -> new AdamStep(0.1, 0.9, beta, 1e-8, 1));
    }
    for (double epsilon : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertRefused("--epsilon", () -> new AdamStep(0.1, 0.9, 0.9, epsilon, 1));
    }
    for (double rate : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      assertRefused("--learning-rate", () -> new AdamStep(rate, 0.9, 0.9, 1e-8, 1));
    }
    assertThrows(IllegalArgumentException.class, () -> new AdamStep(0.1, 0.9, 0.9, 1e-8, 0));
  }

  private static void assertRefused(String field, Executable wrong) {
    String message = assertThrows(InvalidConfiguration.class, wrong).getMessage();
    assertTrue(message.startsWith(field + ": must be "), message);
  }

  /** Numbers that FP32 has too, so that all precisions begin alike. */
  private static DenseMatrix single(DenseMatrix m) {
    for (int i = 0; i < m.values().length; i++) {
      m.values()[i] = (float) m.values()[i];
    }
    return m;
  }
}
