package io.tangentflow.report;

import io.tangentflow.report.Axis.Kind;
import java.util.stream.DoubleStream;

/**
 * The map of an axis, pixel(v) = start + (g(v) − g(low)) / (g(high) − g(low)) · (end − start), with
 * g the identity or the decadic logarithm.
 */
record Scale(Kind kind, double low, double high, double start, double end) {

  /** Room between the data and the ends of an axis, as a fraction of the data's extent. */
  private static final double PADDING = 0.05;

  /** Larger values would overflow the arithmetic of ranges. */
  private static final double GREATEST = 1e300;

  static boolean isDrawable(double value) {
    return Math.abs(value) <= GREATEST;
  }

  /** A scale that covers every drawable value with some room, whatever the values are. */
  static Scale covering(Kind kind, DoubleStream values, double start, double end) {
    Scale unit = new Scale(kind, 1, 10, 0, 1);
    var extent = values.filter(unit::holds).map(unit::g).summaryStatistics();
    if (extent.getCount() == 0) {
      return new Scale(kind, kind == Kind.LOG ? 0.1 : 0, kind == Kind.LOG ? 10 : 1, start, end);
    }
    double length = extent.getMax() - extent.getMin();
    double size = Math.max(Math.abs(extent.getMin()), Math.abs(extent.getMax()));
    double padding =
        length > 1e-12 * size
            ? PADDING * length
            : kind == Kind.LOG ? Math.log10(2) : size == 0 ? 1 : 0.1 * size;
    return new Scale(
        kind,
        unit.inverse(extent.getMin() - padding),
        unit.inverse(extent.getMax() + padding),
        start,
        end);
  }

  /** Whether the value has a place on an axis of this kind. */
  boolean holds(double value) {
    return isDrawable(value) && (kind == Kind.LINEAR || value > 0);
  }

  double pixel(double value) {
    return start + (g(value) - g(low)) / (g(high) - g(low)) * (end - start);
  }

  /** The pixel of a value, or the near end of the axis for one below or beyond all places. */
  double pixelOrEdge(double value) {
    if (holds(value)) {
      return pixel(value);
    }
    return value > 0 ? end : start;
  }

  private double g(double value) {
    return kind == Kind.LOG ? Math.log10(value) : value;
  }

  private double inverse(double g) {
    return kind == Kind.LOG
        ? Math.min(Double.MAX_VALUE, Math.max(Double.MIN_VALUE, Math.pow(10, g)))
        : g;
  }
}
