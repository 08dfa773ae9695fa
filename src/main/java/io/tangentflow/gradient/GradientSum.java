package io.tangentflow.gradient;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.ode.Weights;
import java.util.List;

/**
 * Sums Σ_io r_io ∂f_o(x_i)/∂θ for θ = U, W and V, of one cotangent column for each sample: by a
 * product for each point of time, in memory that does not grow with their number.
 */
public final class GradientSum implements PairSink {

  /** A stream that neither parameters nor a drift use. */
  private static final int STREAM_OF_COTANGENTS = 18;

  private final Backend backend;
  private final BlockGradients products;
  private final Weights gradient;
  private final Matrix outputs;

  /**
   * @param x d×N
   * @param cotangents r, m×N, as they are pulled back
   * @param workspace owns the gradient
   */
  public GradientSum(NeuralOde model, Matrix x, Matrix cotangents, Workspace workspace) {
    this.backend = workspace.backend();
    int n = model.width();
    gradient =
        new Weights(
            model,
            workspace.allocate(n, model.inputDim()),
            workspace.allocate(n, n),
            workspace.allocate(model.outputs(), n),
            backend);
    products = new BlockGradients(model, x, cotangents, 1, 1, gradient.blocks(), backend);
    outputs = workspace.allocate(model.outputs(), x.columns());
  }

  /**
   * Standard normal cotangents r, m×N: the squared distance of two gradients of Σ r_io f_o(x_i) is
   * in the mean that of the gradients of single outputs, summed.
   */
  public static DenseMatrix normalCotangents(int outputs, int samples, long seed) {
    return Parameters.gaussian(outputs, samples, seed, STREAM_OF_COTANGENTS);
  }

  @Override
  public void begin(Matrix f, Matrix finalActivation) {
    backend.copy(f, outputs);
    products.begin(f, finalActivation);
  }

  @Override
  public void pair(double weight, Matrix adjoints, Matrix activations) {
    products.pair(weight, adjoints, activations);
  }

  /**
   * The sum is complete.
   *
   * @throws NonFiniteState if it is not finite, though states and adjoints were
   */
  @Override
  public void end(Matrix initialAdjoint) {
    products.end(initialAdjoint);
    for (Matrix block : List.of(gradient.u(), gradient.w(), gradient.v(), outputs)) {
      if (backend.firstNonFinite(block).isPresent()) {
        throw new NonFiniteState("gradient or an output");
      }
    }
  }

  /** f, m×N. */
  public Matrix outputs() {
    return outputs;
  }

  /** The gradient, in the shapes of the weights. */
  public Weights gradient() {
    return gradient;
  }
}
