package io.tangentflow.report;

import java.util.ArrayList;
import java.util.List;

/**
 * One axis of a plot. Its range follows from the data.
 *
 * @param label the quantity and its unit, as in {@code "time [s]"}
 * @param included values that the range must reach, besides the data
 */
public record Axis(String label, Kind kind, Labels labels, List<Double> included) {

  /** How values are spread along an axis. */
  public enum Kind {
    /** In proportion. */
    LINEAR,
    /** Decadic logarithm. Values ≤ 0 have no place; a plot marks them at the edge and says so. */
    LOG
  }

  /** Which values are labelled. */
  public enum Labels {
    /** Round values: multiples of 1, 2 or 5 powers of ten; decades on a long logarithmic axis. */
    ROUND,
    /** The values that occur in the data, such as widths 64, 128, 256. */
    DATA
  }

  /** Refuses included values that have no place on the axis. */
  public Axis {
    included = List.copyOf(included);
    for (double value : included) {
      if (!Scale.isDrawable(value) || (kind == Kind.LOG && value <= 0)) {
        throw new IllegalArgumentException(
            "the axis '" + label + "' has no place for the value " + value);
      }
    }
  }

  /** A linear axis with round labels. */
  public static Axis linear(String label) {
    return new Axis(label, Kind.LINEAR, Labels.ROUND, List.of());
  }

  /** A logarithmic axis with round labels. */
  public static Axis log(String label) {
    return new Axis(label, Kind.LOG, Labels.ROUND, List.of());
  }

  /** This axis labelled at the values of the data. */
  public Axis labelledByData() {
    return new Axis(label, kind, Labels.DATA, included);
  }

  /** This axis with a range that reaches the value. */
  public Axis including(double value) {
    List<Double> more = new ArrayList<>(included);
    more.add(value);
    return new Axis(label, kind, labels, more);
  }
}
