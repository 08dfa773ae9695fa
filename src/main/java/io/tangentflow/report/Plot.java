package io.tangentflow.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A plot of series against two axes, as a description that draws itself.
 *
 * <p>Nothing vanishes silently: values ≤ 0 on a logarithmic axis are marked by arrows at its edge,
 * intervals that reach zero there are drawn to the edge, values that are not finite are left out,
 * and a note under the plot says each of this.
 *
 * @param subtitle may be empty
 */
public record Plot(
    String title,
    String subtitle,
    Axis x,
    Axis y,
    List<Series> series,
    List<ReferenceLine> references) {

  /** Refuses a reference line that has no place on the vertical axis. */
  public Plot {
    series = List.copyOf(series);
    references = List.copyOf(references);
    for (ReferenceLine line : references) {
      y.including(line.y());
    }
  }

  /** A plot to which series are yet to be added. */
  public static Plot of(String title, Axis x, Axis y) {
    return new Plot(title, "", x, y, List.of(), List.of());
  }

  /** This plot with a line of text below its title. */
  public Plot subtitle(String text) {
    return new Plot(title, text, x, y, series, references);
  }

  /** This plot with another series. */
  public Plot with(Series another) {
    List<Series> more = new ArrayList<>(series);
    more.add(another);
    return new Plot(title, subtitle, x, y, more, references);
  }

  /** This plot with another reference line. */
  public Plot with(ReferenceLine another) {
    List<ReferenceLine> more = new ArrayList<>(references);
    more.add(another);
    return new Plot(title, subtitle, x, y, series, more);
  }

  /**
   * A standalone SVG document that scales to any width and follows the reader's light or dark
   * setting; it has no scripts, identifiers or external resources.
   *
   * @throws IllegalArgumentException if the plot has no series
   */
  public String toSvg() {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        + PlotDrawing.standalone(this).render()
        + "\n";
  }
}
