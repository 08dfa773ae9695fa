package io.tangentflow.backend.cpu;

/**
 * A view of a matrix that is moved instead of made anew, for what looks at many views and leaves
 * nothing behind. Leading dimensions are as of the views of {@link CpuMatrix}.
 */
final class Window {

  private CpuMatrix matrix;
  private int start;
  private int rows;
  private int columns;
  private int leadingDimension;

  /** Shows all of it. */
  Window show(CpuMatrix whole) {
    return set(whole, whole.start(), whole.rows(), whole.columns(), whole.leadingDimension());
  }

  /** Shows what the other one does. */
  Window show(Window other) {
    return set(other.matrix, other.start, other.rows, other.columns, other.leadingDimension);
  }

  /** Shows a matrix of that shape, column by column from the beginning of another's memory on. */
  Window show(CpuMatrix memory, int newRows, int newColumns) {
    return set(memory, memory.start(), newRows, newColumns, newRows);
  }

  /** Of the rows shown, so many from that one on. */
  Window rows(int first, int count) {
    return set(matrix, start + first, count, columns, columns <= 1 ? count : leadingDimension);
  }

  /** Of the columns shown, so many from that one on. */
  Window columns(int first, int count) {
    int at = start + first * leadingDimension;
    return set(matrix, at, rows, count, count <= 1 ? rows : leadingDimension);
  }

  private Window set(
      CpuMatrix newMatrix, int newStart, int newRows, int newColumns, int newLeadingDimension) {
    matrix = newMatrix;
    start = newStart;
    rows = newRows;
    columns = newColumns;
    leadingDimension = newLeadingDimension;
    return this;
  }

  CpuMatrix matrix() {
    return matrix;
  }

  /** The index of entry (0, 0) in the array. */
  int start() {
    return start;
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  int size() {
    return rows * columns;
  }

  /** A leading dimension that BLAS accepts also for empty matrices. */
  int stride() {
    return Math.max(1, leadingDimension);
  }

  /** Whether the array reaches as far as {@link #columns} whole leading dimensions. */
  boolean endsInsideItsArray() {
    return start + (long) columns * leadingDimension <= matrix.length();
  }

  /** Takes the values that a window of this shape shows, of the same precision. */
  void assign(Window source) {
    for (int j = 0; j < columns; j++) {
      System.arraycopy(
          source.matrix.array(),
          source.start + j * source.leadingDimension,
          matrix.array(),
          start + j * leadingDimension,
          rows);
    }
  }
}
