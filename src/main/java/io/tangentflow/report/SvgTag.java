package io.tangentflow.report;

import j2html.tags.ContainerTag;
import java.util.Locale;
import java.util.regex.Pattern;

/** An SVG element; j2html escapes its text and attributes. */
final class SvgTag extends ContainerTag<SvgTag> {

  private static final Pattern FORBIDDEN =
      Pattern.compile("[\\p{Cntrl}&&[^\\t\\n\\r]]|[\\uFFFE\\uFFFF]|\\p{Cs}");

  SvgTag(String name) {
    super(name);
  }

  /** A text whose baseline starts at (x, y). */
  static SvgTag text(String text, double x, double y, double fontSize) {
    return new SvgTag("text")
        .at("x", x)
        .at("y", y)
        .at("font-size", fontSize)
        .with(Typeset.svg(text));
  }

  /** The text without the control characters that XML 1.0 forbids. */
  static String printable(String text) {
    return FORBIDDEN.matcher(text).replaceAll("\uFFFD");
  }

  SvgTag at(String attribute, double pixels) {
    return attr(attribute, pixels(pixels));
  }

  /** A coordinate to a hundredth of a pixel. */
  static String pixels(double value) {
    String text = String.format(Locale.ROOT, "%.2f", value);
    return text.equals("-0.00") ? "0.00" : text;
  }
}
