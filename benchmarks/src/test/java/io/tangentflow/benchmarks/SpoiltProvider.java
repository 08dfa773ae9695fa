package io.tangentflow.benchmarks;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendProvider;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;

/**
 * cpu-vector with one operation spoilt: of what that operation answers or writes last, every number
 * is a tenth too large. A benchmark that checks nothing does not notice.
 */
public final class SpoiltProvider implements BackendProvider {

  static final String NAME = "spoilt";

  /** The operation; none is spoilt without one. */
  static volatile String operation = "";

  /** How the backend calls itself. */
  static volatile String calledItself = NAME;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int rank() {
    return -1;
  }

  @Override
  public Usability probe() {
    return new Usability(true, "for tests");
  }

  @Override
  public Backend open(BackendOptions options) {
    Backend backend = Backends.open("cpu-vector", options);
    InvocationHandler spoil = (proxy, method, arguments) -> call(backend, proxy, method, arguments);
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, spoil);
  }

  private static Object call(Backend backend, Object proxy, Method method, Object[] arguments)
      throws Throwable {
    if (method.getName().equals("name")) {
      return calledItself;
    }
    if (method.getName().equals("workspace")) {
      return InvocationHandler.invokeDefault(proxy, method, arguments); // It keeps the proxy.
    }
    try {
      Object answer = method.invoke(backend, arguments);
      return method.getName().equals(operation) ? spoilt(backend, arguments, answer) : answer;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static Object spoilt(Backend backend, Object[] arguments, Object answer) {
    if (answer instanceof Double number) {
      return 1.1 * number;
    }
    Matrix written =
        (Matrix)
            Arrays.stream(arguments)
                .filter(Matrix.class::isInstance)
                .reduce((first, last) -> last)
                .orElseThrow();
    Matrix copy = backend.allocate(written.rows(), written.columns(), written.precision());
    backend.copy(written, copy);
    backend.addScaled(0.1, copy, written);
    return answer;
  }
}
