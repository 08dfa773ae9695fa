package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;

/** The most memory of a backend that a computation holds at one time, over all its workspaces. */
public final class PeakMemory {

  private final Backend backend;
  private long held;
  private long peak;

  private PeakMemory(Backend backend) {
    this.backend = backend;
  }

  /**
   * Does the work once.
   *
   * @param work on the backend that it is given; what it allocates it frees
   */
  public static long bytes(Backend backend, Consumer<Backend> work) {
    PeakMemory memory = new PeakMemory(backend);
    InvocationHandler counted = memory::call;
    work.accept(
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, counted));
    return memory.peak;
  }

  private Object call(Object proxy, Method method, Object[] arguments) throws Throwable {
    if (method.getName().equals("workspace")) {
      return InvocationHandler.invokeDefault(proxy, method, arguments); // It keeps the backend.
    }
    try {
      Object result = method.invoke(backend, arguments);
      if (method.getName().equals("allocate")) {
        held += bytes((Matrix) result);
        peak = Math.max(peak, held);
      } else if (method.getName().equals("free")) {
        held -= bytes((Matrix) arguments[0]);
      }
      return result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static long bytes(Matrix matrix) {
    return (long) matrix.rows() * matrix.columns() * matrix.precision().bytes();
  }
}
