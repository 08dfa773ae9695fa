package io.tangentflow.report;

import java.util.ArrayList;
import java.util.List;

/**
 * The width of text before the font is known: Helvetica's advance widths with room for wider system
 * fonts.
 */
final class TextMetrics {

  private static final double ROOM = 1.18;

  /** How much wider semi-bold text is. */
  static final double BOLD = 1.12;

  /** Thousandths of the font size, for the characters from space to tilde. */
  private static final int[] ASCII = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584
  };

  private TextMetrics() {}

  /** Width in the unit of the font size. */
  static double width(String text, double fontSize) {
    return ROOM * fontSize / 1000 * text.codePoints().map(TextMetrics::advance).sum();
  }

  /** Width in cells of a terminal: none for combining marks, two for East Asian characters. */
  static int cells(String text) {
    return text.codePoints().map(c -> isCombining(c) ? 0 : isWide(c) ? 2 : 1).sum();
  }

  /** The words in lines of at most the given width; a word that alone is wider is broken. */
  static List<String> wrap(String text, double fontSize, double width) {
    List<String> lines = new ArrayList<>();
    String line = "";
    for (String word : text.strip().split("\\s+", -1)) {
      String longer = line.isEmpty() ? word : line + " " + word;
      if (!line.isEmpty() && width(longer, fontSize) > width) {
        lines.add(line);
        longer = word;
      }
      while (width(longer, fontSize) > width && longer.codePointCount(0, longer.length()) > 1) {
        int end = fitting(longer, fontSize, width);
        lines.add(longer.substring(0, end));
        longer = longer.substring(end);
      }
      line = longer;
    }
    if (!line.isEmpty()) {
      lines.add(line);
    }
    return lines;
  }

  /** The end of as many characters as the width has room for, one at least. */
  private static int fitting(String text, double fontSize, double width) {
    int end = text.offsetByCodePoints(0, 1);
    int next = end;
    while (width(text.substring(0, next), fontSize) <= width) {
      end = next;
      next = text.offsetByCodePoints(next, 1);
    }
    return end;
  }

  private static int advance(int c) {
    if (c >= ' ' && c <= '~') {
      return ASCII[c - ' '];
    }
    return isCombining(c) ? 0 : isWide(c) ? 1000 : 600;
  }

  private static boolean isCombining(int c) {
    int type = Character.getType(c);
    return type == Character.NON_SPACING_MARK
        || type == Character.ENCLOSING_MARK
        || type == Character.FORMAT;
  }

  private static boolean isWide(int c) {
    return switch (Character.UnicodeScript.of(c)) {
      case HAN, HIRAGANA, KATAKANA, HANGUL -> true;
      default -> false;
    };
  }
}
