package io.tangentflow.report;

import java.util.ArrayList;
import java.util.List;

/**
 * One set of points on a plot, in one colour, with its entry in the legend.
 *
 * @param name the legend's text
 * @param points in the order in which a line joins them; values that are not finite interrupt it
 * @param fits curves in the colour of this series, each with its own entry in the legend
 */
public record Series(String name, Style style, List<Point> points, List<Fit> fits) {

  /** How points are drawn. */
  public enum Style {
    /** Markers; intervals are error bars. */
    POINTS,
    /** Markers joined by a line; intervals are error bars. */
    JOINED,
    /** A line alone; intervals are a band around it. */
    LINE
  }

  /**
   * A curve with its confidence band, sampled densely enough to look smooth on the axes it is drawn
   * on; a straight line needs two points, its band some fifty.
   *
   * @param name the legend's text, such as the slope with its error
   * @param curve each point's interval is the band there
   */
  public record Fit(String name, List<Point> curve) {

    /** Refuses a fit without a name or with fewer than two points. */
    public Fit {
      requireName(name);
      curve = List.copyOf(curve);
      if (curve.size() < 2) {
        throw new IllegalArgumentException("the fit '" + name + "' has fewer than two points");
      }
    }
  }

  /** Refuses a series without a name or without points. */
  public Series {
    requireName(name);
    points = List.copyOf(points);
    fits = List.copyOf(fits);
    if (points.isEmpty()) {
      throw new IllegalArgumentException("the series '" + name + "' has no points");
    }
  }

  /** Markers with error bars. */
  public static Series points(String name, List<Point> points) {
    return new Series(name, Style.POINTS, points, List.of());
  }

  /** Markers with error bars, joined by a line. */
  public static Series joined(String name, List<Point> points) {
    return new Series(name, Style.JOINED, points, List.of());
  }

  /** A line with a band. */
  public static Series line(String name, List<Point> points) {
    return new Series(name, Style.LINE, points, List.of());
  }

  /** This series with one more fitted curve. */
  public Series fittedBy(String fitName, List<Point> curve) {
    List<Fit> more = new ArrayList<>(fits);
    more.add(new Fit(fitName, curve));
    return new Series(name, style, points, more);
  }

  private static void requireName(String name) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("a series or fit needs a name for the legend");
    }
  }
}
