package io.tangentflow.backend.check;

import java.util.Collections;
import java.util.List;
import org.apache.commons.math3.stat.descriptive.rank.Median;

/**
 * What some runs of the same work took.
 *
 * @param seconds of each, in their order; at least one
 */
public record Runs(List<Double> seconds) {

  public Runs {
    seconds = List.copyOf(seconds);
    if (seconds.isEmpty()) {
      throw new IllegalArgumentException("no run has no best one");
    }
  }

  /** The least: what disturbs a run makes it longer. */
  public double best() {
    return Collections.min(seconds);
  }

  /** The median. */
  public double median() {
    return new Median().evaluate(seconds.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** The longest. */
  public double greatest() {
    return Collections.max(seconds);
  }
}
