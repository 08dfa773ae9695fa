package io.tangentflow.data;

import io.tangentflow.model.DenseMatrix;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * A table of finite numbers from a CSV file (RFC 4180, comma, UTF-8). Its first row is a header if
 * it has a cell that is text.
 *
 * @param header the columns' names, or none
 * @param cells a row of the file per column of the matrix
 */
record CsvTable(List<String> header, DenseMatrix cells) {

  static CsvTable read(SourceFile in, Path path) {
    // Closing the reader would close the source, which its caller still asks for its provenance.
    @SuppressWarnings("resource")
    InputStreamReader text = new InputStreamReader(in, StandardCharsets.UTF_8);
    return new Reading(CsvRows.of(text, path)).table();
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
    private final CsvRows rows;
    private final List<String> header = new ArrayList<>();
    private final DoubleStream.Builder numbers = DoubleStream.builder();
    private int width;
    private int samples;

    Reading(CsvRows rows) {
      this.rows = rows;
    }

    CsvTable table() {
      rows.forEach(this::read);
      if (samples == 0) {
        throw rows.fault("the file has no sample");
      }
      return new CsvTable(header, new DenseMatrix(width, samples, numbers.build().toArray()));
    }

    private void read(List<String> row) {
      boolean first = width == 0;
      width = first ? row.size() : width;
      if (first && row.stream().anyMatch(CsvRows::isText)) {
        header.addAll(row);
      } else {
        append(row);
      }
    }

    private void append(List<String> row) {
      if (row.size() != width) {
        throw rows.fault(
            "the row has "
                + (row.size() == 1 ? "1 cell" : row.size() + " cells")
                + ", and the first row has "
                + width);
      }
      if ((samples + 1L) * width > Integer.MAX_VALUE) {
        throw rows.fault("the table exceeds 2^31 - 1 numbers; split it");
      }
      String hint = width == 1 ? "; cells are separated by commas" : "";
      for (int i = 0; i < width; i++) {
        numbers.accept(rows.number(row.get(i), named(i), hint));
      }
      samples++;
    }

    private String named(int column) {
      return header.isEmpty()
          ? "column " + (column + 1)
          : "column " + (column + 1) + " (" + header.get(column) + ")";
    }
  }
}
