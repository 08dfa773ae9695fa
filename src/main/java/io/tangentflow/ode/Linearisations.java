package io.tangentflow.ode;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Φ and the slope at each stage of a step, n×N each. */
public final class Linearisations {

  private final List<Matrix> pairs = new ArrayList<>();
  private final List<Matrix> slopes = new ArrayList<>();

  /** All zero, in the workspace. */
  public Linearisations(int stages, int width, int samples, Workspace workspace) {
    for (int s = 0; s < stages; s++) {
      pairs.add(workspace.allocate(width, samples));
      slopes.add(workspace.allocate(width, samples));
    }
  }

  /** Φ of stage s. */
  public Matrix pair(int s) {
    return pairs.get(s);
  }

  /** The slope of stage s. */
  public Matrix slope(int s) {
    return slopes.get(s);
  }

  /** Exchanges stage 0 with another's. */
  public void exchangeFirst(Linearisations other) {
    exchangeFirst(pairs, other.pairs);
    exchangeFirst(slopes, other.slopes);
  }

  private static void exchangeFirst(List<Matrix> some, List<Matrix> others) {
    some.set(0, others.set(0, some.get(0)));
  }

  /** Exchanges what two stages hold. */
  public void swap(int s, int r) {
    Collections.swap(pairs, s, r);
    Collections.swap(slopes, s, r);
  }
}
