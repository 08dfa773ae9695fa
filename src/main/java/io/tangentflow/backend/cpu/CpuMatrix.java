package io.tangentflow.backend.cpu;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;

/**
 * A matrix, or a view of one, in a Java array: {@code floats} or {@code doubles}, as precision
 * says.
 */
final class CpuMatrix implements Matrix {

  private final Storage storage;
  private final Precision precision;
  private final int offset;
  private final int rows;
  private final int columns;
  private final int leadingDimension;

  private CpuMatrix(
      Storage storage,
      Precision precision,
      int offset,
      int rows,
      int columns,
      int leadingDimension) {
    this.storage = storage;
    this.precision = precision;
    this.offset = offset;
    this.rows = rows;
    this.columns = columns;
    this.leadingDimension = leadingDimension;
  }

  static CpuMatrix allocate(int rows, int columns, Precision precision) {
    if ((long) rows * columns > Integer.MAX_VALUE - 8) {
      throw new OutOfMemoryError("a Java array holds fewer than " + rows + " x " + columns);
    }
    Storage storage = new Storage();
    if (precision == Precision.FP32) {
      storage.floats = new float[rows * columns];
    } else {
      storage.doubles = new double[rows * columns];
    }
    return new CpuMatrix(storage, precision, 0, rows, columns, rows);
  }

  /** Drops the array; a later use of this handle or of a view fails. */
  void free() {
    storage.floats = null;
    storage.doubles = null;
  }

  float[] floats() {
    float[] array = storage.floats;
    if (array == null) {
      throw unusable();
    }
    return array;
  }

  double[] doubles() {
    double[] array = storage.doubles;
    if (array == null) {
      throw unusable();
    }
    return array;
  }

  private IllegalStateException unusable() {
    return new IllegalStateException(
        "this " + shape() + " matrix was freed or has the other precision");
  }

  int offset() {
    return offset;
  }

  int leadingDimension() {
    return leadingDimension;
  }

  int size() {
    return rows * columns;
  }

  double get(int index) {
    int at = position(index);
    return precision == Precision.FP32 ? floats()[at] : doubles()[at];
  }

  void set(int index, double value) {
    int at = position(index);
    if (precision == Precision.FP32) {
      floats()[at] = (float) value;
    } else {
      doubles()[at] = value;
    }
  }

  /** A contiguous copy. */
  CpuMatrix compact() {
    CpuMatrix copy = allocate(rows, columns, precision);
    copy.assign(this);
    return copy;
  }

  /** Takes the values of a matrix of the same shape and precision. */
  void assign(CpuMatrix source) {
    Object from = precision == Precision.FP32 ? source.floats() : source.doubles();
    Object to = precision == Precision.FP32 ? floats() : doubles();
    for (int j = 0; j < columns; j++) {
      System.arraycopy(
          from,
          source.offset + j * source.leadingDimension,
          to,
          offset + j * leadingDimension,
          rows);
    }
  }

  /** Whether the array reaches as far as {@code columns} whole leading dimensions. */
  boolean endsInsideItsArray() {
    int length = precision == Precision.FP32 ? floats().length : doubles().length;
    return offset + (long) columns * leadingDimension <= length;
  }

  /** Where entry {@code index} of the column-major order lies. */
  private int position(int index) {
    return leadingDimension == rows
        ? offset + index
        : offset + (index / rows) * leadingDimension + index % rows;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public boolean contiguous() {
    return leadingDimension == rows || columns <= 1;
  }

  @Override
  public Matrix columnRange(int first, int count) {
    return everyColumn(first, count, 1);
  }

  @Override
  public Matrix everyColumn(int first, int count, int stride) {
    long last = first + (long) (count - 1) * stride;
    if (first < 0 || count < 0 || stride < 1 || (count > 0 && last >= columns)) {
      throw new IndexOutOfBoundsException(
          count + " columns from " + first + " by " + stride + " of " + shape());
    }
    return view(
        count == 0 ? offset : offset + first * leadingDimension,
        rows,
        count,
        count <= 1 ? leadingDimension : Math.multiplyExact(leadingDimension, stride));
  }

  @Override
  public Matrix rowRange(int first, int count) {
    if (first < 0 || count < 0 || (long) first + count > rows) {
      throw new IndexOutOfBoundsException(count + " rows from " + first + " of " + shape());
    }
    return view(offset + first, count, columns, leadingDimension);
  }

  @Override
  public Matrix reshape(int newRows, int newColumns) {
    if (!contiguous() || (long) newRows * newColumns != size()) {
      throw new IllegalArgumentException(
          shape() + " cannot be read as " + newRows + "x" + newColumns);
    }
    return view(offset, newRows, newColumns, newRows);
  }

  private CpuMatrix view(int newOffset, int newRows, int newColumns, int newLeadingDimension) {
    return new CpuMatrix(storage, precision, newOffset, newRows, newColumns, newLeadingDimension);
  }

  /** The array of one precision, shared by all views, so that freeing it ends them too. */
  private static final class Storage {
    private float[] floats;
    private double[] doubles;
  }
}
