package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import java.util.OptionalLong;

/** Checks that nothing has overflown. */
public final class Finite {

  private Finite() {}

  /**
   * Refuses a matrix with an entry that is infinite or not a number.
   *
   * @param matrix with as many columns for each sample
   * @throws NonFiniteState that names the first sample
   */
  public static void require(
      String what, Matrix matrix, int samples, double time, Backend backend) {
    OptionalLong at = backend.firstNonFinite(matrix);
    if (at.isPresent()) {
      long column = at.getAsLong() / matrix.rows();
      throw new NonFiniteState(what, (int) (column * samples / matrix.columns()), time);
    }
  }
}
