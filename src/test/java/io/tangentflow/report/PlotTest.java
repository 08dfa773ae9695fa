package io.tangentflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class PlotTest {

  private static final Axis WIDTHS = Axis.log("width n").labelledByData();

  /** Coordinates are written to a hundredth of a pixel. */
  private static final double WRITTEN = 0.011;

  @Test
  void everyPointLiesWhereTheTicksOfBothAxesSay() throws Exception {
    List<Point> data =
        IntStream.rangeClosed(6, 11)
            .mapToObj(k -> Point.withError(1 << k, 2.1 * Math.pow(2, -0.5 * k) + 1e-3 * k, 1e-2))
            .toList();
    Plot plot = Plot.of("t", WIDTHS, Axis.linear("error")).with(Series.points("s", data));
    Document svg = parse(plot.toSvg());

    List<Element> ys = ofClass(svg, "tf-ytick");
    double y0 = Double.parseDouble(ys.get(0).getTextContent());
    double y1 = Double.parseDouble(ys.get(ys.size() - 1).getTextContent());
    double baselineShift = 0.36 * 12;
    double p0 = number(ys.get(0), "y") - baselineShift;
    double p1 = number(ys.get(ys.size() - 1), "y") - baselineShift;
    List<Element> xs = ofClass(svg, "tf-xtick");
    double q0 = number(xs.get(0), "x");
    double q1 = number(xs.get(xs.size() - 1), "x");

    List<double[]> markers = positions(svg);
    markers.remove(0);
    assertEquals(data.size(), markers.size());
    for (int i = 0; i < data.size(); i++) {
      double share = Math.log(data.get(i).x() / 64) / Math.log(2048.0 / 64);
      assertEquals(q0 + share * (q1 - q0), markers.get(i)[0], 2 * WRITTEN);
      double height = p0 + (data.get(i).y() - y0) / (y1 - y0) * (p1 - p0);
      assertEquals(height, markers.get(i)[1], 4 * WRITTEN);
    }
  }

  @Test
  void aLogarithmicAxisMarksAndNotesWhatIsNotPositive() throws Exception {
    Plot plot =
        Plot.of("t", Axis.linear("x"), Axis.log("y"))
            .with(
                Series.points(
                    "s",
                    List.of(
                        new Point(1, 1),
                        new Point(2, 0),
                        new Point(3, -4),
                        Point.withError(4, 0.1, 0.2),
                        new Point(5, Double.NaN))));
    Document svg = parse(plot.toSvg());
    assertEquals(2, ofClass(svg, "tf-arrow").size());
    String notes = text(ofClass(svg, "tf-note"));
    assertTrue(notes.contains("2 of 5 points are ≤ 0"), notes);
    assertTrue(notes.contains("1 of 5 points has an error bar"), notes);
    assertTrue(notes.contains("1 of 5 points is not finite"), notes);
    String bars = ofClass(svg, "tf-error").get(0).getAttribute("d");
    assertTrue(bars.contains(",250.00V"), bars);
  }

  @Test
  void aPlotOfWhatHasNoPlaceIsStillDrawn() throws Exception {
    Plot plot =
        Plot.of("t", WIDTHS, Axis.log("y"))
            .with(Series.line("s", List.of(new Point(-1, -1), new Point(0, Double.NaN))));
    String notes = text(ofClass(parse(plot.toSvg()), "tf-note"));
    assertTrue(notes.contains("1 of 2 points is ≤ 0"), notes);
    assertTrue(notes.contains("1 of 2 points is not finite"), notes);
  }

  @Test
  void aPlotWithoutNoteworthyValuesHasNoNotes() throws Exception {
    assertEquals(0, ofClass(parse(fourSeries().toSvg()), "tf-note").size());
  }

  @Test
  void onePointAndConstantSeriesAreDrawn() throws Exception {
    for (Axis y : List.of(Axis.linear("y"), Axis.log("y"))) {
      Plot one = Plot.of("t", WIDTHS, y).with(Series.points("s", List.of(new Point(64, 3))));
      assertEquals(2, positions(parse(one.toSvg())).size());
      Plot constant =
          Plot.of("t", WIDTHS, y)
              .with(Series.joined("s", List.of(new Point(64, 3), new Point(128, 3))));
      assertEquals(3, positions(parse(constant.toSvg())).size());
    }
  }

  @Test
  void emptyAndContradictoryInputIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Series.points("s", List.of()));
    assertThrows(
        IllegalArgumentException.class, () -> Series.points(" ", List.of(new Point(1, 1))));
    assertThrows(IllegalArgumentException.class, () -> new Point(1, 1, 2, 0));
    assertThrows(IllegalArgumentException.class, () -> Axis.log("y").including(0));
    Plot empty = Plot.of("t", WIDTHS, Axis.log("y"));
    assertThrows(IllegalArgumentException.class, empty::toSvg);
    ReferenceLine zero = new ReferenceLine("zero", 0);
    assertThrows(IllegalArgumentException.class, () -> empty.with(zero));
  }

  @Test
  void textsAreEscapedAndFreeOfControlCharacters() throws Exception {
    String awkward = "a<b & \"c\" ‖θ‖ \u0000\u001b x";
    Plot plot =
        Plot.of(awkward, Axis.linear(awkward), Axis.linear(awkward))
            .subtitle(awkward)
            .with(
                Series.points(awkward, List.of(new Point(1, 1), new Point(2, 2)))
                    .fittedBy(awkward, List.of(new Point(1, 1, 0.5, 1.5), new Point(2, 2))))
            .with(new ReferenceLine(awkward, 1.5));
    Document svg = parse(plot.toSvg());
    assertTrue(text(ofClass(svg, "tf-title")).startsWith("a<b & \"c\" ‖θ‖"));
  }

  @Test
  void legendEntriesDoNotOverlapAndStayInside() throws Exception {
    Plot plot = fourSeries();
    for (int i = 0; i < 30; i++) {
      plot =
          plot.with(
              Series.joined(
                  "s" + "x".repeat(i * 7 % 40), List.of(new Point(64, i), new Point(128, 1))));
    }
    List<Box> boxes = new ArrayList<>();
    for (Element label : ofClass(parse(plot.toSvg()), "tf-legend")) {
      double left = number(label, "x");
      double baseline = number(label, "y");
      double width = TextMetrics.width(label.getTextContent(), Legend.FONT_SIZE);
      Box box = new Box(left, baseline - 10, left + width, baseline + 3);
      assertTrue(box.right() <= 420, box.toString());
      assertTrue(boxes.stream().noneMatch(box::intersects), label.getTextContent());
      boxes.add(box);
    }
    assertTrue(boxes.size() >= 38, "" + boxes.size());
  }

  @Test
  void aWordThatIsWiderThanThePlotIsBrokenAndNothingOfItIsLost() {
    String word = "abc😀".repeat(30);
    List<String> lines = TextMetrics.wrap("a " + word + " b", 15, 200);
    assertTrue(lines.size() > 5, lines.toString());
    assertEquals("a" + word + "b", String.join("", lines).replace(" ", ""));
    for (String line : lines) {
      assertTrue(TextMetrics.width(line, 15) <= 200, line);
    }
    assertEquals(List.of("W", "W"), TextMetrics.wrap("WW", 15, 1));
  }

  @Test
  void aReferenceLineIsLabelledWhereNoDataAreElseInTheLegend() throws Exception {
    Plot free =
        Plot.of("t", Axis.linear("x"), Axis.linear("y"))
            .with(Series.points("s", List.of(new Point(0, 0), new Point(1, 0))))
            .with(new ReferenceLine("limit", 1));
    assertEquals(1, ofClass(parse(free.toSvg()), "tf-reference-label").size());

    List<Point> dense = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      for (int j = -4; j <= 4; j++) {
        dense.add(new Point(i, 0.1 * j));
      }
    }
    Plot full =
        Plot.of("t", Axis.linear("x"), Axis.linear("y"))
            .with(Series.points("s", dense))
            .with(new ReferenceLine("limit", 0));
    Document svg = parse(full.toSvg());
    assertEquals(0, ofClass(svg, "tf-reference-label").size());
    assertTrue(text(ofClass(svg, "tf-legend")).contains("limit"));
  }

  @Test
  void neighbouringTickLabelsDoNotOverlap() throws Exception {
    List<Point> points =
        IntStream.range(0, 60).mapToObj(i -> new Point(1000 + 17.25 * i, i)).toList();
    Plot plot = Plot.of("t", WIDTHS, Axis.linear("y")).with(Series.points("s", points));
    double end = Double.NEGATIVE_INFINITY;
    List<Element> labels = ofClass(parse(plot.toSvg()), "tf-xtick");
    assertTrue(labels.size() >= 3, "" + labels.size());
    for (Element label : labels) {
      double half = TextMetrics.width(label.getTextContent(), 12) / 2;
      assertTrue(number(label, "x") - half > end, label.getTextContent());
      end = number(label, "x") + half;
    }
  }

  @Test
  void aDrawingIsAccessibleScalableAndSelfContained() throws Exception {
    String text = fourSeries().toSvg();
    Element root = parse(text).getDocumentElement();
    assertEquals("img", root.getAttribute("role"));
    assertTrue(root.getAttribute("viewBox").startsWith("0 0 420"));
    assertEquals("Title", root.getElementsByTagName("title").item(0).getTextContent());
    assertTrue(root.getElementsByTagName("desc").item(0).getTextContent().contains("softplus"));
    assertTrue(text.contains("prefers-color-scheme: dark"));
    assertFalse(text.contains("<script") || text.contains("url(") || text.contains(" id="), text);
    assertEquals(text, fourSeries().toSvg());
  }

  static Plot fourSeries() {
    Plot plot =
        Plot.of("Title", WIDTHS, Axis.log("relative error"))
            .with(new ReferenceLine("rounding", 1e-3));
    for (String name : List.of("softplus", "ReLU", "tanh", "GELU")) {
      plot =
          plot.with(
              Series.points(
                      name,
                      List.of(
                          Point.withError(64, 0.3, 0.03),
                          Point.withError(256, 0.16, 0.01),
                          Point.withError(1024, 0.07, 0.02)))
                  .fittedBy(
                      "slope of " + name,
                      List.of(new Point(64, 0.3, 0.2, 0.4), new Point(1024, 0.075, 0.05, 0.1))));
    }
    return plot;
  }

  static Document parse(String xml) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    return factory.newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
  }

  private static List<Element> ofClass(Document document, String name) {
    NodeList all = document.getElementsByTagName("*");
    return IntStream.range(0, all.getLength())
        .mapToObj(i -> (Element) all.item(i))
        .filter(e -> List.of(e.getAttribute("class").split(" ", -1)).contains(name))
        .toList();
  }

  /** Centres of the markers: first those of the legend, then those of the data. */
  private static List<double[]> positions(Document document) {
    List<double[]> positions = new ArrayList<>();
    for (Element marker : ofClass(document, "tf-marker")) {
      String[] xy =
          marker.getAttribute("transform").replaceAll("translate\\(|\\)", "").split(",", -1);
      positions.add(new double[] {Double.parseDouble(xy[0]), Double.parseDouble(xy[1])});
    }
    return positions;
  }

  private static double number(Element element, String attribute) {
    return Double.parseDouble(element.getAttribute(attribute));
  }

  private static String text(List<Element> elements) {
    return String.join(" ", elements.stream().map(Element::getTextContent).toList());
  }
}
