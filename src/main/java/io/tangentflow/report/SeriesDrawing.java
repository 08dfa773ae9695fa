package io.tangentflow.report;

import io.tangentflow.report.Axis.Kind;
import io.tangentflow.report.Series.Style;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The series of one plot: lines, bands, error bars, markers, and notes on what had no place. */
final class SeriesDrawing {

  /** Seven colours and eight shapes have no common divisor: 56 series before one repeats. */
  private static final int COLOURS = 7;

  private static final double CAP = 3.5;

  /** Arrows nearer to each other than this are drawn once. */
  private static final double ARROW_DISTANCE = 14;

  private final Scale x;
  private final Scale y;
  private final Legend legend;
  private final SvgTag lines = new SvgTag("g");
  private final SvgTag markers = new SvgTag("g");
  private final Set<String> notes = new LinkedHashSet<>();
  private final List<Box> obstacles = new ArrayList<>();

  SeriesDrawing(Scale x, Scale y, Legend legend) {
    this.x = x;
    this.y = y;
    this.legend = legend;
  }

  /** Draws one series and its fits, and enters them in the legend. */
  void draw(Series series, int index) {
    SvgTag behind = coloured(index);
    SvgTag before = coloured(index);
    String dashes = index < COLOURS ? "" : "7 3";
    for (Series.Fit fit : series.fits()) {
      drawCurve(behind, fit.name(), fit.curve(), "");
      if (fit.curve().stream().anyMatch(p -> !hasPlace(p))) {
        notes.add(fit.name() + ": the curve is interrupted where it has no place on the axes.");
      }
    }
    switch (series.style()) {
      case LINE -> drawCurve(behind, series.name(), series.points(), dashes);
      case JOINED -> {
        behind.with(line(series.points(), dashes));
        drawPoints(behind, before, series, index);
      }
      case POINTS -> drawPoints(behind, before, series, index);
    }
    markMisplaced(before, series);
    lines.with(behind);
    markers.with(before);
    enterInLegend(series, index, dashes);
  }

  /** What belongs inside the axes. */
  SvgTag lines() {
    return lines;
  }

  /** What may reach over the axes. */
  SvgTag markers() {
    return markers;
  }

  /** A sentence for each thing that could not be drawn where it belongs. */
  Set<String> notes() {
    return notes;
  }

  /** Where data are; labels keep away. */
  List<Box> obstacles() {
    return obstacles;
  }

  private static SvgTag coloured(int index) {
    return new SvgTag("g").attr("class", "tf-s" + index % COLOURS);
  }

  private boolean hasPlace(Point point) {
    return x.holds(point.x()) && y.holds(point.y());
  }

  private boolean intervalHasPlace(Point point) {
    return point.hasInterval()
        && x.holds(point.x())
        && !(y.kind() == Kind.LOG && point.upper() <= 0);
  }

  private void drawCurve(SvgTag group, String name, List<Point> points, String dashes) {
    List<Point> banded = points.stream().filter(this::intervalHasPlace).toList();
    if (!banded.isEmpty()) {
      StringBuilder path = new StringBuilder();
      for (Point p : banded) {
        extend(path, x.pixel(p.x()), y.pixelOrEdge(p.upper()));
      }
      for (int i = banded.size() - 1; i >= 0; i--) {
        extend(path, x.pixel(banded.get(i).x()), y.pixelOrEdge(banded.get(i).lower()));
      }
      group.with(band(path + "z"));
      if (banded.stream().anyMatch(p -> !y.holds(p.lower()) || !y.holds(p.upper()))) {
        notes.add(name + ": the band reaches ≤ 0 or ∞ and is drawn to the edge of the axis.");
      }
    }
    group.with(line(points, dashes));
  }

  private SvgTag line(List<Point> points, String dashes) {
    StringBuilder path = new StringBuilder();
    Point previous = null;
    for (Point point : points) {
      boolean drawn = hasPlace(point);
      if (drawn) {
        double px = x.pixel(point.x());
        double py = y.pixel(point.y());
        if (previous == null) {
          path.append('M').append(SvgTag.pixels(px)).append(',').append(SvgTag.pixels(py));
        } else {
          extend(path, px, py);
          obstruct(x.pixel(previous.x()), y.pixel(previous.y()), px, py);
        }
      }
      previous = drawn ? point : null;
    }
    return stroke(path.toString(), dashes).attr("class", "tf-line");
  }

  private static void extend(StringBuilder path, double px, double py) {
    path.append(path.length() == 0 ? 'M' : 'L')
        .append(SvgTag.pixels(px))
        .append(',')
        .append(SvgTag.pixels(py));
  }

  private static SvgTag stroke(String path, String dashes) {
    SvgTag tag =
        new SvgTag("path")
            .attr("d", path)
            .attr("fill", "none")
            .attr("stroke", "currentColor")
            .attr("stroke-width", "1.6")
            .attr("stroke-linejoin", "round");
    return dashes.isEmpty() ? tag : tag.attr("stroke-dasharray", dashes);
  }

  private void obstruct(double fromX, double fromY, double toX, double toY) {
    int pieces = 1 + (int) (Math.hypot(toX - fromX, toY - fromY) / 6);
    for (int i = 0; i <= pieces; i++) {
      double s = (double) i / pieces;
      obstacles.add(Box.around(fromX + s * (toX - fromX), fromY + s * (toY - fromY), 3));
    }
  }

  private void drawPoints(SvgTag behind, SvgTag before, Series series, int index) {
    drawErrorBars(behind, series);
    for (Point point : series.points()) {
      if (hasPlace(point)) {
        double px = x.pixel(point.x());
        double py = y.pixel(point.y());
        obstacles.add(Box.around(px, py, Marker.RADIUS));
        before.with(
            Marker.ofSeries(index)
                .at(px, py)
                .with(new SvgTag("title").withText(SvgTag.printable(reading(series, point)))));
      }
    }
  }

  private static String reading(Series series, Point point) {
    String position =
        series.name()
            + ": "
            + Numbers.shortest(point.x())
            + ", "
            + Numbers.significant(point.y(), 4);
    return point.hasInterval()
        ? position
            + " ["
            + Numbers.significant(point.lower(), 4)
            + ", "
            + Numbers.significant(point.upper(), 4)
            + "]"
        : position;
  }

  private void drawErrorBars(SvgTag group, Series series) {
    StringBuilder path = new StringBuilder();
    int cut = 0;
    for (Point point : series.points()) {
      if (!intervalHasPlace(point)) {
        continue;
      }
      double px = x.pixel(point.x());
      double bottom = y.pixelOrEdge(point.lower());
      double top = y.pixelOrEdge(point.upper());
      obstacles.add(new Box(px - CAP, top, px + CAP, bottom));
      path.append('M').append(SvgTag.pixels(px)).append(',').append(SvgTag.pixels(bottom));
      path.append('V').append(SvgTag.pixels(top));
      for (double end : new double[] {point.lower(), point.upper()}) {
        if (y.holds(end)) {
          path.append('M').append(SvgTag.pixels(px - CAP)).append(',');
          path.append(SvgTag.pixels(y.pixel(end))).append('h').append(SvgTag.pixels(2 * CAP));
        }
      }
      if (!y.holds(point.lower()) || !y.holds(point.upper())) {
        cut++;
      }
    }
    if (path.length() > 0) {
      group.with(stroke(path.toString(), "").attr("class", "tf-error"));
    }
    if (cut > 0) {
      notes.add(
          series.name()
              + ": "
              + counted(cut, series)
              + (cut == 1 ? " has an error bar that reaches" : " have error bars that reach")
              + " ≤ 0 or ∞, drawn to the edge of the axis.");
    }
  }

  private void markMisplaced(SvgTag group, Series series) {
    int below = 0;
    int notFinite = 0;
    Box last = null;
    for (Point point : series.points()) {
      if (hasPlace(point)) {
        continue;
      }
      if (!Scale.isDrawable(point.x()) || !Scale.isDrawable(point.y())) {
        notFinite++;
        continue;
      }
      below++;
      double px = x.pixelOrEdge(point.x());
      double py = y.pixelOrEdge(point.y());
      Box place = Box.around(px, py, ARROW_DISTANCE / 2);
      if (last == null || !last.intersects(place)) {
        group.with(arrow(px, py, y.holds(point.y()) ? "rotate(90)" : "rotate(0)"));
        obstacles.add(Box.around(px, py, 2 * Marker.RADIUS));
        last = place;
      }
    }
    if (below > 0) {
      notes.add(
          series.name()
              + ": "
              + counted(below, series)
              + (below == 1 ? " is" : " are")
              + " ≤ 0; arrows at the edge of the log axis mark them.");
    }
    if (notFinite > 0) {
      notes.add(
          series.name()
              + ": "
              + counted(notFinite, series)
              + (notFinite == 1 ? " is" : " are")
              + " not finite or beyond 10³⁰⁰, and not drawn.");
    }
  }

  private static String counted(int count, Series series) {
    return count
        + " of "
        + series.points().size()
        + (series.points().size() == 1 ? " point" : " points");
  }

  /** Points out of the plot, with its tip on the edge. */
  private static SvgTag arrow(double px, double py, String rotation) {
    return new SvgTag("path")
        .attr("class", "tf-arrow")
        .attr(
            "transform",
            "translate(" + SvgTag.pixels(px) + "," + SvgTag.pixels(py) + ") " + rotation)
        .attr("d", "M0,-13V-1M-4.5,-6.5L0,-1L4.5,-6.5")
        .attr("fill", "none")
        .attr("stroke", "currentColor")
        .attr("stroke-width", "1.8");
  }

  private void enterInLegend(Series series, int index, String dashes) {
    List<Legend.Entry> group = new ArrayList<>();
    SvgTag sample = coloured(index);
    if (series.style() == Style.POINTS) {
      sample.with(Marker.ofSeries(index).at(Marker.RADIUS, 0));
      group.add(new Legend.Entry(series.name(), sample, 2 * Marker.RADIUS));
    } else {
      sample.with(lineSample(series.style() == Style.LINE ? series.points() : List.of(), dashes));
      if (series.style() == Style.JOINED) {
        sample.with(Marker.ofSeries(index).at(Legend.SAMPLE / 2, 0));
      }
      group.add(new Legend.Entry(series.name(), sample, Legend.SAMPLE));
    }
    for (Series.Fit fit : series.fits()) {
      SvgTag curve = coloured(index).with(lineSample(fit.curve(), ""));
      group.add(new Legend.Entry(fit.name(), curve, Legend.SAMPLE));
    }
    legend.add(group);
  }

  /** A line, on a band where the points have one. */
  private static SvgTag lineSample(List<Point> points, String dashes) {
    SvgTag sample = new SvgTag("g");
    if (points.stream().anyMatch(Point::hasInterval)) {
      sample.with(band("M0,-6H26V6H0z"));
    }
    return sample.with(stroke("M0,0H26", dashes));
  }

  private static SvgTag band(String path) {
    return new SvgTag("path")
        .attr("class", "tf-band")
        .attr("d", path)
        .attr("fill", "currentColor")
        .attr("fill-opacity", "0.16");
  }
}
