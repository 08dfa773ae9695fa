package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;

/**
 * A network's parameters on a device; the workspace they were placed in owns them.
 *
 * @param model the hyper-parameters
 * @param u n×d
 * @param w n×n
 * @param v m×n
 */
public record Weights(NeuralOde model, Matrix u, Matrix w, Matrix v) {

  /** Generates or uploads the parameters into the workspace. */
  public static Weights place(NeuralOde model, Parameters parameters, Workspace workspace) {
    int n = model.width();
    Backend backend = workspace.backend();
    Matrix u = workspace.allocate(n, model.inputDim());
    Matrix w = workspace.allocate(n, n);
    Matrix v = workspace.allocate(model.outputs(), n);
    if (parameters instanceof Parameters.Seeded seeded) {
      backend.gaussian(u, seeded.seed(), Parameters.STREAM_U);
      backend.gaussian(w, seeded.seed(), Parameters.STREAM_W);
      backend.gaussian(v, seeded.seed(), Parameters.STREAM_V);
    } else if (parameters instanceof Parameters.Given given) {
      if (given.u().columns() != model.inputDim()
          || given.w().rows() != n
          || given.v().rows() != model.outputs()) {
        throw new InvalidConfiguration(
            "parameters",
            String.format(
                "are those of width %d, input dimension %d and %d outputs, but the model has width"
                    + " %d, input dimension %d and %d outputs",
                given.w().rows(),
                given.u().columns(),
                given.v().rows(),
                n,
                model.inputDim(),
                model.outputs()));
      }
      backend.upload(given.u(), u);
      backend.upload(given.w(), w);
      backend.upload(given.v(), v);
    }
    return new Weights(model, u, w, v);
  }

  /** Bytes that {@link #place} allocates. */
  public static long bytes(NeuralOde model, int bytesPerNumber) {
    long n = model.width();
    return n * (n + model.inputDim() + model.outputs()) * bytesPerNumber;
  }

  /** Copies inputs (d×N) to the device, checking that their dimension is the model's. */
  public Matrix upload(DenseMatrix inputs, Workspace workspace) {
    if (inputs.rows() != model.inputDim()) {
      throw new InvalidConfiguration(
          "--input-dim",
          "is " + model.inputDim() + " but the data have " + inputs.rows() + " features");
    }
    Matrix x = workspace.allocate(inputs.rows(), inputs.columns());
    workspace.backend().upload(inputs, x);
    return x;
  }
}
