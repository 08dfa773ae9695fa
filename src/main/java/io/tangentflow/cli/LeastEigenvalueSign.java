package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.KernelNotPositive;
import io.tangentflow.model.NeuralOde;

/**
 * What is known of the sign of a tangent kernel's least eigenvalue: whether it is 0 by the kernel's
 * rank, positive, or not to be told from 0 after rounding.
 *
 * @param value as it was computed, never clipped
 * @param doubt how far it may be from that of the exact kernel: proven for products, measured for
 *     gradients in less than FP64
 * @param bound how far products' rounding and the eigenvalue solver can have moved it, for sure,
 *     from that of the gradients as they were computed
 * @param singular whether there are more outputs than parameters
 */
record LeastEigenvalueSign(double value, double doubt, double bound, boolean singular) {

  /**
   * Whether a kernel of that order has an eigenvalue that is 0 whatever the parameters are.
   *
   * @param trace whether it is the trace over outputs, whose rank is that of the gradients of all
   *     outputs side by side: by V they are the same for each, by U and W linear in its row of V
   */
  static boolean singular(NeuralOde model, int order, boolean trace) {
    double n = model.width();
    double m = model.outputs();
    double byFlow = n * (n + model.inputDim());
    return order > (trace ? Math.min(m, n) * byFlow + n : byFlow + n * m);
  }

  /** For a table. */
  String text() {
    return switch (word()) {
      case "zero" -> "0 by rank: more outputs of samples than parameters";
      case "positive" -> "positive";
      default -> "not told from 0";
    };
  }

  /** zero, positive or unresolved. */
  String word() {
    if (singular) {
      return "zero";
    }
    return value > doubt ? "positive" : "unresolved";
  }

  /**
   * Refuses a kernel that is none.
   *
   * @throws KernelNotPositive if rounding cannot have made the eigenvalue negative
   */
  void require() {
    if (value < -bound) {
      throw new KernelNotPositive("the tangent kernel", value, bound);
    }
  }
}
