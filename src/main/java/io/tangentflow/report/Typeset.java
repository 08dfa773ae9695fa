package io.tangentflow.report;

import static j2html.TagCreator.each;
import static j2html.TagCreator.sub;
import static j2html.TagCreator.sup;
import static j2html.TagCreator.text;

import j2html.tags.DomContent;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Text as a terminal prints it, set in type: {@code λ_min}, {@code n^−1/2}. */
final class Typeset {

  private static final Pattern INDEX_OR_EXPONENT =
      Pattern.compile(
          "(?<=λ)_(?<index>min|max)"
              + "|(?<=[nL])\\^(?<exponent>−?[0-9.]*[0-9](/[0-9]+)?(.±.[0-9.]*[0-9])?)");

  private enum Level {
    LINE(0, 1),
    INDEX(0.2, 0.75),
    EXPONENT(-0.35, 0.75);

    /** Below the line, in the font size of the line. */
    private final double drop;

    private final double size;

    Level(double drop, double size) {
      this.drop = drop;
      this.size = size;
    }
  }

  private record Part(Level level, String text) {}

  private Typeset() {}

  /** A sentence, without line breaks in {@code 1 ± 2} and {@code 95 %}. */
  static DomContent sentence(String text) {
    return html(text.replace(" ± ", "\u00A0±\u00A0").replace(" %", "\u00A0%"));
  }

  /** A text of a table, which is copied as it is. */
  static DomContent html(String text) {
    return each(
        parts(text),
        part ->
            switch (part.level) {
              case LINE -> text(part.text);
              case INDEX -> sub(part.text);
              case EXPONENT -> sup(part.text);
            });
  }

  /** A line of a drawing. */
  static DomContent svg(String text) {
    List<DomContent> spans = new ArrayList<>();
    double drop = 0;
    for (Part part : parts(text)) {
      if (part.level.drop == drop) {
        spans.add(text(part.text));
        continue;
      }
      double shift = (part.level.drop - drop) / part.level.size;
      drop = part.level.drop;
      spans.add(
          new SvgTag("tspan")
              .attr("dy", SvgTag.pixels(shift) + "em")
              .attr("font-size", SvgTag.pixels(part.level.size) + "em")
              .withText(part.text));
    }
    return each(spans.stream());
  }

  private static List<Part> parts(String text) {
    List<Part> parts = new ArrayList<>();
    String printable = SvgTag.printable(text);
    Matcher matcher = INDEX_OR_EXPONENT.matcher(printable);
    int end = 0;
    while (matcher.find()) {
      if (matcher.start() > end) {
        parts.add(new Part(Level.LINE, printable.substring(end, matcher.start())));
      }
      parts.add(
          matcher.group("index") == null
              ? new Part(Level.EXPONENT, matcher.group("exponent"))
              : new Part(Level.INDEX, matcher.group("index")));
      end = matcher.end();
    }
    if (end < printable.length()) {
      parts.add(new Part(Level.LINE, printable.substring(end)));
    }
    return parts;
  }
}
