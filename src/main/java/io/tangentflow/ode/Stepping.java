package io.tangentflow.ode;

/** How the steps of a solution are chosen. */
public sealed interface Stepping permits TimeGrid, Tolerance {

  /** The method of each step. */
  Tableau tableau();
}
