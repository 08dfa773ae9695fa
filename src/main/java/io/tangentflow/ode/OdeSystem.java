package io.tangentflow.ode;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Term;
import java.util.List;

/**
 * dy/dt = ±G(y, t) for a state y of one or two matrices, as {@link RungeKutta} solves it. A system
 * may keep what it computes at each stage until the step is accepted.
 */
public interface OdeSystem {

  /** A part of the state. */
  record Part(String name, Matrix value, double sign) {
    /**
     * One part.
     *
     * @param name for messages
     * @param value changed by each accepted step
     * @param sign ±1, that of G
     */
    public Part {
      if (Math.abs(sign) != 1) {
        throw new IllegalArgumentException("a sign is 1 or -1, not " + sign);
      }
    }
  }

  /** y; the same matrices at each call. */
  List<Part> parts();

  /** N, the samples whose columns each part has, in equal numbers. */
  int samples();

  /**
   * Evaluates G at stage s, at y + increments.
   *
   * @param increments of each part
   * @param slopes receives G of each part. Modified.
   */
  void evaluate(int s, double t, List<List<Term>> increments, List<Matrix> slopes);

  /**
   * The step from t over dt is accepted; y is still that at t.
   *
   * @param slopes G at t, of each part
   */
  void accepted(double t, double dt, List<Matrix> slopes);

  /** What was kept of stage {@code from}, after the last step, is that of stage 0 of the next. */
  void moveToFirst(int from);
}
