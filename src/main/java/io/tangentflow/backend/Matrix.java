package io.tangentflow.backend;

/**
 * A handle to a matrix in the memory of one {@link Backend}: column-major, a sample per column.
 * Memory belongs to the {@link Workspace} that allocated it; views share it and live no longer.
 */
public interface Matrix {

  /** Number of rows. */
  int rows();

  /** Number of columns. */
  int columns();

  /** What its entries are stored in. */
  Precision precision();

  /** Whether column j + 1 begins where column j ends; elementwise operations ask for it. */
  boolean contiguous();

  /** The view of {@code count} columns from {@code first} on. */
  Matrix columnRange(int first, int count);

  /** The view of the {@code count} columns first, first + stride, first + 2·stride, … */
  Matrix everyColumn(int first, int count, int stride);

  /** The view of {@code count} rows from {@code first} on. Not contiguous unless it is all rows. */
  Matrix rowRange(int first, int count);

  /** The same contiguous memory read column by column as another shape of equal size. */
  Matrix reshape(int rows, int columns);

  /** Rows, columns and precision, for messages. */
  default String shape() {
    return rows() + "x" + columns() + " " + precision();
  }
}
