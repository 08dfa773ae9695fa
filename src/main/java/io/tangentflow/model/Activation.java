package io.tangentflow.model;

import java.util.OptionalDouble;

/**
 * An activation φ, applied entrywise. Users add their own by implementing this interface; backends
 * have fast kernels for {@link StandardActivation} and call {@link #value} and {@link #derivative}
 * for any other, from several threads at a time.
 */
public interface Activation {

  /** The name it is asked for on the command line, see {@link Activations}, and reported by. */
  String label();

  /** φ(x), for every finite x; NaN in, NaN out. At ±∞ a product 0·∞ may give NaN. */
  double value(double x);

  /** φ'(x), almost everywhere; where φ has a kink, the left derivative. */
  double derivative(double x);

  /** sup |φ'|, empty if φ is not Lipschitz. */
  OptionalDouble lipschitz();

  /** sup |φ''|, empty if φ' is not Lipschitz. */
  OptionalDouble derivativeLipschitz();

  /**
   * Whether φ is a polynomial. The limiting NTK is strictly positive definite on distinct inputs of
   * one sphere if φ is not (Gao et al., ICLR 2025).
   */
  boolean polynomial();

  /**
   * Whether φ is smooth. One that is not has its only kink at 0: it is smooth on x ≤ 0 and on x ≥
   * 0, and quadratures do not step across 0.
   */
  default boolean smooth() {
    return true;
  }
}
