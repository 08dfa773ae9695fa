package io.tangentflow.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A report in one HTML file that needs no network: findings first, then figures and tables numbered
 * through, configuration and provenance last. It follows the reader's light or dark setting, fits a
 * phone and can be printed. Its one script copies a table's CSV; without it all else is the same.
 *
 * @param subject what the title is of, such as the data and the date; after the title it names the
 *     run in a list of open pages
 * @param findings sentences with the numbers that matter; neighbours that begin with the same words
 *     and a colon are set as a list under these words
 */
public record HtmlReport(
    String title,
    String subject,
    List<String> findings,
    List<Section> sections,
    List<Details> details) {

  /** A tree of values, folded until asked for. */
  public record Details(String heading, JsonNode tree) {

    /** Copies the tree, which may change afterwards. */
    public Details {
      tree = tree.deepCopy();
    }
  }

  public HtmlReport {
    findings = List.copyOf(findings);
    sections = List.copyOf(sections);
    details = List.copyOf(details);
  }

  /** A report to which content is yet to be added. */
  public static HtmlReport titled(String title, String subject) {
    return new HtmlReport(title, subject, List.of(), List.of(), List.of());
  }

  /** This report with another finding. */
  public HtmlReport finding(String sentence) {
    List<String> more = new ArrayList<>(findings);
    more.add(sentence);
    return new HtmlReport(title, subject, more, sections, details);
  }

  /** This report with another section. */
  public HtmlReport with(Section another) {
    List<Section> more = new ArrayList<>(sections);
    more.add(another);
    return new HtmlReport(title, subject, findings, more, details);
  }

  /** This report with a tree that opens under its heading. */
  public HtmlReport details(String heading, JsonNode tree) {
    List<Details> more = new ArrayList<>(details);
    more.add(new Details(heading, tree));
    return new HtmlReport(title, subject, findings, sections, more);
  }

  /**
   * The whole file.
   *
   * @throws IllegalArgumentException if a plot has no series
   */
  public String toHtml() {
    return HtmlPage.render(this);
  }
}
