package io.tangentflow.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.BackendCase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every activation on every backend against its definition, number by number in FP64. */
@Tag("every-backend")
class ActivationKernelsTest {

  /** x/(1 + x²), which no backend has a kernel for. */
  private static final class Witch implements Activation {
    @Override
    public String label() {
      return "witch";
    }

    @Override
    public double value(double x) {
      return x / (1 + x * x);
    }

    @Override
    public double derivative(double x) {
      double s = 1 / (1 + x * x);
      return (1 - x * x) * s * s;
    }

    @Override
    public OptionalDouble lipschitz() {
      return OptionalDouble.of(1);
    }

    @Override
    public OptionalDouble derivativeLipschitz() {
      return OptionalDouble.empty();
    }

    @Override
    public boolean polynomial() {
      return false;
    }
  }

  private static final double[] SPECIAL = {
    0.0,
    -0.0,
    Double.MIN_VALUE,
    -Double.MIN_VALUE,
    0x1p-1030,
    -0x1p-1030,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    0x1p-140,
    -0x1p-140,
    Float.MIN_NORMAL,
    1e-20,
    -1e-20,
    0.55,
    -0.55,
    87.3,
    -87.3,
    -87.4,
    -88.8,
    -104,
    -708,
    -709,
    -745.2,
    709.8,
    9.4,
    -13.3,
    27,
    -38.5,
    0x1p18,
    -0x1p18,
    0x1p20 + 1,
    -1e7,
    1e15,
    -1e18
  };

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /**
   * A kernel evaluates in its own precision a polynomial of error below a unit roundoff by Horner's
   * rule and a few operations more, about five roundings: 3·10⁻⁷ in FP32 and, with one digit of
   * reserve for the Chebyshev coefficients, 10⁻¹⁴ in FP64, relative to max(1, |φ|). φ may grow like
   * x² (that is one rounding).
   */
  @ParameterizedTest
  @MethodSource("backends")
  void valuesAndDerivativesMeetTheirErrorBound(BackendCase which) {
    double bound = which.precision() == Precision.FP64 ? 1e-14 : 3e-7;
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      double[] x = rounded(arguments(), which.precision());
      for (Activation phi : activations(which)) {
        Evaluation actual = evaluate(phi, x, workspace);
        for (int i = 0; i < x.length; i++) {
          assertWithin(which, phi, x[i], phi.value(x[i]), actual.value[i], bound);
          assertWithin(which, phi, x[i], phi.derivative(x[i]), actual.derivative[i], bound);
        }
      }
    }
  }

  /** Relative accuracy where φ is small but not its argument's rounding amplified. */
  @ParameterizedTest
  @MethodSource("backends")
  void smallArgumentsKeepTheirLeadingDigits(BackendCase which) {
    double bound = which.precision() == Precision.FP64 ? 1e-14 : 3e-7;
    double[] x = new double[400];
    for (int i = 0; i < x.length; i++) {
      x[i] = (i % 2 == 0 ? 1 : -1) * Math.pow(10, -30.0 * i / x.length);
    }
    x = rounded(x, which.precision());
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      for (Activation phi : activations(which)) {
        Evaluation actual = evaluate(phi, x, workspace);
        for (int i = 0; i < x.length; i++) {
          double expected = phi.value(x[i]);
          if (Math.abs(expected) > Float.MIN_NORMAL) {
            assertEquals(expected, actual.value[i], bound * Math.abs(expected), phi + " " + x[i]);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void infinitiesGoWhereTheDefinitionSendsThem(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      for (double infinity : new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
        for (Activation phi : activations(which)) {
          Evaluation actual = evaluate(phi, filled(37, infinity), workspace);
          for (int i = 0; i < 37; i++) {
            assertEquals(phi.value(infinity), actual.value[i], 0, phi.label());
            assertEquals(phi.derivative(infinity), actual.derivative[i], 0, phi.label());
          }
        }
      }
    }
  }

  /** Also a NaN that carries a payload, as other programs' files may. */
  @ParameterizedTest
  @MethodSource("backends")
  void notANumberStaysNotANumber(BackendCase which) {
    double[] nans = {
      Double.NaN,
      Float.intBitsToFloat(0x7fc00001),
      Float.intBitsToFloat(0xffc00155),
      Double.longBitsToDouble(0x7ff8000000000fffL),
      Double.longBitsToDouble(0xfff80000000007ffL)
    };
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      for (double nan : nans) {
        for (Activation phi : activations(which)) {
          for (int size : new int[] {1, 37}) {
            Evaluation actual = evaluate(phi, filled(size, nan), workspace);
            for (int i = 0; i < size; i++) {
              assertTrue(Double.isNaN(actual.value[i]), phi.label());
              assertTrue(Double.isNaN(actual.derivative[i]), phi.label());
            }
          }
        }
      }
    }
  }

  /**
   * Neighbours, the tail of a range and the split between threads make no difference, bit by bit.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void aResultDoesNotDependOnWhereItsArgumentStands(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      double[] x = arguments();
      for (Activation phi : activations(which)) {
        Evaluation reference = evaluate(phi, x, workspace);
        for (int shift : new int[] {1, 3, 7, 1001}) {
          double[] rotated = new double[x.length - shift % 2];
          for (int i = 0; i < rotated.length; i++) {
            rotated[i] = x[(i + shift) % x.length];
          }
          Evaluation moved = evaluate(phi, rotated, workspace);
          for (int i = 0; i < rotated.length; i++) {
            int home = (i + shift) % x.length;
            assertEquals(reference.value[home], moved.value[i], phi + " of " + x[home]);
            assertEquals(reference.derivative[home], moved.derivative[i], phi + " of " + x[home]);
          }
        }
        for (int first = 0; first < 40; first++) {
          double[] few = Arrays.copyOfRange(x, 17 * first, 17 * first + 1 + first % 19);
          Evaluation alone = evaluate(phi, few, workspace);
          for (int i = 0; i < few.length; i++) {
            assertEquals(reference.value[17 * first + i], alone.value[i], phi.label());
            assertEquals(reference.derivative[17 * first + i], alone.derivative[i], phi.label());
          }
        }
      }
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Evaluation(double[] value, double[] derivative) {}

  private static Evaluation evaluate(Activation phi, double[] x, Workspace workspace) {
    Backend backend = workspace.backend();
    try (Workspace scratch = workspace.scope()) {
      Matrix h = scratch.allocate(x.length, 1);
      Matrix value = scratch.allocate(x.length, 1);
      Matrix derivative = scratch.allocate(x.length, 1);
      backend.upload(new DenseMatrix(x.length, 1, x.clone()), h);
      backend.activate(phi, h, value, derivative);
      return new Evaluation(
          backend.download(value).values(), backend.download(derivative).values());
    }
  }

  private static void assertWithin(
      BackendCase which, Activation phi, double x, double expected, double actual, double bound) {
    boolean beyond = which.precision() == Precision.FP32 && Math.abs(expected) > Float.MAX_VALUE;
    if (beyond) {
      assertEquals((float) expected, actual);
    } else {
      assertEquals(
          expected,
          actual,
          bound * Math.max(1, Math.abs(expected)),
          () -> which + " " + phi.label() + " of " + x);
    }
  }

  /** Those that backends have kernels for and, where Java code can be called, one of a user's. */
  private static List<Activation> activations(BackendCase which) {
    List<Activation> all = new ArrayList<>(List.of(StandardActivation.values()));
    if (!which.name().equals("cuda")) {
      all.add(new Witch());
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("backends")
  void anActivationOfAUsersIsEvaluatedOrRefusedByName(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      if (which.name().equals("cuda")) {
        InvalidConfiguration refusal =
            assertThrows(
                InvalidConfiguration.class,
                () -> evaluate(new Witch(), new double[] {1}, workspace));
        assertTrue(refusal.getMessage().contains("witch has no CUDA kernel"));
      } else {
        assertEquals(0.5, evaluate(new Witch(), new double[] {1}, workspace).value[0]);
      }
    }
  }

  /** Evenly over ±40, evenly and in powers over ±10⁴, and special values among them. */
  private static double[] arguments() {
    int third = 3000;
    double[] x = new double[3 * third + 1];
    for (int i = 0; i < third; i++) {
      double t = 2.0 * i / third - 1;
      x[i] = 40 * t;
      x[third + i] = 1e4 * t;
      x[2 * third + i] = Math.signum(t) * Math.pow(10, 24 * Math.abs(t) - 20);
    }
    x[3 * third] = 1e4;
    for (int i = 0; i < SPECIAL.length; i++) {
      x[i * (x.length / SPECIAL.length)] = SPECIAL[i];
      x[100 + i] = SPECIAL[i];
    }
    return x;
  }

  private static double[] rounded(double[] x, Precision precision) {
    return Arrays.stream(x).map(v -> precision == Precision.FP32 ? (float) v : v).toArray();
  }

  private static double[] filled(int size, double value) {
    double[] x = new double[size];
    Arrays.fill(x, value);
    return x;
  }
}
