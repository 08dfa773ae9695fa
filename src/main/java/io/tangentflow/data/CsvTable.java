package io.tangentflow.data;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.model.DenseMatrix;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * A table of finite numbers from a CSV file (RFC 4180, comma, UTF-8). Its first row is a header if
 * it has a cell that is text.
 *
 * @param header the columns' names, or none
 * @param cells a row of the file per column of the matrix
 */
record CsvTable(List<String> header, DenseMatrix cells) {

  private static final CSVFormat FORMAT =
      CSVFormat.DEFAULT.builder().setIgnoreSurroundingSpaces(true).get();
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d+\\.?\\d*+|\\.\\d+)([eE][+-]?\\d+)?");
  private static final Pattern NOT_FINITE =
      Pattern.compile("[+-]?(nan|inf|infinity)", Pattern.CASE_INSENSITIVE);
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  static CsvTable read(SourceFile in, Path path) {
    // Closing the parser would close the source, which its caller still asks for its provenance.
    @SuppressWarnings("resource")
    InputStreamReader text = new InputStreamReader(in, StandardCharsets.UTF_8);
    try {
      return new Reading(path, CSVParser.parse(text, FORMAT)).table();
    } catch (IOException e) {
      throw new DataFormat(path, "cannot be read as CSV (" + e.getMessage() + ")", e);
    }
  }

  /** The cells without one column of the file. */
  DenseMatrix without(int column) {
    DenseMatrix rest = DenseMatrix.zeros(cells.rows() - 1, cells.columns());
    for (int j = 0; j < cells.columns(); j++) {
      int from = j * cells.rows();
      int to = j * rest.rows();
      System.arraycopy(cells.values(), from, rest.values(), to, column);
      System.arraycopy(
          cells.values(), from + column + 1, rest.values(), to + column, rest.rows() - column);
    }
    return rest;
  }

  /** One column of the file, as a row. */
  DenseMatrix only(int column) {
    DenseMatrix one = DenseMatrix.zeros(1, cells.columns());
    for (int j = 0; j < cells.columns(); j++) {
      one.set(0, j, cells.get(column, j));
    }
    return one;
  }

  /** One pass over a file. */
  private static final class Reading {
    private final Path path;
    private final CSVParser parser;
    private final List<String> header = new ArrayList<>();
    private final DoubleStream.Builder numbers = DoubleStream.builder();
    private int width;
    private int samples;

    Reading(Path path, CSVParser parser) {
      this.path = path;
      this.parser = parser;
    }

    CsvTable table() {
      try {
        for (CSVRecord line : parser) {
          List<String> row = line.toList();
          if (width == 0) {
            first(row);
          } else {
            append(row);
          }
        }
      } catch (UncheckedIOException e) {
        throw fault("not CSV (" + e.getCause().getMessage() + ")");
      }
      if (samples == 0) {
        throw fault("the file has no sample");
      }
      return new CsvTable(header, new DenseMatrix(width, samples, numbers.build().toArray()));
    }

    private void first(List<String> row) {
      List<String> cells = new ArrayList<>(row);
      if (cells.get(0).startsWith(BYTE_ORDER_MARK)) {
        cells.set(0, cells.get(0).substring(BYTE_ORDER_MARK.length()).strip());
      }
      width = cells.size();
      if (cells.stream().anyMatch(CsvTable::isText)) {
        header.addAll(cells);
      } else {
        append(cells);
      }
    }

    private void append(List<String> row) {
      if (row.size() != width) {
        throw fault(
            "the row has "
                + (row.size() == 1 ? "1 cell" : row.size() + " cells")
                + ", and the first row has "
                + width);
      }
      if ((samples + 1L) * width > Integer.MAX_VALUE) {
        throw fault("the table exceeds 2^31 - 1 numbers; split it");
      }
      for (int i = 0; i < width; i++) {
        numbers.accept(number(row.get(i), i));
      }
      samples++;
    }

    private double number(String cell, int column) {
      if (cell.isBlank()) {
        throw fault(named(column) + " is missing; fill it or remove the row");
      }
      boolean number = NUMBER.matcher(cell).matches();
      if (!number && isText(cell)) {
        throw fault(
            named(column)
                + " is '"
                + cell
                + "', which is not a number"
                + (width == 1 ? "; cells are separated by commas" : ""));
      }
      double value = number ? Double.parseDouble(cell) : Double.NaN;
      if (!Double.isFinite(value)) {
        throw fault(named(column) + " is " + cell + ", which is not finite; remove the row");
      }
      return value;
    }

    private String named(int column) {
      return header.isEmpty()
          ? "column " + (column + 1)
          : "column " + (column + 1) + " (" + header.get(column) + ")";
    }

    private DataFormat fault(String why) {
      return new DataFormat(path, "line", parser.getCurrentLineNumber(), why);
    }
  }

  private static boolean isText(String cell) {
    return !cell.isBlank()
        && !NUMBER.matcher(cell).matches()
        && !NOT_FINITE.matcher(cell).matches();
  }
}
