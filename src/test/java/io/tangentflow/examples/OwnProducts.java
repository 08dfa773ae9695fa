package io.tangentflow.examples;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendProvider;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.model.DenseMatrix;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

// docs/extending.md
/** The vectorised CPU backend with products AᵀA of one's own. */
public final class OwnProducts implements BackendProvider {

  @Override
  public String name() {
    return "own-products";
  }

  @Override
  public int rank() {
    return -1; // auto takes every other usable backend first.
  }

  @Override
  public Usability probe() {
    return new Usability(true, "plain loops for AᵀA, cpu-vector for all else");
  }

  @Override
  public Backend open(BackendOptions options) {
    Backend base = Backends.open("cpu-vector", options);
    InvocationHandler calls =
        (self, method, args) ->
            switch (method.getName()) {
              case "name" -> name();
              case "workspace" -> InvocationHandler.invokeDefault(self, method, args);
              case "syrk" -> {
                syrk(base, (Matrix) args[0], (Matrix) args[1]);
                yield null;
              }
              default -> {
                try {
                  yield method.invoke(base, args);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              }
            };
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, calls);
  }

  /** C ← AᵀA, both triangles. */
  private static void syrk(Backend base, Matrix a, Matrix c) {
    DenseMatrix columns = base.download(a);
    DenseMatrix products = DenseMatrix.zeros(columns.columns(), columns.columns());
    for (int j = 0; j < columns.columns(); j++) {
      for (int i = 0; i < columns.columns(); i++) {
        double sum = 0;
        for (int k = 0; k < columns.rows(); k++) {
          sum += columns.get(k, i) * columns.get(k, j);
        }
        products.set(i, j, sum);
      }
    }
    base.upload(products, c);
  }
}
// end
