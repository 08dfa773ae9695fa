package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.HtmlReport;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.ReferenceLine;
import io.tangentflow.report.Section;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import io.tangentflow.testing.Browser;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.text.PDFTextStripper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openqa.selenium.Keys;

/** The reports of all commands, and one that is worse than all of them, as Chromium shows them. */
class ReportInBrowserTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String AWKWARD =
      "<script>window.broken = true</script> & \"神経\" ‖θ‖ 🧠 " + "unbreakable".repeat(12);

  @TempDir private static Path directory;
  private static Browser browser;
  private static String checks;
  private static Map<String, Path> reports;

  @BeforeAll
  static void makeReports() throws Exception {
    browser = Browser.start();
    try (InputStream in = ReportInBrowserTest.class.getResourceAsStream("page-checks.js")) {
      checks = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    reports = new LinkedHashMap<>();
    make(
        "sweep --width 8,16,32 --seeds 3 --samples 6 --depth 2,3 --solver rk4,euler"
            + " --activation softplus,relu,tanh");
    make(
        "train --width 16 --samples 8 --test-samples 4 --steps 30 --kernel-every 5"
            + " --predict start,limit");
    make("predict --samples 8 --test-samples 4 --steps 1,10,100,inf");
    make("convergence --activation softplus,relu --width 8,16 --depth 8,16,32 --samples 2");
    make(
        "kernel-convergence --activation relu,tanh --depth 8,16,32 --width 4,8,16"
            + " --network-depth 2 --networks 100 --samples 2");
    make("reproduce fig12 --scale smoke");
    Path worst = directory.resolve("worst.html");
    Files.writeString(worst, worst().toHtml());
    reports.put("worst", worst);
  }

  private static void make(String line) {
    List<Object> words = new ArrayList<>(List.of(line.split(" ", -1)));
    String command = words.get(0).toString();
    words.addAll(List.of("--quiet", "--out", directory.resolve(command)));
    Invocation.of(words.toArray()).ended(0);
    reports.put(command, directory.resolve(command).resolve("report.html"));
  }

  @AfterAll
  static void close() {
    if (browser != null) {
      browser.close();
    }
  }

  /** Twelve series, twenty columns, hundreds of rows, names as nobody should choose them. */
  private static HtmlReport worst() throws Exception {
    Plot plot =
        Plot.of(AWKWARD, Axis.log(AWKWARD).labelledByData(), Axis.log(AWKWARD)).subtitle(AWKWARD);
    for (int i = 0; i < 12; i++) {
      double level = 1 + 0.02 * i;
      List<Point> points =
          IntStream.range(0, 9)
              .mapToObj(k -> Point.withError(1 << k, level * Math.pow(2, -k), k == 8 ? 1 : 1e-3))
              .toList();
      plot =
          plot.with(
              Series.joined(i % 2 == 0 ? AWKWARD + i : "s" + i, points)
                  .fittedBy("n^−0.5 ± 0.1 of " + i, points));
    }
    for (int i = 0; i < 5; i++) {
      plot = plot.with(new ReferenceLine("limit " + i, 0.1 + 0.01 * i));
    }
    Table.Column[] twenty =
        Stream.concat(
                Stream.of(Table.Column.left(AWKWARD)),
                IntStream.range(1, 20).mapToObj(i -> Table.Column.right("quantity λ_min " + i)))
            .toArray(Table.Column[]::new);
    Table wide = Table.of(AWKWARD, twenty);
    for (int r = 0; r < 3; r++) {
      int row = r;
      wide =
          wide.row(
              Stream.concat(
                      Stream.of(Cell.of(AWKWARD)),
                      IntStream.range(1, 20)
                          .mapToObj(i -> Cell.measured(1.5e-7 * i + row, 3.21e-3)))
                  .toArray(Cell[]::new));
    }
    Table tall =
        Table.of("Hundreds of rows:", Table.Column.right("seed"), Table.Column.left("name"));
    for (int r = 0; r < 300; r++) {
      tall = tall.row(Cell.of(r), Cell.of("network " + r));
    }
    HtmlReport report = HtmlReport.titled(AWKWARD, AWKWARD).finding(AWKWARD);
    report = report.with(Section.of(AWKWARD).figure(plot, AWKWARD).table(wide).table(tall));
    for (int i = 0; i < 12; i++) {
      report = report.with(Section.of(AWKWARD + i).paragraph("a: " + AWKWARD).paragraph("a: b"));
    }
    return report.details(
        AWKWARD, JSON.createObjectNode().put(AWKWARD, AWKWARD).put("none", (String) null));
  }

  private static List<String> reports() {
    return List.of(
        "sweep", "train", "predict", "convergence", "kernel-convergence", "reproduce", "worst");
  }

  private static void assertNone(String complaints, String where) {
    assertEquals(List.of(), browser.evaluate(checks + "return " + complaints + ";"), where);
  }

  private static Path open(String report, int width, boolean dark) {
    browser.view(width, 800, dark);
    browser.open(reports.get(report));
    return reports.get(report);
  }

  @ParameterizedTest
  @MethodSource("reports")
  void nothingIsAskedOfTheNetworkAndNothingIsWrongInTheConsole(String report) throws Exception {
    browser.events();
    browser.console();
    Path file = open(report, 1200, false);
    List<String> asked = new ArrayList<>();
    for (String event : browser.events()) {
      JsonNode message = JSON.readTree(event).get("message");
      if (message.get("method").asText().equals("Network.requestWillBeSent")) {
        asked.add(message.at("/params/request/url").asText());
      }
    }
    asked.removeIf(url -> url.startsWith("data:"));
    assertEquals(List.of(file.toUri().toString()), asked);
    assertEquals(List.of(), browser.console());
    assertEquals(null, browser.evaluate("return window.broken;"));
  }

  /** No page of a report runs what its texts hold, whatever they hold. */
  @Test
  void thePolicyOfThePageRefusesScriptsOfOthers() {
    open("worst", 1200, false);
    browser.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.broken = true';"
            + "document.body.append(s);");
    assertEquals(null, browser.evaluate("return window.broken;"));
    assertTrue(String.join("\n", browser.console()).contains("Content Security Policy"));
  }

  @ParameterizedTest
  @MethodSource("reports")
  void itFitsPhonesAndDesktopsAndItsPlotsCanBeRead(String report) {
    for (int width : new int[] {320, 390, 800, 1200, 1920}) {
      open(report, width, false);
      assertNone("tooWide()", report + " at " + width);
      assertNone("crowded(" + (width < 390 ? 8 : 10) + ")", report + " at " + width);
    }
  }

  @ParameterizedTest
  @MethodSource("reports")
  void textAndLinesStandOutOnLightAndDarkPages(String report) {
    for (boolean dark : new boolean[] {false, true}) {
      open(report, 1200, dark);
      browser.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; });");
      assertNone("faint()", report + (dark ? ", dark" : ", light"));
      assertEquals(
          dark ? "rgb(20, 23, 27)" : "rgb(255, 255, 255)",
          browser.evaluate("return getComputedStyle(document.body).backgroundColor;"));
    }
  }

  @ParameterizedTest
  @MethodSource("reports")
  void itsPartsAreInOrderAndCaptioned(String report) {
    open(report, 1200, false);
    assertNone("disordered()", report);
    assertNone("unstructured()", report);
  }

  @ParameterizedTest
  @MethodSource("reports")
  void whateverIsAnnouncedHasAName(String report) {
    open(report, 1200, false);
    Set<String> announced =
        Set.of("image", "link", "button", "table", "heading", "navigation", "region");
    List<String> nameless = new ArrayList<>();
    int images = 0;
    for (Map<String, Object> node : browser.accessibilityTree()) {
      JsonNode tree = JSON.valueToTree(node);
      String role = tree.at("/role/value").asText();
      if (!tree.get("ignored").asBoolean()
          && announced.contains(role)
          && tree.at("/name/value").asText().isBlank()) {
        nameless.add(role);
      }
      images += role.equals("image") ? 1 : 0;
    }
    assertEquals(List.of(), nameless);
    // Their role, group, is that of what is folded as well, which has no name.
    assertEquals(
        0L,
        browser.evaluate(
            "return document.querySelectorAll('.scroll:not([aria-label]):not([aria-labelledby])')"
                + ".length;"));
    assertEquals(
        browser.evaluate("return document.querySelectorAll('svg.tf-plot').length;"), (long) images);
  }

  @ParameterizedTest
  @MethodSource("reports")
  void aTableThatIsSelectedIsCopiedCellByCell(String report) {
    open(report, 1200, false);
    assertNone("copiedOtherwise()", report);
  }

  @Test
  void theButtonCopiesExactValuesAndSaysSoOrSelectsThem() throws Exception {
    browser.allowClipboard();
    open("train", 1200, false);
    String csv = Files.readString(directory.resolve("train").resolve("training.csv"));
    String header = csv.substring(0, csv.indexOf('\n'));
    browser.evaluate("document.querySelector('button.copy').focus();");
    browser.press(Keys.ENTER);
    assertEquals("copied", said());
    String copied = (String) browser.evaluate("return navigator.clipboard.readText();");
    assertEquals(header, copied.substring(0, copied.indexOf('\n')));
    assertEquals(browser.evaluate("return document.querySelector('pre').textContent;"), copied);

    browser.evaluate("navigator.clipboard.writeText = () => Promise.reject();");
    browser.press(Keys.ENTER);
    assertTrue(said().startsWith("selected"), said());
    browser.evaluate("document.activeElement.blur();");
    assertEquals(
        copied.strip(), ((String) browser.evaluate("return getSelection() + '';")).strip());
  }

  private static String said() {
    // The clipboard answers when it likes.
    return (String)
        browser.evaluate(
            "const status = document.querySelector('[role=status]');"
                + "for (let i = 0; i < 500 && !status.textContent; i++)"
                + "  await new Promise(next => setTimeout(next, 10));"
                + "return status.textContent;");
  }

  @ParameterizedTest
  @MethodSource("reports")
  void theKeyboardReachesEverythingAndTheFocusIsSeen(String report) {
    open(report, 390, true);
    long reachable =
        (Long)
            browser.evaluate(
                "return document.querySelectorAll('a[href], summary, button, .scroll').length;");
    long steps = Math.min(reachable, 12);
    for (int i = 0; i < steps; i++) {
      browser.press(Keys.TAB);
      assertEquals(
          "solid 2px",
          browser.evaluate(
              "const s = getComputedStyle(document.activeElement);"
                  + "return s.outlineStyle + ' ' + s.outlineWidth;"),
          report + ", step " + i);
    }
    assertTrue(
        (Boolean)
            browser.evaluate(
                "const all = document.querySelectorAll('a[href], summary, button, .scroll');"
                    + "return document.activeElement === all[arguments[0] - 1];",
                steps));
  }

  /** Without its script, as many readers of attachments have it. */
  @ParameterizedTest
  @MethodSource("reports")
  void inPrintNothingIsMissing(String report) throws Exception {
    open(report, 1200, true);
    @SuppressWarnings("unchecked")
    List<String> texts =
        (List<String>)
            browser.evaluate(
                "return [...document.querySelectorAll("
                    + "'h1, h2, main p, li, figcaption, caption, th, td, dt, dd, svg .tf-title')]"
                    + ".filter((e) => !e.closest('nav') && !e.querySelector('dl'))"
                    + ".map((e) => e.textContent);");
    assertTrue(texts.size() > 20, report);
    browser.scripts(false);
    byte[] pdf;
    try {
      browser.open(reports.get(report));
      pdf = browser.print();
    } finally {
      browser.scripts(true);
    }
    String printed;
    try (PDDocument document = Loader.loadPDF(pdf)) {
      printed = letters(new PDFTextStripper().getText(document));
      // A column that is squeezed to a letter's width takes pages; the longest report has 22.
      assertTrue(document.getNumberOfPages() <= 30, () -> document.getNumberOfPages() + " pages");
    }
    List<String> missing =
        texts.stream().filter(text -> !printed.contains(letters(text))).distinct().toList();
    assertEquals(List.of(), missing);
    assertFalse(printed.contains(letters("Copy CSV")));
  }

  /** Without blanks, marks, and letters that this machine's fonts may lack. */
  private static String letters(String text) {
    return text.replaceAll("[^\\p{IsLatin}\\p{IsGreek}\\p{Nd}]", "");
  }

  /** As README shows it, where the reader's page is dark. */
  @Test
  void theFigureOfTheReadmeCanBeReadOnALightAndOnADarkPage() throws Exception {
    Path figure = Path.of("docs", "quickstart-relative-error.svg");
    Path page = directory.resolve("readme.html");
    Files.writeString(
        page,
        "<!DOCTYPE html><meta name='color-scheme' content='light dark'><body style='margin: 0'>"
            + "<img width='600' src='"
            + figure.toAbsolutePath().toUri()
            + "'>");
    for (boolean dark : new boolean[] {false, true}) {
      browser.view(600, 300, dark);
      browser.open(figure);
      assertNone("faint()", "the figure by itself");
      assertNone("crowded(10)", "the figure by itself");
      browser.open(page);
      BufferedImage seen = ImageIO.read(new ByteArrayInputStream(browser.screenshot()));
      // Its own background, whatever the page has around it.
      assertEquals(dark ? 0x14171b : 0xffffff, seen.getRGB(3, 3) & 0xffffff);
    }
  }
}
