package io.tangentflow.ode;

import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/** How the steps of a solution are chosen. */
public sealed interface Stepping permits TimeGrid, Tolerance {

  /** {@return the method of each step} */
  @API(status = Status.STABLE, since = "0.1")
  Tableau tableau();

  /** Whether a tolerance chooses the steps. */
  default boolean adaptive() {
    return this instanceof Tolerance;
  }

  /** Evaluations that an attempted step holds: those at its end judge it where it is chosen. */
  default int evaluatedStages() {
    return tableau().stages() + (adaptive() ? 1 : 0);
  }

  /**
   * {@return the method and its steps or tolerance, like {@code rk4/20} or {@code
   * dormand-prince/1e-6}}
   */
  @API(status = Status.STABLE, since = "0.1")
  String label();
}
