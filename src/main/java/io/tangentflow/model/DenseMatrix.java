package io.tangentflow.model;

import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.function.IntToDoubleFunction;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/**
 * A real matrix in host memory, FP64, column-major: entry (i, j) is {@code values[i + j * rows]}.
 * The array is shared, not copied; whoever builds the matrix gives it away. Its size is bounded by
 * a Java array's: rows · columns &lt; 2³¹.
 *
 * @param rows number of rows
 * @param columns number of columns
 * @param values rows · columns numbers, column after column
 */
@API(status = Status.STABLE, since = "0.1")
@SuppressWarnings("ArrayRecordComponent") // A matrix is its array; equality is never asked of it.
public record DenseMatrix(int rows, int columns, double[] values) {

  /** ⌊√2³¹⌋, the rows of the largest square matrix in one Java array. */
  public static final int GREATEST_ORDER = 46_340;

  private static final int STRIP = 32;

  /** A sum of squares from which on those that underflow are lost in its rounding. */
  private static final double LEAST_SUM = Double.MIN_NORMAL / Math.ulp(1.0);

  public DenseMatrix {
    if (rows < 0 || columns < 0 || (long) rows * columns != values.length) {
      throw new IllegalArgumentException(
          "a " + rows + "x" + columns + " matrix cannot hold " + values.length + " values");
    }
  }

  /**
   * A matrix of zeros.
   *
   * @param rows number of rows
   * @param columns number of columns
   * @return a new matrix
   */
  public static DenseMatrix zeros(int rows, int columns) {
    return new DenseMatrix(rows, columns, new double[Math.multiplyExact(rows, columns)]);
  }

  /**
   * The matrix whose row i is {@code row.apply(i)}; each row has the same length.
   *
   * @param rows number of rows
   * @param columns number of columns
   * @param row gives the numbers of each row. Not modified.
   * @return a new matrix
   */
  public static DenseMatrix ofRows(int rows, int columns, IntFunction<double[]> row) {
    DenseMatrix m = zeros(rows, columns);
    for (int i = 0; i < rows; i++) {
      double[] r = row.apply(i);
      if (r.length != columns) {
        throw new IllegalArgumentException(
            "row " + i + " has " + r.length + " values, not " + columns);
      }
      for (int j = 0; j < columns; j++) {
        m.set(i, j, r[j]);
      }
    }
    return m;
  }

  /**
   * An entry.
   *
   * @param i row, from 0
   * @param j column, from 0
   * @return entry (i, j)
   */
  public double get(int i, int j) {
    return values[i + j * rows];
  }

  /**
   * Overwrites an entry.
   *
   * @param i row, from 0
   * @param j column, from 0
   * @param value of entry (i, j)
   */
  public void set(int i, int j, double value) {
    values[i + j * rows] = value;
  }

  /**
   * A copy of some columns.
   *
   * @param first the first of them, from 0
   * @param count how many
   * @return a new matrix
   */
  public DenseMatrix columnRange(int first, int count) {
    return new DenseMatrix(
        rows, count, Arrays.copyOfRange(values, first * rows, (first + count) * rows));
  }

  /** {@return a copy with rows and columns exchanged} */
  public DenseMatrix transpose() {
    DenseMatrix t = zeros(columns, rows);
    // A strip of columns at a time, whose cache lines stay until all their entries are read.
    int to;
    for (int from = 0; from < columns; from = to) {
      to = from + Math.min(STRIP, columns - from);
      for (int i = 0; i < rows; i++) {
        for (int j = from; j < to; j++) {
          t.values[j + i * columns] = values[i + j * rows];
        }
      }
    }
    return t;
  }

  /** {@return the Frobenius norm; squares neither overflow nor underflow} */
  public double norm() {
    double sum = 0;
    for (double v : values) {
      sum += v * v;
    }
    return isPrecise(sum) ? Math.sqrt(sum) : scaledNorm(i -> values[i]);
  }

  /**
   * How far this matrix is from another.
   *
   * @param other of the same shape
   * @return the Frobenius norm of the difference, as precise as {@link #norm}
   */
  public double distance(DenseMatrix other) {
    if (rows != other.rows || columns != other.columns) {
      throw new IllegalArgumentException(
          "shapes differ: " + rows + "x" + columns + " and " + other.rows + "x" + other.columns);
    }
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      double d = values[i] - other.values[i];
      sum += d * d;
    }
    return isPrecise(sum) ? Math.sqrt(sum) : scaledNorm(i -> values[i] - other.values[i]);
  }

  private static boolean isPrecise(double sumOfSquares) {
    return sumOfSquares >= LEAST_SUM && sumOfSquares <= Double.MAX_VALUE;
  }

  /** With squares of entries that are brought near 1 by a power of two. */
  private double scaledNorm(IntToDoubleFunction entry) {
    double largest = 0;
    for (int i = 0; i < values.length; i++) {
      largest = Math.max(largest, Math.abs(entry.applyAsDouble(i)));
    }
    if (largest == 0 || !Double.isFinite(largest)) {
      return largest;
    }
    int exponent = Math.getExponent(largest);
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      double scaled = Math.scalb(entry.applyAsDouble(i), -exponent);
      sum += scaled * scaled;
    }
    return Math.scalb(Math.sqrt(sum), exponent);
  }
}
