package io.tangentflow.backend.cpu;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.StridedMatrix;

/**
 * A matrix, or a view of one, in a Java array: {@code floats} or {@code doubles}, as precision
 * says.
 */
final class CpuMatrix extends StridedMatrix {

  private final Storage storage;
  private Span span;

  private CpuMatrix(
      Storage storage,
      Precision precision,
      int offset,
      int rows,
      int columns,
      int leadingDimension) {
    super(precision, offset, rows, columns, leadingDimension);
    this.storage = storage;
  }

  static CpuMatrix allocate(int rows, int columns, Precision precision) {
    if ((long) rows * columns > Integer.MAX_VALUE - 8) {
      throw OutOfMemory.ofArray(rows, columns);
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

  /** The index of entry (0, 0) in the array. */
  int start() {
    return (int) offset();
  }

  int size() {
    return rows() * columns();
  }

  /** This matrix, contiguous, to the kernels of its backend; made once, as passes are many. */
  Span span(Kernels kernels) {
    if (span == null) {
      span = Span.of(this, kernels);
    }
    return span;
  }

  double get(int index) {
    int at = position(index);
    return precision() == Precision.FP32 ? floats()[at] : doubles()[at];
  }

  void set(int index, double value) {
    int at = position(index);
    if (precision() == Precision.FP32) {
      floats()[at] = (float) value;
    } else {
      doubles()[at] = value;
    }
  }

  /** to[first …] ← column j. */
  void getColumn(int j, double[] to, int first) {
    int at = start() + j * leadingDimension();
    if (precision() == Precision.FP64) {
      System.arraycopy(doubles(), at, to, first, rows());
    } else {
      float[] from = floats();
      for (int i = 0; i < rows(); i++) {
        to[first + i] = from[at + i];
      }
    }
  }

  /** Column j ← from[first …], rounded. */
  void setColumn(int j, double[] from, int first) {
    int at = start() + j * leadingDimension();
    if (precision() == Precision.FP64) {
      System.arraycopy(from, first, doubles(), at, rows());
    } else {
      float[] to = floats();
      for (int i = 0; i < rows(); i++) {
        to[at + i] = (float) from[first + i];
      }
    }
  }

  /** Takes so many entries from that one on of a matrix of this precision, both contiguous. */
  void assign(CpuMatrix source, int from, int count) {
    System.arraycopy(source.array(), source.start() + from, array(), start() + from, count);
  }

  /** Its {@code float[]} or {@code double[]}. */
  Object array() {
    return precision() == Precision.FP32 ? floats() : doubles();
  }

  /** Of the array. */
  int length() {
    return precision() == Precision.FP32 ? floats().length : doubles().length;
  }

  /** Where entry {@code index} of the column-major order lies. */
  private int position(int index) {
    int rows = rows();
    return leadingDimension() == rows
        ? start() + index
        : start() + (index / rows) * leadingDimension() + index % rows;
  }

  @Override
  protected Matrix view(long newOffset, int newRows, int newColumns, int newLeadingDimension) {
    return new CpuMatrix(
        storage, precision(), (int) newOffset, newRows, newColumns, newLeadingDimension);
  }

  /** The array of one precision, shared by all views, so that freeing it ends them too. */
  private static final class Storage {
    private float[] floats;
    private double[] doubles;
  }
}
