package io.tangentflow.ode;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * L equal steps of a method: with Euler's, the residual network of depth L.
 *
 * @param tableau the method
 * @param depth L
 */
@API(status = Status.STABLE, since = "0.1")
public record TimeGrid(Tableau tableau, int depth) implements Stepping {

  public TimeGrid {
    if (depth < 1) {
      throw new InvalidConfiguration("--depth", "must be at least 1, not " + depth);
    }
    if ((long) depth * tableau.stages() >= Integer.MAX_VALUE) {
      throw new InvalidConfiguration(
          "--depth",
          depth + " steps of " + tableau + " are more than 2^31 evaluations; choose fewer");
    }
  }

  /** {@return Q = L·S, the evaluations of the vector field} */
  public int evaluations() {
    return Math.multiplyExact(depth, tableau.stages());
  }

  @Override
  public String label() {
    return tableau + "/" + depth;
  }

  @Override
  public String toString() {
    return tableau + " with " + depth + (depth == 1 ? " step" : " steps");
  }
}
