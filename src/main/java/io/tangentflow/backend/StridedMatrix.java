package io.tangentflow.backend;

/**
 * Where the entries of a matrix, or of a view of one, lie in its storage: entry (i, j) is number
 * offset + i + j·leadingDimension. Backends add the storage.
 */
public abstract class StridedMatrix implements Matrix {

  private final Precision precision;
  private final long offset;
  private final int rows;
  private final int columns;
  private final int leadingDimension;

  /** A matrix whose entry (i, j) is {@code offset + i + j * leadingDimension} in its memory. */
  protected StridedMatrix(
      Precision precision, long offset, int rows, int columns, int leadingDimension) {
    this.precision = precision;
    this.offset = offset;
    this.rows = rows;
    this.columns = columns;
    this.leadingDimension = leadingDimension;
  }

  /** Another view of the same storage. */
  protected abstract Matrix view(long offset, int rows, int columns, int leadingDimension);

  /** The number, from the start of the storage, that entry (0, 0) is. */
  public final long offset() {
    return offset;
  }

  /** Numbers from one column's start to the next one's. */
  public final int leadingDimension() {
    return leadingDimension;
  }

  /** rows · columns. */
  public final long entries() {
    return (long) rows * columns;
  }

  @Override
  public final int rows() {
    return rows;
  }

  @Override
  public final int columns() {
    return columns;
  }

  @Override
  public final Precision precision() {
    return precision;
  }

  @Override
  public final boolean contiguous() {
    return leadingDimension == rows || columns <= 1;
  }

  @Override
  public final Matrix columnRange(int first, int count) {
    return everyColumn(first, count, 1);
  }

  @Override
  public final Matrix everyColumn(int first, int count, int stride) {
    long last = first + (long) (count - 1) * stride;
    if (first < 0 || count < 0 || stride < 1 || (count > 0 && last >= columns)) {
      throw new IndexOutOfBoundsException(
          count + " columns from " + first + " by " + stride + " of " + shape());
    }
    return view(
        count == 0 ? offset : offset + (long) first * leadingDimension,
        rows,
        count,
        count <= 1 ? rows : Math.multiplyExact(leadingDimension, stride));
  }

  @Override
  public final Matrix rowRange(int first, int count) {
    if (first < 0 || count < 0 || (long) first + count > rows) {
      throw new IndexOutOfBoundsException(count + " rows from " + first + " of " + shape());
    }
    return view(offset + first, count, columns, columns <= 1 ? count : leadingDimension);
  }

  @Override
  public final Matrix reshape(int newRows, int newColumns) {
    if (!contiguous() || (long) newRows * newColumns != entries()) {
      throw new IllegalArgumentException(
          shape() + " cannot be read as " + newRows + "x" + newColumns);
    }
    return view(offset, newRows, newColumns, newRows);
  }
}
