package io.tangentflow.report;

/** What stands in one cell of a table: readable text for people, exact values for CSV. */
public sealed interface Cell {

  /** As people read it. */
  String text();

  /** A word. */
  record Text(String text) implements Cell {}

  /** An integer. */
  record Count(long value) implements Cell {
    @Override
    public String text() {
      return Long.toString(value).replace('-', '−');
    }
  }

  /** A number, shown with the given count of significant digits. */
  record Quantity(double value, int digits) implements Cell {
    @Override
    public String text() {
      return Numbers.significant(value, digits);
    }
  }

  /** A number with its error; in CSV it takes two columns. */
  record Measured(double value, double error) implements Cell {
    @Override
    public String text() {
      return Numbers.withError(value, error);
    }
  }

  /** A text. */
  static Cell of(String text) {
    return new Text(text);
  }

  /** A whole number. */
  static Cell of(long value) {
    return new Count(value);
  }

  /** A number to so many significant digits. */
  static Cell of(double value, int digits) {
    return new Quantity(value, digits);
  }

  /** A number to the digits that its error leaves. */
  static Cell measured(double value, double error) {
    return new Measured(value, error);
  }
}
