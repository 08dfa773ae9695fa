package io.tangentflow.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A part of a report: sentences, then figures side by side where there is room, then tables.
 *
 * @param paragraphs plain text, grouped as {@link HtmlReport}'s findings are
 */
public record Section(
    String heading, List<String> paragraphs, List<Figure> figures, List<Table> tables) {

  /** A plot and the sentence below it. */
  public record Figure(Plot plot, String caption) {}

  public Section {
    paragraphs = List.copyOf(paragraphs);
    figures = List.copyOf(figures);
    tables = List.copyOf(tables);
  }

  /** A section to which content is yet to be added. */
  public static Section of(String heading) {
    return new Section(heading, List.of(), List.of(), List.of());
  }

  /** This section with another paragraph. */
  public Section paragraph(String text) {
    List<String> more = new ArrayList<>(paragraphs);
    more.add(text);
    return new Section(heading, more, figures, tables);
  }

  /** This section with another figure. */
  public Section figure(Plot plot, String caption) {
    List<Figure> more = new ArrayList<>(figures);
    more.add(new Figure(plot, caption));
    return new Section(heading, paragraphs, more, tables);
  }

  /** This section with another table. */
  public Section table(Table table) {
    List<Table> more = new ArrayList<>(tables);
    more.add(table);
    return new Section(heading, paragraphs, figures, more);
  }
}
