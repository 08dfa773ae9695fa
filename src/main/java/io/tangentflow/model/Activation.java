package io.tangentflow.model;

import java.util.OptionalDouble;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * An activation φ, applied entrywise. Users add their own by implementing this interface; backends
 * have fast kernels for {@link StandardActivation} and call {@link #value} and {@link #derivative}
 * for any other, from several threads at a time.
 */
@API(status = Status.STABLE, since = "0.1")
public interface Activation {

  /**
   * {@return the name it is asked for on the command line, see {@link Activations}, and reported
   * by}
   */
  String label();

  /**
   * The value at x, for every finite x; NaN in, NaN out. At ±∞ a product 0·∞ may give NaN.
   *
   * @param x where
   * @return φ(x)
   */
  double value(double x);

  /**
   * The derivative at x, almost everywhere; where φ has a kink, the left derivative.
   *
   * @param x where
   * @return φ'(x)
   */
  double derivative(double x);

  /** {@return sup |φ'|, empty if φ is not Lipschitz} */
  OptionalDouble lipschitz();

  /** {@return sup |φ''|, empty if φ' is not Lipschitz} */
  OptionalDouble derivativeLipschitz();

  /**
   * {@return whether φ is a polynomial} The limiting NTK is strictly positive definite on distinct
   * inputs of one sphere if φ is not (Gao et al., ICLR 2025).
   */
  boolean polynomial();

  /**
   * {@return whether φ is smooth} One that is not has its only kink at 0: it is smooth on x ≤ 0 and
   * on x ≥ 0, and quadratures do not step across 0.
   */
  default boolean smooth() {
    return true;
  }
}
