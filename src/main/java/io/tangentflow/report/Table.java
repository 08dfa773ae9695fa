package io.tangentflow.report;

import static j2html.TagCreator.div;
import static j2html.TagCreator.each;
import static j2html.TagCreator.table;
import static j2html.TagCreator.tbody;
import static j2html.TagCreator.td;
import static j2html.TagCreator.th;
import static j2html.TagCreator.thead;
import static j2html.TagCreator.tr;

import j2html.tags.DomContent;
import j2html.tags.specialized.CaptionTag;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;

/**
 * A table that renders itself for a terminal, a page or a program.
 *
 * @param caption one sentence on what the rows are
 * @param rows each with one cell per column
 */
public record Table(String caption, List<Column> columns, List<List<Cell>> rows) {

  /** More rows scroll in a box of their own on a screen. */
  private static final int TALL = 30;

  /** Wider tables, in cells of a terminal, are printed in small type. */
  private static final int DENSE = 95;

  /** Still wider ones are printed on pages turned on their side. */
  private static final int WIDE = 150;

  /** Longer texts, in cells of a terminal, are broken into lines. */
  private static final int PROSE = 32;

  /** Where the texts of a column are flush. */
  public enum Alignment {
    /** Words. */
    LEFT,
    /** Numbers. */
    RIGHT
  }

  /** A heading, with its unit, and the alignment of the cells below. */
  public record Column(String header, Alignment alignment) {

    /** For words. */
    public static Column left(String header) {
      return new Column(header, Alignment.LEFT);
    }

    /** For numbers. */
    public static Column right(String header) {
      return new Column(header, Alignment.RIGHT);
    }
  }

  /** Refuses a table without columns and rows of another length. */
  public Table {
    columns = List.copyOf(columns);
    rows = rows.stream().map(List::copyOf).toList();
    if (columns.isEmpty()) {
      throw new IllegalArgumentException("the table '" + caption + "' has no columns");
    }
    for (List<Cell> row : rows) {
      if (row.size() != columns.size()) {
        throw new IllegalArgumentException(
            "a row of " + row.size() + " cells in a table of " + columns.size() + " columns");
      }
    }
  }

  /** A table to which rows are yet to be added. */
  public static Table of(String caption, Column... columns) {
    return new Table(caption, List.of(columns), List.of());
  }

  /** This table with one more row. */
  public Table row(Cell... cells) {
    List<List<Cell>> more = new ArrayList<>(rows);
    more.add(List.of(cells));
    return new Table(caption, columns, more);
  }

  /** Caption, header and rows in aligned columns, each line ended by a newline. */
  public String toText() {
    List<Integer> widths =
        IntStream.range(0, columns.size())
            .mapToObj(
                c ->
                    Math.max(
                        TextMetrics.cells(columns.get(c).header()),
                        rows.stream()
                            .mapToInt(r -> TextMetrics.cells(r.get(c).text()))
                            .max()
                            .orElse(0)))
            .toList();
    StringBuilder text = new StringBuilder(caption.isBlank() ? "" : caption + "\n\n");
    appendLine(text, widths, columns.stream().map(Column::header).toList());
    appendLine(text, widths, widths.stream().map("-"::repeat).toList());
    for (List<Cell> row : rows) {
      appendLine(text, widths, row.stream().map(Cell::text).toList());
    }
    return text.toString();
  }

  /**
   * Header and rows as comma-separated values with exact numbers; a column that holds measured
   * values is followed by a column of their errors.
   */
  public String toCsv() {
    StringBuilder text = new StringBuilder();
    CSVFormat format = CSVFormat.DEFAULT.builder().setRecordSeparator("\n").get();
    try (CSVPrinter printer = new CSVPrinter(text, format)) {
      boolean[] measured = new boolean[columns.size()];
      for (List<Cell> row : rows) {
        for (int c = 0; c < measured.length; c++) {
          measured[c] |= row.get(c) instanceof Cell.Measured;
        }
      }
      printer.printRecord(csvHeader(measured));
      for (List<Cell> row : rows) {
        printer.printRecord(exact(row, measured));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  /** A table element that scrolls sideways where it is wider than the page. */
  public String toHtml() {
    return html(new CaptionTag().with(Typeset.sentence(caption))).render();
  }

  DomContent html(CaptionTag captionTag) {
    List<String> classes = IntStream.range(0, columns.size()).mapToObj(this::cssClass).toList();
    return div(table(
            captionTag,
            thead(
                tr(
                    each(
                        IntStream.range(0, columns.size())
                            .mapToObj(
                                c ->
                                    th(Typeset.html(columns.get(c).header()))
                                        .attr("scope", "col")
                                        .withCondClass(
                                            !classes.get(c).isEmpty(), classes.get(c)))))),
            tbody(each(rows, row -> tr(each(cells(row, classes)))))))
        .withClass("scroll" + (rows.size() > TALL ? " tall" : "") + widthClass())
        .attr("tabindex", "0")
        .attr("role", "group")
        .attr("aria-label", SvgTag.printable(caption));
  }

  private String widthClass() {
    int width = printedWidth();
    return width > WIDE ? " dense wide" : width > DENSE ? " dense" : "";
  }

  /** In cells of a terminal, with long texts and headers broken into lines. */
  private int printedWidth() {
    return IntStream.range(0, columns.size())
        .map(
            c ->
                2
                    + rows.stream()
                        .mapToInt(r -> Math.min(PROSE, TextMetrics.cells(r.get(c).text())))
                        .max()
                        .orElse(0))
        .sum();
  }

  /** The first cell names the row. */
  private static Stream<DomContent> cells(List<Cell> row, List<String> classes) {
    return IntStream.range(0, row.size())
        .mapToObj(
            c -> {
              DomContent text = Typeset.html(row.get(c).text());
              boolean classed = !classes.get(c).isEmpty();
              return c == 0
                  ? th(text).attr("scope", "row").withCondClass(classed, classes.get(c))
                  : td(text).withCondClass(classed, classes.get(c));
            });
  }

  private String cssClass(int column) {
    return switch (columns.get(column).alignment()) {
      case RIGHT -> "right";
      case LEFT ->
          rows.stream().anyMatch(r -> TextMetrics.cells(r.get(column).text()) > PROSE)
              ? "prose"
              : "";
    };
  }

  private void appendLine(StringBuilder text, List<Integer> widths, List<String> cells) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < widths.size(); c++) {
      String cell = cells.get(c);
      String blanks = " ".repeat(widths.get(c) - TextMetrics.cells(cell));
      line.append(c == 0 ? "" : "  ")
          .append(columns.get(c).alignment() == Alignment.RIGHT ? blanks + cell : cell + blanks);
    }
    text.append(line.toString().stripTrailing()).append('\n');
  }

  private List<String> csvHeader(boolean[] measured) {
    List<String> names = new ArrayList<>();
    for (int c = 0; c < columns.size(); c++) {
      names.add(columns.get(c).header());
      if (measured[c]) {
        names.add(columns.get(c).header() + " error");
      }
    }
    return names;
  }

  /** The values of one record: two for each measured column. */
  private static List<String> exact(List<Cell> row, boolean[] measured) {
    List<String> values = new ArrayList<>();
    for (int c = 0; c < row.size(); c++) {
      values.add(exact(row.get(c)));
      if (measured[c]) {
        values.add(row.get(c) instanceof Cell.Measured m ? Double.toString(m.error()) : "");
      }
    }
    return values;
  }

  private static String exact(Cell cell) {
    if (cell instanceof Cell.Quantity quantity) {
      return Double.toString(quantity.value());
    }
    if (cell instanceof Cell.Measured measured) {
      return Double.toString(measured.value());
    }
    return cell instanceof Cell.Count count ? Long.toString(count.value()) : cell.text();
  }
}
