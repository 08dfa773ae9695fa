package io.tangentflow.ode;

/** How the steps of a solution are chosen. */
public sealed interface Stepping permits TimeGrid, Tolerance {

  /** The method of each step. */
  Tableau tableau();

  /** The method and its steps or tolerance, like {@code rk4/20} or {@code dormand-prince/1e-6}. */
  String label();
}
