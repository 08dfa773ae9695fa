package io.tangentflow.ode;

/**
 * What a solution took.
 *
 * @param accepted steps
 * @param rejected steps, tried and found too inexact
 * @param evaluations of the vector field or of its pullback
 */
public record SolverStatistics(int accepted, int rejected, long evaluations) {

  /** Nothing was solved. */
  public static final SolverStatistics NONE = new SolverStatistics(0, 0, 0);
}
