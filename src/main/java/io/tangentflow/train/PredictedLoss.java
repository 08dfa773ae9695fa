package io.tangentflow.train;

import io.tangentflow.TangentFlowException.KernelNotPositive;
import java.util.OptionalDouble;

/**
 * The loss that full-batch descent has after k steps while the tangent kernel stays what it is,
 * from the closed form of {@link KernelDynamics}.
 *
 * @param dynamics from the outputs at the start, on the sum of squares
 * @param rate η, of descent on the loss
 * @param weight of the sum of squares in the loss: 1, or one over the samples for a mean
 */
public record PredictedLoss(KernelDynamics dynamics, double rate, double weight) {

  /** By step k; empty where the kernel as it is known does not determine it, or it overflows. */
  public OptionalDouble at(long step) {
    try {
      double loss = weight * dynamics.trainLoss(new SpectralFilter.Descent(rate * weight, step));
      return Double.isFinite(loss) ? OptionalDouble.of(loss) : OptionalDouble.empty();
    } catch (KernelNotPositive e) {
      return OptionalDouble.empty();
    }
  }
}
