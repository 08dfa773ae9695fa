package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.util.function.DoubleUnaryOperator;

/**
 * One operation on two backends: the one under test, in its precision, and the reference in FP64.
 * Both get the same numbers, rounded to the tested precision beforehand, so that what differs is
 * the operation's own rounding.
 */
final class Trial implements AutoCloseable {

  private final Workspace tested;
  private final Workspace reference;
  private final Precision precision;
  private int stream;
  private int comparisons;
  private double worst;

  Trial(Backend tested, Backend reference, long budgetBytes) {
    this.tested = tested.workspace("a check", budgetBytes);
    this.reference = reference.workspace("the reference of a check", budgetBytes);
    this.precision = tested.precision();
  }

  /** A matrix on both. */
  record Both(Matrix tested, Matrix reference) {
    Both rows(int first, int count) {
      return new Both(tested.rowRange(first, count), reference.rowRange(first, count));
    }

    Both reshape(int rows, int columns) {
      return new Both(tested.reshape(rows, columns), reference.reshape(rows, columns));
    }
  }

  /** The side of a trial that an operation runs on. */
  interface Side {
    Backend backend();

    Workspace workspace();

    Matrix of(Both matrix);
  }

  /** An operation on one side. */
  @FunctionalInterface
  interface Operation {
    void on(Side side);
  }

  Precision precision() {
    return precision;
  }

  /** The rounding error of one operation: of products in TF32 two factors and a sum of FP32. */
  double roundoff() {
    return precision == Precision.TF32 ? Precision.FP32.unitRoundoff() : precision.unitRoundoff();
  }

  /** The relative error of one product's factors, where tensor cores round them. */
  double factorRoundoff() {
    return precision == Precision.TF32 ? 2 * Precision.TF32.unitRoundoff() : 0;
  }

  /** Standard normal numbers, none used twice. */
  DenseMatrix normal(int rows, int columns) {
    return rounded(Parameters.gaussian(rows, columns, 20, stream++));
  }

  private DenseMatrix rounded(DenseMatrix m) {
    return precision.single() ? map(m, x -> (float) x) : m;
  }

  static DenseMatrix map(DenseMatrix m, DoubleUnaryOperator f) {
    DenseMatrix result = DenseMatrix.zeros(m.rows(), m.columns());
    for (int k = 0; k < m.values().length; k++) {
      result.values()[k] = f.applyAsDouble(m.values()[k]);
    }
    return result;
  }

  /** Normal numbers on both. */
  Both both(int rows, int columns) {
    return both(normal(rows, columns));
  }

  Both both(DenseMatrix values) {
    return both(values, precision);
  }

  Both both(DenseMatrix values, Precision of) {
    Matrix t = tested.allocate(values.rows(), values.columns(), of);
    Matrix r = reference.allocate(values.rows(), values.columns(), Precision.FP64);
    tested.backend().upload(values, t);
    reference.backend().upload(values, r);
    return new Both(t, r);
  }

  /** Normal numbers in a contiguous view that begins one number after its storage. */
  Both misaligned(int rows, int columns) {
    return both(rows * columns + 1, 1).rows(1, rows * columns).reshape(rows, columns);
  }

  /** Runs it on both sides. */
  void run(Operation operation) {
    operation.on(side(true));
    operation.on(side(false));
  }

  private Side side(boolean underTest) {
    Workspace workspace = underTest ? tested : reference;
    return new Side() {
      @Override
      public Backend backend() {
        return workspace.backend();
      }

      @Override
      public Workspace workspace() {
        return workspace;
      }

      @Override
      public Matrix of(Both matrix) {
        return underTest ? matrix.tested() : matrix.reference();
      }
    };
  }

  DenseMatrix reference(Both matrix) {
    return reference.backend().download(matrix.reference());
  }

  DenseMatrix tested(Both matrix) {
    return tested.backend().download(matrix.tested());
  }

  Workspace testedWorkspace() {
    return tested;
  }

  /** Compares a result, each entry to within its bound. */
  void compare(Both result, DenseMatrix bound) {
    DenseMatrix expected = reference(result);
    DenseMatrix actual = tested(result);
    for (int k = 0; k < expected.values().length; k++) {
      compare(expected.values()[k], actual.values()[k], bound.values()[k]);
    }
  }

  /** Compares a result entrywise to within that many roundings of max(1, |entry|). */
  void compare(Both result, double bound) {
    compare(result, map(reference(result), x -> bound * Math.max(1, Math.abs(x))));
  }

  /** Compares numbers. The worst is kept, as a fraction of its bound. */
  void compare(double expected, double actual, double bound) {
    comparisons++;
    double error = Math.abs(actual - expected);
    // Written so that NaN is a failure.
    double fraction = error == 0 ? 0 : error / bound;
    if (!(fraction <= worst)) {
      worst = Double.isNaN(fraction) ? Double.POSITIVE_INFINITY : fraction;
    }
  }

  /** How many numbers were compared. */
  int comparisons() {
    return comparisons;
  }

  /** The largest error as a fraction of its bound; at most 1 if all hold. */
  double worst() {
    return worst;
  }

  @Override
  public void close() {
    tested.close();
    reference.close();
  }
}
