package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.model.NeuralOde;

/**
 * Independent networks of one model, solved in equal steps. Network b has the parameters of the
 * seed firstSeed + b (see {@link io.tangentflow.model.Parameters.Seeded}), which nobody stores.
 *
 * @param model hyper-parameters, of a width n ≤ {@value #GREATEST_WIDTH}
 * @param method of the steps
 * @param depth L, the number of steps
 * @param firstSeed the seed of network 0
 * @param networks B
 */
public record Ensemble(NeuralOde model, Method method, int depth, long firstSeed, int networks) {

  /** Wider networks are solved one at a time, by products. */
  public static final int GREATEST_WIDTH = 512;

  /** An explicit Runge–Kutta method that ensembles are solved by. */
  public enum Method {
    /** h⁺ = h + Δ F(h). */
    EULER,
    /** The classical method of order four. */
    RK4
  }

  public Ensemble {
    if (model.width() > GREATEST_WIDTH) {
      throw new InvalidConfiguration(
          "--width", "must be at most " + GREATEST_WIDTH + " in an ensemble, not " + model.width());
    }
    if (depth < 1) {
      throw new InvalidConfiguration("--depth", "must be at least 1, not " + depth);
    }
    if (networks < 1) {
      throw new InvalidConfiguration("--networks", "must be at least 1, not " + networks);
    }
  }

  /** Δ = T/L. */
  public double timeStep() {
    return model.horizon() / depth;
  }

  /** The networks from {@code first} on, so many of them. */
  public Ensemble part(int first, int count) {
    return new Ensemble(model, method, depth, firstSeed + first, count);
  }

  /**
   * Refuses inputs other than d×N, or outputs other than mN×B.
   *
   * @throws IllegalArgumentException that names both shapes
   */
  public void requireFits(Matrix inputs, Matrix outputs) {
    if (inputs.rows() != model.inputDim()
        || outputs.rows() != (long) model.outputs() * inputs.columns()
        || outputs.columns() != networks
        || inputs.precision() != outputs.precision()) {
      throw new IllegalArgumentException(
          String.format(
              "%d networks of d = %d and m = %d do not take inputs %s to outputs %s",
              networks, model.inputDim(), model.outputs(), inputs.shape(), outputs.shape()));
    }
  }
}
