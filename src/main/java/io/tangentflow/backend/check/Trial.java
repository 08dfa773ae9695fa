package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.backend.check.OperationCheck.Outcome;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/**
 * One operation on two backends: the one under test, in its precision, and the reference in FP64.
 * Both get the same numbers, rounded to the tested precision beforehand, so that what differs is
 * the operation's own rounding. What an operation is not to write, inputs and the memory beside a
 * view, has to stay as it was, bit for bit.
 */
final class Trial implements AutoCloseable {

  private final Workspace testedMemory;
  private final Workspace referenceMemory;
  private final Precision precision;
  private Workspace tested;
  private Workspace reference;
  private final List<Both> allocated = new ArrayList<>();

  /** What the outputs of the last run were before it. */
  private final Map<Both, DenseMatrix> before = new HashMap<>();

  private int stream;
  private int comparisons;
  private double worst;
  private Optional<String> fault = Optional.empty();

  Trial(Backend tested, Backend reference, long budgetBytes) {
    this.testedMemory = tested.workspace("a check", budgetBytes);
    this.referenceMemory = reference.workspace("the reference of a check", 4 * budgetBytes);
    this.tested = testedMemory.scope();
    this.reference = referenceMemory.scope();
    this.precision = tested.precision();
  }

  /**
   * A matrix on both.
   *
   * @param writable on the reference's backend: 1 where the running operation may write
   */
  record Both(Matrix tested, Matrix reference, Matrix writable) {
    Both rows(int first, int count) {
      return new Both(
          tested.rowRange(first, count),
          reference.rowRange(first, count),
          writable.rowRange(first, count));
    }

    Both reshape(int rows, int columns) {
      return new Both(
          tested.reshape(rows, columns),
          reference.reshape(rows, columns),
          writable.reshape(rows, columns));
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

  /** Begins the next case; the matrices of the last one are gone. */
  void begin() {
    allocated.clear();
    before.clear();
    tested.close();
    reference.close();
    tested = testedMemory.scope();
    reference = referenceMemory.scope();
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

  static DenseMatrix filled(int rows, int columns, double value) {
    return map(DenseMatrix.zeros(rows, columns), zero -> value);
  }

  /** Normal numbers on both. */
  Both both(int rows, int columns) {
    return both(normal(rows, columns));
  }

  Both both(DenseMatrix values) {
    return both(values, precision);
  }

  Both both(DenseMatrix values, Precision of) {
    int rows = values.rows();
    int columns = values.columns();
    Both whole =
        new Both(
            tested.allocate(rows, columns, of),
            reference.allocate(rows, columns, Precision.FP64),
            reference.allocate(rows, columns, Precision.FP64));
    tested.backend().upload(values, whole.tested());
    reference.backend().upload(values, whole.reference());
    allocated.add(whole);
    return whole;
  }

  /** Values in rows below another one, so that the columns have gaps. */
  Both apart(DenseMatrix values) {
    DenseMatrix outer = normal(values.rows() + 1, values.columns());
    for (int j = 0; j < values.columns(); j++) {
      for (int i = 0; i < values.rows(); i++) {
        outer.set(i + 1, j, values.get(i, j));
      }
    }
    return both(outer).rows(1, values.rows());
  }

  Both apart(int rows, int columns) {
    return apart(normal(rows, columns));
  }

  /**
   * Normal numbers in a contiguous view that begins one number after its storage, and ends one
   * before.
   */
  Both misaligned(int rows, int columns) {
    return both(rows * columns + 2, 1).rows(1, rows * columns).reshape(rows, columns);
  }

  /** The same with these values. */
  Both misaligned(DenseMatrix values) {
    int size = values.values().length;
    DenseMatrix outer = normal(size + 2, 1);
    System.arraycopy(values.values(), 0, outer.values(), 1, size);
    return both(outer).rows(1, size).reshape(values.rows(), values.columns());
  }

  /**
   * Runs it on both sides.
   *
   * @param outputs what it writes, and nothing else
   */
  void run(Operation operation, Both... outputs) {
    before.clear();
    for (Both output : outputs) {
      before.put(output, reference(output));
      fill(output.writable(), 1);
    }
    List<DenseMatrix> contents = allocated.stream().map(this::tested).toList();
    operation.on(side(true));
    operation.on(side(false));
    for (int m = 0; m < contents.size(); m++) {
      double[] old = contents.get(m).values();
      double[] now = tested(allocated.get(m)).values();
      double[] writable = reference.backend().download(allocated.get(m).writable()).values();
      for (int k = 0; k < old.length; k++) {
        if (writable[k] == 0 && Double.compare(old[k], now[k]) != 0) {
          fault("changed what it is to leave alone");
        }
      }
    }
    for (Both output : outputs) {
      fill(output.writable(), 0);
    }
  }

  private void fill(Matrix matrix, double value) {
    reference.backend().upload(filled(matrix.rows(), matrix.columns(), value), matrix);
  }

  private void fault(String what) {
    if (fault.isEmpty()) {
      fault = Optional.of(what);
    }
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

  /**
   * Compares a result, each entry to within its bound. An output that was right before it was
   * written would show nothing, and is a fault of the check.
   */
  void compare(Both result, DenseMatrix bound) {
    double[] expected = reference(result).values();
    double[] actual = tested(result).values();
    double[] old = before.containsKey(result) ? before.get(result).values() : null;
    boolean shows = old == null;
    for (int k = 0; k < expected.length; k++) {
      double b = bound.values()[k];
      compare(expected[k], actual[k], b);
      // Written so that an old NaN counts as a difference.
      shows |= old != null && !(Math.abs(expected[k] - old[k]) <= b);
    }
    if (!shows) {
      fault("was compared with what was there before, which shows nothing");
    }
  }

  /** Compares a result entrywise to within bound · max(1, |entry|). */
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

  /** What was found so far. */
  Outcome outcome() {
    return new Outcome(comparisons, worst, fault);
  }

  @Override
  public void close() {
    tested.close();
    reference.close();
    testedMemory.close();
    referenceMemory.close();
  }
}
