package io.tangentflow.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.security.MessageDigest;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class HtmlReportTest {

  @Test
  void thePageNeedsNoNetworkAndHasOneScriptThatItsPolicyNames() throws Exception {
    String page = report().toHtml();
    String withoutNamespaces =
        page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "").replace("http-equiv", "");
    assertFalse(withoutNamespaces.contains("http"), withoutNamespaces);
    assertFalse(page.contains("url(") || page.contains("@import"));
    assertEquals(1, page.split("<script", -1).length - 1);
    String script =
        page.substring(page.indexOf("<script>") + "<script>".length(), page.indexOf("</script>"));
    byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(script.getBytes(UTF_8));
    String hash = "script-src 'sha256-" + Base64.getEncoder().encodeToString(sha256) + "'";
    assertTrue(page.replace("&#x27;", "'").contains(hash), hash);
  }

  @Test
  void sentencesThatBeginAlikeAreAListUnderTheirBeginning() {
    String page =
        HtmlReport.titled("t", "s")
            .finding("relu: one.")
            .finding("relu: two.")
            .finding("tanh: three.")
            .toHtml();
    assertTrue(
        page.contains(
            "<p class=\"lead\"><b>relu:</b></p><ul><li>one.</li><li>two.</li></ul><p>tanh: three.</p>"),
        page);
  }

  @Test
  void aLongPageHasATableOfContentsWhoseLinksLeadToItsSections() throws Exception {
    HtmlReport report = report();
    assertFalse(report.toHtml().contains("<nav"));
    report = report.with(Section.of("Third")).with(Section.of("Fourth"));
    String page = report.toHtml();
    for (int i = 1; i <= 5; i++) {
      assertTrue(page.contains("href=\"#section-" + i + "\""), page);
      assertTrue(page.contains("<h2 id=\"section-" + i + "\">"), page);
    }
  }

  @Test
  void findingsComeFirstAndConfigurationLast() throws Exception {
    String page = report().toHtml();
    int[] order = {
      page.indexOf("<!DOCTYPE html><html lang=\"en\">"),
      page.indexOf("<meta charset=\"utf-8\">"),
      page.indexOf("width=device-width"),
      page.indexOf("The slope is −0.503\u00A0±\u00A00.019."),
      page.indexOf("Figure 1."),
      page.indexOf("Figure 2."),
      page.indexOf("Table 1."),
      page.indexOf("Figure 3."),
      page.indexOf("<summary>Configuration</summary>"),
      page.indexOf("64, 128"),
    };
    assertEquals(0, order[0]);
    for (int i = 1; i < order.length; i++) {
      assertTrue(order[i] > order[i - 1], "item " + i + " at " + order[i]);
    }
  }

  @Test
  void severalPlotsShareOneStyleSheetAndNoIdentifiers() throws Exception {
    String page = report().toHtml();
    assertEquals(3, page.split("class=\"tf-plot\"", -1).length - 1);
    assertEquals(1, page.split("<style>", -1).length - 1);
    assertFalse(page.replaceAll("<h2 id=", "").contains(" id="));
  }

  @Test
  void textsOfTheCallerAreEscaped() throws Exception {
    String page = report().toHtml();
    assertFalse(page.contains("<b>bold"));
    assertTrue(page.contains("&lt;b&gt;bold &amp; more"), page);
  }

  private static HtmlReport report() throws Exception {
    Table table = Table.of("Rows.", Table.Column.right("n")).row(Cell.of(64));
    return HtmlReport.titled("<b>bold & more", "<b>bold & more")
        .finding("The slope is −0.503 ± 0.019.")
        .with(
            Section.of("<b>bold & more")
                .paragraph("<b>bold & more")
                .figure(PlotTest.fourSeries(), "<b>bold & more")
                .figure(PlotTest.fourSeries(), "Second.")
                .table(table))
        .with(Section.of("Again").figure(PlotTest.fourSeries(), "Third."))
        .details(
            "Configuration",
            new ObjectMapper()
                .readTree("{\"<b>bold & more\": {\"widths\": [64, 128], \"data\": [{\"n\": 1}]}}"));
  }
}
