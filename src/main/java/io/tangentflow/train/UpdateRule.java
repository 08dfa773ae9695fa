package io.tangentflow.train;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.AdamStep;

/** How parameters θ follow the gradients g_k of a loss, at the learning rate η. */
public sealed interface UpdateRule {

  /** θ ← θ − η g: gradient descent, or stochastic where g is that of a batch. */
  record Descent() implements UpdateRule {}

  /**
   * v ← μ v + g, θ ← θ − η v, from v = 0 on (Polyak 1964).
   *
   * @param coefficient μ, within [0, 1)
   */
  record Momentum(double coefficient) implements UpdateRule {

    /** Refuses what would not decay. */
    public Momentum {
      if (!(coefficient >= 0 && coefficient < 1)) {
        throw new InvalidConfiguration(
            "--momentum", "must be at least 0 and below 1, not " + coefficient);
      }
    }
  }

  /**
   * Steps of the size η along averages of g over those of g² (Kingma and Ba 2015).
   *
   * @param beta1 decay of the average of g, within [0, 1)
   * @param beta2 decay of that of g², within [0, 1)
   * @param epsilon added to the root of the latter, positive
   */
  record Adam(double beta1, double beta2, double epsilon) implements UpdateRule {

    /** Refuses what the algorithm is not defined for. */
    public Adam {
      AdamStep.requireCoefficients(beta1, beta2, epsilon);
    }
  }
}
