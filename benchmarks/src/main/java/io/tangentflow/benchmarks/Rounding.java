package io.tangentflow.benchmarks;

import io.tangentflow.model.NeuralOde;

/**
 * What rounding may do to a value. First-order bounds are doubled, for the terms' own rounding and
 * that of the computation which is compared with.
 */
public final class Rounding {

  private static final double SAFETY = 2;

  /** Of φ, where it has no Lipschitz constant: over the states of these networks. */
  private static final double SLOPE = 8;

  private Rounding() {}

  /**
   * Of a sum of so many products, relative to the sum of their absolute values (Higham, <i>Accuracy
   * and Stability of Numerical Algorithms</i>, 2002, section 3.1).
   */
  public static double ofSum(int terms, OpenBackend engine) {
    return SAFETY * ((terms + 1) * engine.roundoff() + engine.factorRoundoff());
  }

  /** Of a dozen roundings and functions that are exact to four units in the last place. */
  public static double ofActivation(OpenBackend engine) {
    return 32 * engine.roundoff();
  }

  /**
   * Of the argument of an activation that is summed from so many terms, and of the activation
   * itself; it passes through φ' and φ'', no activation's beyond 2|y| + 2.
   *
   * @param size the sum of the terms' absolute values
   */
  public static double ofActivatedSum(int terms, double size, OpenBackend engine) {
    return SAFETY * (terms + 1) * engine.roundoff() * size * (2 * size + 2)
        + ofActivation(engine) * (1 + size * size);
  }

  /**
   * Of a network's solution, relative to its size. Errors of either sign grow like √n u in a
   * product (Higham and Mary, <i>SIAM J. Sci. Comput.</i> 41, 2019), of which eight standard
   * deviations are allowed, and a few u in each evaluation. The flow carries them to the horizon at
   * most exp(‖W‖ σw/√n · sup|φ'| · T) times as large, ‖W‖ ≈ 2√n.
   */
  public static double ofSolution(NeuralOde model, int evaluations, OpenBackend engine) {
    double slope = model.activation().lipschitz().orElse(SLOPE);
    double growth = Math.exp(2 * model.sigmaW() * model.horizon() * slope);
    double roundings = 8 * Math.sqrt(model.width()) + 8 * evaluations + 16;
    return growth * (roundings * engine.roundoff() + 8 * engine.factorRoundoff());
  }

  /** Of a gradient, relative to its norm: there the solution is carried forward and back. */
  public static double ofGradient(NeuralOde model, int evaluations, OpenBackend engine) {
    double slope = model.activation().lipschitz().orElse(SLOPE);
    double growth = Math.exp(2 * model.sigmaW() * model.horizon() * slope);
    return growth * ofSolution(model, evaluations, engine);
  }
}
