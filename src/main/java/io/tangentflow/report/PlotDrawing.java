package io.tangentflow.report;

import static j2html.TagCreator.rawHtml;

import io.tangentflow.report.Axis.Kind;
import io.tangentflow.report.Axis.Labels;
import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * The drawing of one plot: heading, axes, reference lines and notes around the {@link
 * SeriesDrawing}. Inside the plot area y is zero at the top; the area is moved below the heading,
 * whose height depends on its texts.
 *
 * <p>Colours are classes that {@code plot.css} defines, in a standalone document by a style element
 * and in a report once for the page; there are no identifiers, so several drawings can share a
 * page.
 */
final class PlotDrawing {

  /** As many pixels as a phone has room for, nearly, where text keeps its size. */
  private static final double WIDTH = 420;

  private static final double HEIGHT = 250;
  private static final double MARGIN = 8;
  private static final double TITLE_SIZE = 15;
  private static final double LABEL_SIZE = 13;
  private static final double TICK_SIZE = 12;
  private static final double NOTE_SIZE = 12;
  private static final double TICK_LENGTH = 5;
  private static final double TICK_GAP = 4;

  private final Plot plot;
  private final Scale x;
  private final Scale y;
  private final Ticks xTicks;
  private final Ticks yTicks;
  private final Legend legend = new Legend();
  private final SeriesDrawing drawing;

  /** A document of its own, with its style sheet. */
  static SvgTag standalone(Plot plot) {
    return new PlotDrawing(plot).draw(new SvgTag("style").with(rawHtml(PageResource.PLOT.text())));
  }

  /** For a page that holds the style sheet. */
  static SvgTag inline(Plot plot) {
    return new PlotDrawing(plot).draw();
  }

  private PlotDrawing(Plot plot) {
    if (plot.series().isEmpty()) {
      throw new IllegalArgumentException("the plot '" + plot.title() + "' has no series");
    }
    this.plot = plot;
    DoubleStream references = plot.references().stream().mapToDouble(ReferenceLine::y);
    DoubleStream ys =
        DoubleStream.concat(
            references,
            Stream.<ToDoubleFunction<Point>>of(Point::y, Point::lower, Point::upper)
                .flatMapToDouble(this::pointValues));
    y = scale(plot.y(), DoubleStream.concat(ys, curveValues(Point::y)), HEIGHT, 0);
    yTicks = ticks(plot.y(), y, Point::y);
    double left =
        MARGIN
            + yLabel().size() * lineHeight(LABEL_SIZE)
            + yTicks.labels().stream().mapToDouble(PlotDrawing::tickWidth).max().orElse(0)
            + 2 * TICK_GAP
            + TICK_LENGTH;
    DoubleStream xs = DoubleStream.concat(pointValues(Point::x), curveValues(Point::x));
    Scale wide = scale(plot.x(), xs, left, WIDTH - 2 * MARGIN);
    xTicks = ticks(plot.x(), wide, Point::x);
    x = new Scale(wide.kind(), wide.low(), wide.high(), left, wide.end() - overhang(wide));
    drawing = new SeriesDrawing(x, y, legend);
  }

  private static Scale scale(Axis axis, DoubleStream values, double start, double end) {
    DoubleStream included = axis.included().stream().mapToDouble(Double::doubleValue);
    return Scale.covering(axis.kind(), DoubleStream.concat(values, included), start, end);
  }

  /** The points of series that are drawn, and their intervals. */
  private DoubleStream pointValues(ToDoubleFunction<Point> value) {
    return plot.series().stream().flatMap(s -> s.points().stream()).mapToDouble(value);
  }

  /** Fitted curves without their bands, which may be cut. */
  private DoubleStream curveValues(ToDoubleFunction<Point> value) {
    return plot.series().stream()
        .flatMap(s -> s.fits().stream())
        .flatMap(f -> f.curve().stream())
        .mapToDouble(value);
  }

  private Ticks ticks(Axis axis, Scale scale, ToDoubleFunction<Point> value) {
    List<Double> data = pointValues(value).filter(scale::holds).boxed().toList();
    return axis.labels() == Labels.DATA && !data.isEmpty()
        ? Ticks.at(data.stream().mapToDouble(Double::doubleValue))
        : Ticks.round(scale);
  }

  /** How far the last label of the horizontal axis reaches beyond the axis. */
  private double overhang(Scale scale) {
    int last = xTicks.majors().size() - 1;
    return last < 0
        ? 0
        : Math.max(
            0,
            scale.pixel(xTicks.majors().get(last))
                + tickWidth(xTicks.labels().get(last)) / 2
                - (scale.end() + MARGIN));
  }

  private static double tickWidth(String label) {
    return TextMetrics.width(label, TICK_SIZE);
  }

  private static double lineHeight(double fontSize) {
    return Math.ceil(1.3 * fontSize);
  }

  private List<String> yLabel() {
    return TextMetrics.wrap(plot.y().label(), LABEL_SIZE, HEIGHT);
  }

  private SvgTag draw(DomContent... style) {
    for (int i = 0; i < plot.series().size(); i++) {
      drawing.draw(plot.series().get(i), i);
    }
    SvgTag references = references();

    SvgTag heading = new SvgTag("g");
    double top =
        paragraph(
            heading,
            wrap(plot.title(), TextMetrics.BOLD * TITLE_SIZE),
            TITLE_SIZE,
            MARGIN,
            "tf-ink tf-title");
    top = paragraph(heading, wrap(plot.subtitle(), LABEL_SIZE), LABEL_SIZE, top + 2, "tf-muted");
    top = legend.draw(heading, MARGIN, top + 6, WIDTH - 2 * MARGIN) + 10;

    SvgTag area =
        new SvgTag("g")
            .attr("transform", "translate(0," + SvgTag.pixels(top) + ")")
            .with(grid())
            .with(clipped(drawing.lines()))
            .with(axes())
            .with(references)
            .with(drawing.markers());
    double bottom = HEIGHT + TICK_LENGTH + lineHeight(TICK_SIZE) + TICK_GAP;
    bottom = axisLabels(area, bottom);
    for (String note : drawing.notes()) {
      bottom = paragraph(area, wrap(note, NOTE_SIZE), NOTE_SIZE, bottom + 5, "tf-muted tf-note");
    }
    return new SvgTag("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .attr("class", "tf-plot")
        .attr("viewBox", "0 0 " + SvgTag.pixels(WIDTH) + " " + SvgTag.pixels(top + bottom + MARGIN))
        .attr("role", "img")
        .attr("aria-label", SvgTag.printable(plot.title()))
        .attr(
            "font-family",
            "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif")
        .with(new SvgTag("title").withText(SvgTag.printable(plot.title())))
        .with(new SvgTag("desc").withText(SvgTag.printable(description())))
        .with(style)
        .with(
            new SvgTag("rect")
                .attr("class", "tf-page")
                .attr("width", "100%")
                .attr("height", "100%"))
        .with(heading)
        .with(area);
  }

  private String description() {
    return Stream.of(
            Stream.of(plot.subtitle()),
            Stream.of(named(plot.y()) + " against " + named(plot.x())),
            plot.series().stream().map(s -> s.name() + ", points: " + s.points().size()),
            plot.series().stream().flatMap(s -> s.fits().stream()).map(Series.Fit::name),
            plot.references().stream().map(r -> r.label() + " at " + Numbers.shortest(r.y())),
            drawing.notes().stream())
        .flatMap(s -> s)
        .filter(s -> !s.isBlank())
        .map(s -> s.endsWith(".") ? s : s + ".")
        .collect(Collectors.joining(" "));
  }

  private static String named(Axis axis) {
    return axis.label() + (axis.kind() == Kind.LOG ? " (logarithmic)" : "");
  }

  private static List<String> wrap(String text, double fontSize) {
    return TextMetrics.wrap(text, fontSize, WIDTH - 2 * MARGIN);
  }

  /** Adds lines below {@code top} and returns their bottom. */
  private static double paragraph(
      SvgTag group, List<String> lines, double fontSize, double top, String classes) {
    double bottom = top;
    for (String line : lines) {
      bottom += lineHeight(fontSize);
      group.with(
          SvgTag.text(line, MARGIN, bottom - 0.3 * fontSize, fontSize).attr("class", classes));
    }
    return bottom;
  }

  private SvgTag clipped(DomContent content) {
    double width = x.end() - x.start();
    return new SvgTag("svg")
        .at("x", x.start())
        .at("y", 0)
        .at("width", width)
        .at("height", HEIGHT)
        .attr(
            "viewBox",
            Stream.of(x.start(), 0.0, width, HEIGHT)
                .map(SvgTag::pixels)
                .collect(Collectors.joining(" ")))
        .with(content);
  }

  private SvgTag grid() {
    StringBuilder path = new StringBuilder();
    for (double value : yTicks.majors()) {
      horizontal(path, x.start(), y.pixel(value), x.end());
    }
    for (double value : xTicks.majors()) {
      vertical(path, x.pixel(value), 0, HEIGHT);
    }
    return new SvgTag("path").attr("class", "tf-grid").attr("d", path.toString());
  }

  private SvgTag axes() {
    SvgTag group = new SvgTag("g");
    StringBuilder path = new StringBuilder();
    vertical(path, x.start(), 0, HEIGHT);
    horizontal(path, x.start(), HEIGHT, x.end());
    for (double value : yTicks.minors()) {
      horizontal(path, x.start() - TICK_LENGTH / 2, y.pixel(value), x.start());
    }
    for (double value : xTicks.minors()) {
      vertical(path, x.pixel(value), HEIGHT, HEIGHT + TICK_LENGTH / 2);
    }
    List<Box> taken = new ArrayList<>();
    for (int i = 0; i < yTicks.majors().size(); i++) {
      double py = y.pixel(yTicks.majors().get(i));
      horizontal(path, x.start() - TICK_LENGTH, py, x.start());
      tickLabel(
          group,
          taken,
          new Box(0, py - TICK_SIZE / 2, x.start(), py + TICK_SIZE / 2),
          SvgTag.text(
                  yTicks.labels().get(i),
                  x.start() - TICK_LENGTH - TICK_GAP,
                  py + 0.36 * TICK_SIZE,
                  TICK_SIZE)
              .attr("class", "tf-muted tf-ytick")
              .attr("text-anchor", "end"));
    }
    for (int i = 0; i < xTicks.majors().size(); i++) {
      double px = x.pixel(xTicks.majors().get(i));
      vertical(path, px, HEIGHT, HEIGHT + TICK_LENGTH);
      String label = xTicks.labels().get(i);
      double half = tickWidth(label) / 2 + TICK_GAP / 2;
      tickLabel(
          group,
          taken,
          new Box(px - half, HEIGHT + TICK_LENGTH, px + half, HEIGHT + 2 * TICK_SIZE),
          SvgTag.text(label, px, HEIGHT + TICK_LENGTH + TICK_GAP + 0.75 * TICK_SIZE, TICK_SIZE)
              .attr("class", "tf-muted tf-xtick")
              .attr("text-anchor", "middle"));
    }
    return group.with(new SvgTag("path").attr("class", "tf-axis").attr("d", path.toString()));
  }

  /** A label that would run into an earlier one is left out; its tick stays. */
  private static void tickLabel(SvgTag group, List<Box> taken, Box box, SvgTag label) {
    if (taken.stream().noneMatch(box::intersects)) {
      taken.add(box);
      group.with(label);
    }
  }

  private static void horizontal(StringBuilder path, double from, double py, double to) {
    path.append('M').append(SvgTag.pixels(from)).append(',').append(SvgTag.pixels(py));
    path.append('H').append(SvgTag.pixels(to));
  }

  private static void vertical(StringBuilder path, double px, double from, double to) {
    path.append('M').append(SvgTag.pixels(px)).append(',').append(SvgTag.pixels(from));
    path.append('V').append(SvgTag.pixels(to));
  }

  private double axisLabels(SvgTag area, double top) {
    double middle = (x.start() + x.end()) / 2;
    double bottom = top;
    for (String line : TextMetrics.wrap(plot.x().label(), LABEL_SIZE, x.end() - x.start())) {
      bottom += lineHeight(LABEL_SIZE);
      area.with(
          SvgTag.text(line, middle, bottom - 0.3 * LABEL_SIZE, LABEL_SIZE)
              .attr("class", "tf-ink")
              .attr("text-anchor", "middle"));
    }
    double px = MARGIN;
    for (String line : yLabel()) {
      px += lineHeight(LABEL_SIZE);
      area.with(
          SvgTag.text(line, 0, 0, LABEL_SIZE)
              .attr("class", "tf-ink")
              .attr("text-anchor", "middle")
              .attr(
                  "transform",
                  "translate("
                      + SvgTag.pixels(px - 0.3 * LABEL_SIZE)
                      + ","
                      + SvgTag.pixels(HEIGHT / 2)
                      + ") rotate(-90)"));
    }
    return bottom;
  }

  /** Lines labelled where no data are, or in the legend where there is no such place. */
  private SvgTag references() {
    SvgTag group = new SvgTag("g");
    List<Box> obstacles = new ArrayList<>(drawing.obstacles());
    for (ReferenceLine line : plot.references()) {
      double py = y.pixel(line.y());
      obstacles.add(new Box(x.start(), py - 1, x.end(), py + 1));
    }
    for (int i = 0; i < plot.references().size(); i++) {
      ReferenceLine line = plot.references().get(i);
      double py = y.pixel(line.y());
      StringBuilder path = new StringBuilder();
      horizontal(path, x.start(), py, x.end());
      String dashes = List.of("6 4", "2 3", "10 3 2 3").get(i % 3);
      group.with(dashed(path.toString(), dashes));
      Box place = freePlace(line.label(), py, obstacles);
      if (place == null) {
        legend.add(
            List.of(new Legend.Entry(line.label(), dashed("M0,0H26", dashes), Legend.SAMPLE)));
      } else {
        obstacles.add(place);
        group.with(
            SvgTag.text(
                    line.label(), place.left(), place.bottom() - 0.3 * LABEL_SIZE, Legend.FONT_SIZE)
                .attr("class", "tf-ink tf-halo tf-reference-label"));
      }
    }
    return group;
  }

  private static SvgTag dashed(String path, String dashes) {
    return new SvgTag("path")
        .attr("class", "tf-reference")
        .attr("d", path)
        .attr("stroke-dasharray", dashes);
  }

  /** Above or below the line at its right or left end; null if every place is taken. */
  private Box freePlace(String label, double py, List<Box> obstacles) {
    double width = TextMetrics.width(label, Legend.FONT_SIZE);
    double height = lineHeight(Legend.FONT_SIZE);
    for (double left : new double[] {x.end() - width - 4, x.start() + 6}) {
      for (double top : new double[] {py - height - 1.5, py + 1.5}) {
        Box box = new Box(left, top, left + width, top + height);
        boolean inside = left >= x.start() && top >= 0 && top + height <= HEIGHT;
        if (inside && obstacles.stream().noneMatch(box::intersects)) {
          return box;
        }
      }
    }
    return null;
  }
}
