package io.tangentflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class PageResourceTest {

  /** WCAG 2.2, 1.4.11 and 1.4.3: 3:1 for graphics, 4.5:1 for text. */
  @Test
  void coloursStandOutFromThePageInLightAndDark() {
    String css = PageResource.PLOT.text();
    List<String> pages = colours(css, "page");
    assertEquals(2, pages.size());
    for (int mode = 0; mode < 2; mode++) {
      for (int i = 0; i < 7; i++) {
        assertContrast(colours(css, "s" + i).get(mode), pages.get(mode), 3);
      }
      assertContrast(colours(css, "ink").get(mode), pages.get(mode), 4.5);
      assertContrast(colours(css, "muted").get(mode), pages.get(mode), 4.5);
    }
  }

  private static List<String> colours(String css, String name) {
    List<String> values = new ArrayList<>();
    Matcher matcher = Pattern.compile("--tf-" + name + ": #([0-9a-f]{6})").matcher(css);
    while (matcher.find()) {
      values.add(matcher.group(1));
    }
    return values;
  }

  private static void assertContrast(String one, String other, double least) {
    double a = luminance(one);
    double b = luminance(other);
    double contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    assertTrue(contrast >= least, one + " on " + other + ": " + contrast);
  }

  private static double luminance(String rgb) {
    double[] weights = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
      double c = Integer.parseInt(rgb.substring(2 * i, 2 * i + 2), 16) / 255.0;
      sum += weights[i] * (c <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
  }
}
