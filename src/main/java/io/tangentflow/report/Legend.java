package io.tangentflow.report;

import java.util.ArrayList;
import java.util.List;

/** A legend that flows in rows above the plot, so that it covers no data. */
final class Legend {

  static final double FONT_SIZE = 12.5;

  /** The length of a sample of a line. */
  static final double SAMPLE = 26;

  private static final double LINE_HEIGHT = 17;
  private static final double SAMPLE_GAP = 6;
  private static final double ENTRY_GAP = 18;

  private final List<List<Entry>> groups = new ArrayList<>();

  /**
   * A sample and its text.
   *
   * @param sample drawn to the right of the origin, at most 7 above and below it
   */
  record Entry(String text, SvgTag sample, double sampleWidth) {
    private List<String> lines(double width) {
      return TextMetrics.wrap(text, FONT_SIZE, width - sampleWidth - SAMPLE_GAP);
    }

    private double width(double available) {
      return sampleWidth
          + SAMPLE_GAP
          + lines(available).stream()
              .mapToDouble(l -> TextMetrics.width(l, FONT_SIZE))
              .max()
              .orElse(0);
    }
  }

  /** Adds entries that stay in one row where the width allows. */
  void add(List<Entry> group) {
    groups.add(group);
  }

  /** Adds the rows to the tag within the given width and returns the bottom of the last. */
  double draw(SvgTag tag, double left, double top, double width) {
    double x = left;
    double y = top;
    double rowHeight = 0;
    for (List<Entry> group : groups) {
      double needed = group.stream().mapToDouble(e -> e.width(width) + ENTRY_GAP).sum();
      for (Entry entry : group) {
        double entryWidth = entry.width(width);
        if (x > left && x + Math.max(entryWidth, needed - ENTRY_GAP) > left + width) {
          x = left;
          y += rowHeight;
          rowHeight = 0;
        }
        needed = 0;
        List<String> lines = entry.lines(width);
        draw(tag, entry, lines, x, y + LINE_HEIGHT / 2);
        x += entryWidth + ENTRY_GAP;
        rowHeight = Math.max(rowHeight, lines.size() * LINE_HEIGHT);
      }
    }
    return y + rowHeight;
  }

  private static void draw(SvgTag tag, Entry entry, List<String> lines, double x, double middle) {
    tag.with(
        new SvgTag("g")
            .attr("transform", "translate(" + SvgTag.pixels(x) + "," + SvgTag.pixels(middle) + ")")
            .with(entry.sample));
    for (int i = 0; i < lines.size(); i++) {
      double baseline = middle + 0.36 * FONT_SIZE + i * LINE_HEIGHT;
      tag.with(
          SvgTag.text(lines.get(i), x + entry.sampleWidth + SAMPLE_GAP, baseline, FONT_SIZE)
              .attr("class", "tf-ink tf-legend"));
    }
  }
}
