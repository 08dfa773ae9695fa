package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import java.io.FilterReader;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * The rows of a CSV file (RFC 4180, comma), read one after the other. Blank lines are no rows;
 * blanks around a cell and a byte order mark before the first do not belong to it.
 */
final class CsvRows {

  private static final CSVFormat FORMAT =
      CSVFormat.DEFAULT.builder().setIgnoreSurroundingSpaces(true).get();

  /** Possessive, as a long cell that is none must not be tried in every other way. */
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d++(\\.\\d*+)?|\\.\\d++)([eE][+-]?\\d++)?");

  private static final Pattern NOT_FINITE =
      Pattern.compile("[+-]?(nan|inf|infinity)", Pattern.CASE_INSENSITIVE);
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  /** Characters of a row; one without an end would fill the memory before it is a cell. */
  private static final int LONGEST_ROW = 1 << 26;

  private final Path path;
  private final Bounded text;
  private final CSVParser parser;

  private CsvRows(Path path, Bounded text, CSVParser parser) {
    this.path = path;
    this.text = text;
    this.parser = parser;
  }

  /** A text that fails where a row is too long; the parser reads it by buffers alone. */
  private static final class Bounded extends FilterReader {
    private int characters;

    Bounded(Reader text) {
      super(text);
    }

    @Override
    public int read(char[] buffer, int offset, int length) throws IOException {
      int read = super.read(buffer, offset, length);
      characters += Math.max(read, 0);
      if (characters > LONGEST_ROW) {
        throw new IOException("a row is longer than " + LONGEST_ROW + " characters");
      }
      return read;
    }
  }

  /**
   * Begins to read.
   *
   * @param text stays open: its owner closes it
   * @param path what faults call the file
   */
  static CsvRows of(Reader text, Path path) {
    try {
      Bounded bounded = new Bounded(text);
      return new CsvRows(path, bounded, CSVParser.parse(bounded, FORMAT));
    } catch (IOException e) {
      throw new DataFormat(path, "cannot be read as CSV (" + e.getMessage() + ")", e);
    }
  }

  /**
   * Hands over each row's cells.
   *
   * @throws DataFormat if the text is no CSV, or its decoder refuses it
   */
  void forEach(Consumer<List<String>> reader) {
    try {
      for (CSVRecord row : parser) {
        text.characters = 0;
        reader.accept(row.getRecordNumber() == 1 ? unmarked(row.toList()) : row.toList());
      }
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof CharacterCodingException) {
        // Without a line: the decoder is ahead of the parser.
        throw new DataFormat(path, "is not text in UTF-8", e);
      }
      throw fault("not CSV (" + e.getCause().getMessage() + ")");
    }
  }

  private static List<String> unmarked(List<String> row) {
    List<String> cells = new ArrayList<>(row);
    if (cells.get(0).startsWith(BYTE_ORDER_MARK)) {
      cells.set(0, cells.get(0).substring(BYTE_ORDER_MARK.length()).strip());
    }
    return cells;
  }

  /** Whether a cell is neither blank nor a number, be it finite or not. */
  static boolean isText(String cell) {
    return !cell.isBlank()
        && !NUMBER.matcher(cell).matches()
        && !NOT_FINITE.matcher(cell).matches();
  }

  /**
   * The number in a cell of the row that was handed over last.
   *
   * @param column what a fault calls the cell
   * @param hint what a fault ends with where the cell is text
   * @throws DataFormat if the cell is blank, text, or a number that is not finite
   */
  double number(String cell, String column, String hint) {
    requireFilled(cell, column);
    if (isText(cell)) {
      throw fault(column + " is '" + cell + "', which is not a number" + hint);
    }
    double value = NUMBER.matcher(cell).matches() ? Double.parseDouble(cell) : Double.NaN;
    if (!Double.isFinite(value)) {
      throw fault(column + " is " + cell + ", which is not finite; remove the row");
    }
    return value;
  }

  /**
   * The text of such a cell.
   *
   * @throws DataFormat if it is blank or a number
   */
  String name(String cell, String column) {
    requireFilled(cell, column);
    if (!isText(cell)) {
      throw fault(column + " is the number " + cell + ", and that of the first sample is text");
    }
    return cell;
  }

  private void requireFilled(String cell, String column) {
    if (cell.isBlank()) {
      throw fault(column + " is missing; fill it or remove the row");
    }
  }

  /** The line that the last row ends in. */
  long line() {
    return parser.getCurrentLineNumber();
  }

  /** A fault there. */
  DataFormat fault(String why) {
    return new DataFormat(path, "line", line(), why);
  }
}
