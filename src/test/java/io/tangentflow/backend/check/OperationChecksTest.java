package io.tangentflow.backend.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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

  static List<OperationCheck> checks() {
    return OperationChecks.all();
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

  /** A backend that leaves one operation out, or answers wrongly, is caught by its check. */
  @ParameterizedTest
  @MethodSource("checks")
  void aBackendThatLiesIsCaught(OperationCheck check) {
    for (String method : check.methods()) {
      try (Backend honest = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1));
          Backend reference = reference()) {
        OperationCheck.Outcome outcome = check.run(liar(honest, method), reference);
        assertFalse(outcome.holds(), method + " was left out: " + outcome);
      }
    }
  }

  private static Backend reference() {
    return Backends.open("cpu-scalar", new BackendOptions(Precision.FP64, 1));
  }

  private static Backend liar(Backend honest, String method) {
    InvocationHandler handler =
        (proxy, called, arguments) -> {
          if (called.getName().equals("workspace")) {
            return InvocationHandler.invokeDefault(proxy, called, arguments);
          }
          boolean lie = called.getName().equals(method);
          if (lie && called.getReturnType() == void.class) {
            return null;
          }
          Object answer = call(called, honest, arguments);
          return lie ? falsified(answer, honest) : answer;
        };
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
  }

  private static Object call(Method called, Backend honest, Object[] arguments) throws Throwable {
    try {
      return called.invoke(honest, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static Object falsified(Object answer, Backend honest) {
    if (answer instanceof Matrix matrix) { // Not zeroed.
      honest.gaussian(matrix, 1, 1);
      return matrix;
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
