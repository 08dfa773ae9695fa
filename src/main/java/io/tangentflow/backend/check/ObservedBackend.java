package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/** A backend whose every call an observer makes. */
final class ObservedBackend {

  /** Makes a call, with what it has to do before and after. */
  @FunctionalInterface
  interface Observer {
    Object around(String operation, Object[] arguments, Call call) throws Throwable;
  }

  /** The call itself. */
  @FunctionalInterface
  interface Call {
    Object make() throws Throwable;
  }

  private ObservedBackend() {}

  /** The backend; its workspaces keep it, so that what they allocate and free is observed. */
  static Backend of(Backend backend, Observer observer) {
    InvocationHandler handler =
        (proxy, method, arguments) ->
            method.getName().equals("workspace")
                ? InvocationHandler.invokeDefault(proxy, method, arguments)
                : observer.around(
                    method.getName(), arguments, () -> call(backend, method, arguments));
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
  }

  private static Object call(Backend backend, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(backend, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
