package io.tangentflow.backend.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.CudaFailure;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.testing.BackendCase;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the self-test checks, and that it would notice. */
@Tag("every-backend")
class OperationChecksTest {

  /** Methods of a backend that compute nothing. */
  private static final Set<String> OTHERS =
      Set.of(
          "name",
          "precision",
          "description",
          "availableBytes",
          "sharesHostMemory",
          "roofline",
          "emulated",
          "free",
          "workspace",
          "close");

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void everyCheckHolds(BackendCase which) {
    try (Backend backend = which.open();
        Backend reference = reference()) {
      for (OperationCheck check : OperationChecks.all()) {
        OperationCheck.Outcome outcome = check.run(backend, reference);
        assertTrue(outcome.holds(), check.name() + ": " + outcome);
      }
    }
  }

  @Test
  void everyOperationOfABackendIsChecked() {
    Set<String> checked = new TreeSet<>(OTHERS);
    OperationChecks.all().forEach(check -> checked.addAll(check.methods()));
    Set<String> methods = new TreeSet<>();
    for (Method method : Backend.class.getMethods()) {
      methods.add(method.getName());
    }
    assertEquals(methods, checked);
  }

  /** What a backend does wrong, in one call or in all. */
  private enum Wrong {
    /** Every call returns at once, or answers something else. */
    LEFT_OUT,
    /** One output of every call stays what it was. */
    OUTPUT_KEPT,
    /** One entry of one output of one call is off by a hundredth. */
    ENTRY,
    /** One call changes an entry of an argument that it is only to read. */
    INPUT_CHANGED,
    /** One call changes an entry beside the view that it is to write. */
    BESIDE
  }

  /**
   * A lie.
   *
   * @param argument the place of a matrix among the operation's arguments, −1 for what it answers
   */
  private record Lie(OperationCheck check, String method, Wrong wrong, int argument) {
    @Override
    public String toString() {
      return method + " " + wrong + (argument < 0 ? "" : " " + argument);
    }
  }

  /** Which arguments an operation writes. */
  private static int[] outputs(String method) {
    return switch (method) {
      case "gaussian" -> new int[] {0};
      case "upload", "copy", "syrk", "twoTimeKernels" -> new int[] {1};
      case "contract", "dotProductKernel", "addScaled", "ensemble", "softmaxCrossEntropy" ->
          new int[] {2};
      case "adam" -> new int[] {2, 3, 4};
      case "activate" -> new int[] {2, 3};
      case "stage" -> new int[] {3, 4};
      case "step" -> new int[] {1, 3, 4};
      case "adjointStage" -> new int[] {1, 5};
      case "adjointStep" -> new int[] {3, 5};
      case "gemm" -> new int[] {6};
      default -> new int[0];
    };
  }

  /** Matrices that an operation only reads. */
  private static int[] inputs(String method) {
    return switch (method) {
      case "copy", "syrk", "dot", "firstNonFinite", "dotProductKernel" -> new int[] {0};
      case "activate", "stage", "ensemble", "addScaled", "adam" -> new int[] {1};
      case "contract", "softmaxCrossEntropy" -> new int[] {0, 1};
      case "gemm" -> new int[] {3, 4};
      case "adjointStage" -> new int[] {3};
      case "adjointStep" -> new int[] {1};
      default -> new int[0];
    };
  }

  static Stream<Arguments> lies() {
    List<Lie> lies = new ArrayList<>();
    for (OperationCheck check : OperationChecks.all()) {
      for (String method : check.methods()) {
        lies.add(new Lie(check, method, Wrong.LEFT_OUT, -1));
        for (int output : outputs(method)) {
          lies.add(new Lie(check, method, Wrong.OUTPUT_KEPT, output));
          lies.add(new Lie(check, method, Wrong.ENTRY, output));
        }
        for (int input : inputs(method)) {
          lies.add(new Lie(check, method, Wrong.INPUT_CHANGED, input));
        }
        if (Set.of("upload", "gaussian", "gemm", "addScaled", "softmaxCrossEntropy", "adam")
            .contains(method)) {
          int[] outputs = outputs(method);
          lies.add(new Lie(check, method, Wrong.BESIDE, outputs[outputs.length - 1]));
        }
      }
    }
    return lies.stream()
        .flatMap(
            lie ->
                Stream.of(Precision.FP32, Precision.FP64)
                    .map(precision -> Arguments.of(lie, precision)));
  }

  @ParameterizedTest(name = "{0} in {1}")
  @MethodSource("lies")
  void aBackendThatLiesIsCaught(Lie lie, Precision precision) {
    try (Backend honest = Backends.open("cpu-vector", new BackendOptions(precision, 1));
        Backend reference = reference()) {
      Liar counting = new Liar(honest, lie, Integer.MAX_VALUE);
      assertEquals(
          lie.wrong == Wrong.LEFT_OUT || lie.wrong == Wrong.OUTPUT_KEPT,
          !lie.check.run(counting.backend(), reference).holds(),
          "but for the lie the check holds");
      Liar liar = new Liar(honest, lie, counting.calls / 2);
      OperationCheck.Outcome outcome = lie.check.run(liar.backend(), reference);
      assertFalse(outcome.holds(), outcome.toString());
      if (lie.wrong == Wrong.INPUT_CHANGED || lie.wrong == Wrong.BESIDE) {
        assertTrue(outcome.fault().isPresent(), outcome.toString());
      }
    }
  }

  /** What a fault of the device was found by. */
  @Test
  void aFailureOfTheDeviceNamesTheCheck() {
    InvocationHandler broken =
        (proxy, called, arguments) -> {
          if (called.getName().equals("workspace")) {
            return InvocationHandler.invokeDefault(proxy, called, arguments);
          }
          if (called.getName().equals("precision")) {
            return Precision.FP32;
          }
          if (called.getName().equals("sharesHostMemory")) {
            return false;
          }
          throw new CudaFailure(719, "CUDA_ERROR_LAUNCH_FAILED", "cuLaunchKernel");
        };
    OperationCheck gemm = OperationChecks.all().get(3);
    try (Backend reference = reference()) {
      CudaFailure failure =
          assertThrows(CudaFailure.class, () -> gemm.run(proxy(broken), reference));
      assertEquals(719, failure.code());
      assertEquals(6, failure.exitCode());
      assertTrue(
          failure.getMessage().startsWith("during the check of gemm: cuLaunchKernel answered"),
          failure.getMessage());
    }
  }

  private static Backend reference() {
    return Backends.open("cpu-scalar", new BackendOptions(Precision.FP64, 1));
  }

  private static Backend proxy(InvocationHandler handler) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
  }

  /** A backend that is honest but for one lie. */
  private static final class Liar implements InvocationHandler {
    private final Backend honest;
    private final Lie lie;
    private final int when;
    private final List<Matrix> live = new ArrayList<>();
    private int calls;

    /**
     * A liar.
     *
     * @param when the call that a lie of one call is told in, from 0
     */
    Liar(Backend honest, Lie lie, int when) {
      this.honest = honest;
      this.lie = lie;
      this.when = when;
    }

    Backend backend() {
      return proxy(this);
    }

    @Override
    public Object invoke(Object proxy, Method called, Object[] arguments) throws Throwable {
      if (called.getName().equals("workspace")) {
        return InvocationHandler.invokeDefault(proxy, called, arguments);
      }
      if (called.getName().equals("free")) {
        live.remove(arguments[0]);
      }
      if (!called.getName().equals(lie.method)) {
        return remembered(call(called, arguments));
      }
      boolean now = calls++ == when;
      return switch (lie.wrong) {
        case LEFT_OUT ->
            called.getReturnType() == void.class ? null : falsified(call(called, arguments));
        case OUTPUT_KEPT -> {
          Matrix output = (Matrix) arguments[lie.argument];
          DenseMatrix kept = honest.download(output);
          Object answer = call(called, arguments);
          honest.upload(kept, output);
          yield answer;
        }
        case ENTRY, INPUT_CHANGED -> {
          Object answer = call(called, arguments);
          if (now) {
            spoil((Matrix) arguments[lie.argument]);
          }
          yield answer;
        }
        case BESIDE -> {
          Object answer = call(called, arguments);
          if (beside((Matrix) arguments[lie.argument], now)) {
            yield answer;
          }
          calls--; // No memory lies beside it.
          yield answer;
        }
      };
    }

    private Object remembered(Object answer) {
      if (answer instanceof Matrix matrix) {
        live.add(matrix);
      }
      return answer;
    }

    private Object call(Method called, Object[] arguments) throws Throwable {
      try {
        return called.invoke(honest, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }

    /** The last entry, by a hundredth. */
    private void spoil(Matrix matrix) {
      DenseMatrix values = honest.download(matrix);
      double[] entries = values.values();
      double last = entries[entries.length - 1];
      entries[entries.length - 1] = last + 0.01 * (1 + Math.abs(last));
      honest.upload(values, matrix);
    }

    /**
     * Finds the storage of a view by a mark that is left in the view for a moment.
     *
     * @return whether it is larger than the view, which then is no good place for that lie
     */
    private boolean beside(Matrix view, boolean spoil) {
      DenseMatrix right = honest.download(view);
      honest.upload(new DenseMatrix(view.rows(), view.columns(), marks(right)), view);
      for (Matrix storage : live) {
        DenseMatrix whole = honest.download(storage);
        int free = -1;
        boolean marked = false;
        for (int k = 0; k < whole.values().length; k++) {
          if (whole.values()[k] == MARK) {
            marked = true;
          } else {
            free = k;
          }
        }
        if (marked) {
          honest.upload(right, view);
          if (free >= 0 && spoil) {
            DenseMatrix contents = honest.download(storage);
            contents.values()[free] += 1;
            honest.upload(contents, storage);
          }
          return free >= 0;
        }
      }
      throw new AssertionError("every view has its storage");
    }

    private static final double MARK = 12345;

    private static double[] marks(DenseMatrix like) {
      double[] marks = new double[like.values().length];
      Arrays.fill(marks, MARK);
      return marks;
    }

    private Object falsified(Object answer) {
      if (answer instanceof Matrix matrix) { // Not zeroed.
        honest.gaussian(matrix, 1, 1);
        return remembered(matrix);
      }
      if (answer instanceof DenseMatrix values) {
        Arrays.fill(values.values(), 0.125);
        return values;
      }
      if (answer instanceof OptionalLong found) {
        return OptionalLong.of(found.orElse(0) + 1);
      }
      return (double) answer * (1 + 1e-9) + 1e-9;
    }
  }
}
