package io.tangentflow.backend.cpu;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;

/**
 * A matrix, or a view of one, in a Java array: {@code floats} or {@code doubles}, as precision
 * says.
 */
final class CpuMatrix implements Matrix {

  private float[] floats;
  private double[] doubles;
  private final Precision precision;
  private final int offset;
  private final int rows;
  private final int columns;
  private final int leadingDimension;

  private CpuMatrix(
      float[] floats,
      double[] doubles,
      Precision precision,
      int offset,
      int rows,
      int columns,
      int leadingDimension) {
    this.floats = floats;
    this.doubles = doubles;
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
    int size = rows * columns;
    return precision == Precision.FP32
        ? new CpuMatrix(new float[size], null, precision, 0, rows, columns, rows)
        : new CpuMatrix(null, new double[size], precision, 0, rows, columns, rows);
  }

  /** Drops the array; a later use of this handle fails. */
  void free() {
    floats = null;
    doubles = null;
  }

  float[] floats() {
    return alive(floats);
  }

  double[] doubles() {
    return alive(doubles);
  }

  private static <T> T alive(T array) {
    if (array == null) {
      throw new IllegalStateException("this matrix was freed or has the other precision");
    }
    return array;
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
    return precision == Precision.FP32 ? floats[at] : doubles[at];
  }

  void set(int index, double value) {
    int at = position(index);
    if (precision == Precision.FP32) {
      floats[at] = (float) value;
    } else {
      doubles[at] = value;
    }
  }

  /** A contiguous copy. */
  CpuMatrix compact() {
    CpuMatrix copy = allocate(rows, columns, precision);
    Object from = precision == Precision.FP32 ? floats() : doubles();
    Object to = precision == Precision.FP32 ? copy.floats : copy.doubles;
    for (int j = 0; j < columns; j++) {
      System.arraycopy(from, offset + j * leadingDimension, to, j * rows, rows);
    }
    return copy;
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
        offset + first * leadingDimension,
        rows,
        count,
        Math.multiplyExact(leadingDimension, stride));
  }

  @Override
  public Matrix rowRange(int first, int count) {
    if (first < 0 || count < 0 || first + count > rows) {
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
    return new CpuMatrix(
        floats, doubles, precision, newOffset, newRows, newColumns, newLeadingDimension);
  }
}
