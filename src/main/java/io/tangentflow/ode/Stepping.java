package io.tangentflow.ode;

/** How the steps of a solution are chosen. */
public sealed interface Stepping permits TimeGrid, Tolerance {

  /** The method of each step. */
  Tableau tableau();

  /** Whether a tolerance chooses the steps. */
  default boolean adaptive() {
    return this instanceof Tolerance;
  }

  /** Evaluations that an attempted step holds: those at its end judge it where it is chosen. */
  default int evaluatedStages() {
    return tableau().stages() + (adaptive() ? 1 : 0);
  }

  /** The method and its steps or tolerance, like {@code rk4/20} or {@code dormand-prince/1e-6}. */
  String label();
}
