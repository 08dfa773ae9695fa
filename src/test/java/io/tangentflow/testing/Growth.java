package io.tangentflow.testing;

import java.util.List;
import java.util.function.ToLongFunction;
import org.apache.commons.math3.stat.regression.SimpleRegression;

/**
 * How much more is held after each job: the slope of the line of least squares through what was
 * held after so many jobs, with its confidence interval.
 *
 * @param perJob the slope
 * @param halfWidth of its interval
 */
public record Growth(double perJob, double halfWidth) {

  private static final double SIGNIFICANCE = 0.05;

  /**
   * Of what was held after as many jobs, {@code every} jobs apart.
   *
   * @param footprints three or more
   */
  public static Growth of(
      List<Footprint> footprints, int every, ToLongFunction<Footprint> quantity) {
    SimpleRegression line = new SimpleRegression();
    for (int i = 0; i < footprints.size(); i++) {
      line.addData((double) i * every, (double) quantity.applyAsLong(footprints.get(i)));
    }
    // Of what never changes the line has no residuals, from which an interval could be made.
    return line.getSumSquaredErrors() == 0
        ? new Growth(line.getSlope(), 0)
        : new Growth(line.getSlope(), line.getSlopeConfidenceInterval(SIGNIFICANCE));
  }

  /** Whether it is surely no more than that. */
  public boolean isWithin(double bound) {
    return perJob + halfWidth <= bound;
  }

  /** Whether it is surely more than that. */
  public boolean isBeyond(double bound) {
    return perJob - halfWidth > bound;
  }

  @Override
  public String toString() {
    return String.format("%.3g ± %.2g", perJob, halfWidth);
  }
}
