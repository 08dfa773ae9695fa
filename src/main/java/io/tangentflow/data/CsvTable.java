package io.tangentflow.data;

import io.tangentflow.model.DenseMatrix;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * A table of finite numbers from a CSV file (RFC 4180, comma, UTF-8), a sample per row. Its first
 * row is a header if it has a cell that is text.
 *
 * @param features d×N, of all columns but the target
 * @param targets 1×N, if there is a target of numbers
 * @param classes if there is a target of text, in the alphabetical order of its values
 * @param lines N of them, in which the samples end
 * @param reading as what the first row was read and what is learnt, for a line of status
 */
@SuppressWarnings("ArrayRecordComponent") // Held for the time of a load.
record CsvTable(
    DenseMatrix features,
    Optional<DenseMatrix> targets,
    Optional<Classes> classes,
    int[] lines,
    String reading) {

  /** Which column is the target. */
  @FunctionalInterface
  interface TargetColumn {

    /**
     * The column, from 0, if there is one.
     *
     * @param header empty where there is none
     * @param width the columns that the file has
     */
    OptionalInt of(List<String> header, int width);
  }

  /** Reads all rows. */
  static CsvTable read(SourceFile in, Path path, TargetColumn target) {
    // Closing the reader would close the source, which its caller still asks for its provenance.
    @SuppressWarnings("resource")
    InputStreamReader text = new InputStreamReader(in, StandardCharsets.UTF_8);
    return new Reading(CsvRows.of(text, path), target).table();
  }

  /** One pass over a file. */
  private static final class Reading {
    private final CsvRows rows;
    private final TargetColumn targetOf;
    private final List<String> header = new ArrayList<>();
    private final DoubleStream.Builder features = DoubleStream.builder();
    private final DoubleStream.Builder targets = DoubleStream.builder();
    private final List<String> labels = new ArrayList<>();
    private final IntStream.Builder lines = IntStream.builder();
    private OptionalInt target = OptionalInt.empty();
    private int width;
    private int samples;

    Reading(CsvRows rows, TargetColumn targetOf) {
      this.rows = rows;
      this.targetOf = targetOf;
    }

    CsvTable table() {
      rows.forEach(this::read);
      if (samples == 0) {
        throw rows.fault("the file has no sample");
      }
      double[] numbers = targets.build().toArray();
      return new CsvTable(
          new DenseMatrix(featureCount(), samples, features.build().toArray()),
          numbers.length == 0
              ? Optional.empty()
              : Optional.of(new DenseMatrix(1, samples, numbers)),
          labels.isEmpty() ? Optional.empty() : Optional.of(classes()),
          lines.build().toArray(),
          (header.isEmpty()
                  ? "the first row is a sample, as it has no text"
                  : "the first row is a header")
              + "; "
              + featureCount()
              + (featureCount() == 1 ? " feature, " : " features, ")
              + (target.isPresent() ? named(target.getAsInt()) : "no column")
              + " is learnt");
    }

    private int featureCount() {
      return target.isPresent() ? width - 1 : width;
    }

    private Classes classes() {
      List<String> names = List.copyOf(new TreeSet<>(labels));
      return new Classes(
          names.size(),
          labels.stream().mapToInt(label -> Collections.binarySearch(names, label)).toArray());
    }

    private void read(List<String> row) {
      boolean first = width == 0;
      if (first) {
        width = row.size();
        boolean names = row.stream().anyMatch(CsvRows::isText);
        if (names) {
          header.addAll(row);
        }
        target = targetOf.of(header, width);
        if (featureCount() == 0) {
          throw rows.fault("the target is the only column; add a feature");
        }
        if (names) {
          return;
        }
      }
      append(row);
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
      for (int i = 0; i < width; i++) {
        String cell = row.get(i);
        if (target.isEmpty() || i != target.getAsInt()) {
          features.accept(rows.number(cell, named(i), hint(i)));
        } else if (samples == 0 ? CsvRows.isText(cell) : !labels.isEmpty()) {
          labels.add(rows.name(cell, named(i)));
        } else {
          targets.accept(rows.number(cell, named(i), " as that of the first sample is"));
        }
      }
      lines.accept((int) rows.line());
      samples++;
    }

    /** What may be meant by text in a column of features. */
    private String hint(int column) {
      if (width == 1) {
        return "; cells are separated by commas";
      }
      if (target.isPresent() || header.isEmpty()) {
        return "";
      }
      return header.stream().allMatch(CsvRows::isText)
          ? "; if it is the target, say csv:FILE#" + header.get(column)
          : "; line 1 is read as a header, as it has text: if it is a sample, put names above it";
    }

    private String named(int column) {
      return header.isEmpty()
          ? "column " + (column + 1)
          : "column " + (column + 1) + " (" + header.get(column) + ")";
    }
  }
}
