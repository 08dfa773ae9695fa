package io.tangentflow.report;

/**
 * A value and the interval it is uncertain in, as the interval's ends, not as lengths; so intervals
 * may be asymmetric.
 *
 * @param lower at most {@code upper}; NaN where no interval is known
 * @param upper at least {@code lower}; NaN where no interval is known
 */
public record Point(double x, double y, double lower, double upper) {

  /** Refuses an interval whose ends are in the wrong order. */
  public Point {
    if (lower > upper) {
      throw new IllegalArgumentException(
          "the interval at x = " + x + " runs from " + lower + " down to " + upper);
    }
  }

  /** A value without an interval. */
  public Point(double x, double y) {
    this(x, y, Double.NaN, Double.NaN);
  }

  /** The value with the interval y ± error; {@code error} is NaN where it is not known. */
  public static Point withError(double x, double y, double error) {
    return new Point(x, y, y - error, y + error);
  }

  boolean hasInterval() {
    return lower < upper;
  }
}
