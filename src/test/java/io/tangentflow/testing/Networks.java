package io.tangentflow.testing;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;

/** Parameters and inputs for tests. */
public final class Networks {

  private Networks() {}

  /** The parameters that a seed means, on the host. */
  public static Parameters.Given parameters(NeuralOde model, long seed) {
    return new Parameters.Given(
        Parameters.gaussian(model.width(), model.inputDim(), seed, Parameters.STREAM_U),
        Parameters.gaussian(model.width(), model.width(), seed, Parameters.STREAM_W),
        Parameters.gaussian(model.outputs(), model.width(), seed, Parameters.STREAM_V));
  }

  /** Standard normal inputs, d×N. */
  public static DenseMatrix inputs(NeuralOde model, int samples) {
    return Parameters.gaussian(model.inputDim(), samples, 77, 9);
  }

  /** AB. */
  public static DenseMatrix product(DenseMatrix a, DenseMatrix b) {
    DenseMatrix c = DenseMatrix.zeros(a.rows(), b.columns());
    for (int j = 0; j < b.columns(); j++) {
      for (int l = 0; l < a.columns(); l++) {
        for (int i = 0; i < a.rows(); i++) {
          c.set(i, j, c.get(i, j) + a.get(i, l) * b.get(l, j));
        }
      }
    }
    return c;
  }
}
