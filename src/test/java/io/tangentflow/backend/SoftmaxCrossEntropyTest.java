package io.tangentflow.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import io.tangentflow.testing.BackendCase;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The softmax cross-entropy on every backend against its definition, and at the ends of range. */
@Tag("every-backend")
class SoftmaxCrossEntropyTest {

  /** Outputs and samples: on either side of a warp, of a part of a thread and of a grid. */
  private static final int[][] SHAPES = {
    {1, 5}, {2, 1}, {3, 33}, {10, 257}, {31, 3}, {32, 2}, {33, 7}, {1000, 5}, {4099, 2}, {2, 5000}
  };

  private static final double FP64 = Precision.FP64.unitRoundoff();

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /** What the operation gives. */
  private record Result(double loss, DenseMatrix cotangents) {}

  private static Result of(DenseMatrix logits, DenseMatrix targets, BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 26)) {
      return of(logits, targets, workspace);
    }
  }

  private static Result of(DenseMatrix logits, DenseMatrix targets, Workspace workspace) {
    Backend backend = workspace.backend();
    try (Workspace scratch = workspace.scope()) {
      Matrix f = scratch.allocate(logits.rows(), logits.columns());
      Matrix t = scratch.allocate(logits.rows(), logits.columns());
      Matrix g = scratch.allocate(logits.rows(), logits.columns());
      backend.upload(logits, f);
      backend.upload(targets, t);
      double loss = backend.softmaxCrossEntropy(f, t, g);
      Result result = new Result(loss, backend.download(g));
      assertEquals(loss, backend.softmaxCrossEntropy(f, t, f), "in the logits' place");
      assertArrayEquals(result.cotangents().values(), backend.download(f).values());
      return result;
    }
  }

  /**
   * Small logits need no care: exponentials, their sum, its logarithm. Targets do not sum to one.
   * All is in FP64 but the last rounding of a cotangent.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void lossAndCotangentsAreTheirDefinitions(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 26)) {
      for (int[] shape : SHAPES) {
        int rows = shape[0];
        DenseMatrix f = single(Parameters.gaussian(rows, shape[1], 6, 1));
        DenseMatrix t = squares(single(Parameters.gaussian(rows, shape[1], 6, 2)));
        Result result = of(f, t, workspace);
        double loss = 0;
        double size = 0;
        for (int j = 0; j < f.columns(); j++) {
          double denominator = 0;
          double weight = 0;
          for (int o = 0; o < rows; o++) {
            denominator += Math.exp(f.get(o, j));
            weight += t.get(o, j);
          }
          for (int o = 0; o < rows; o++) {
            double p = Math.exp(f.get(o, j)) / denominator;
            loss -= t.get(o, j) * Math.log(p);
            size += t.get(o, j) * (1 + Math.abs(Math.log(p)));
            double expected = p * weight - t.get(o, j);
            double bound =
                2 * (rows + 16) * FP64 * (p * weight + t.get(o, j))
                    + which.precision().unitRoundoff() * Math.abs(expected);
            assertEquals(expected, result.cotangents().get(o, j), bound);
          }
        }
        assertEquals(loss, result.loss(), 2 * (f.values().length + 16) * FP64 * size);
      }
    }
  }

  private static final double PYTORCH_LOSS = 5.023693102485051;

  private static final double[] PYTORCH_GRADIENT = {
    -0.17512878543795973,
    -0.4869893337946299,
    0.6621181192325896,
    0.8338453529847987,
    -0.887151302978269,
    0.05330594999347028
  };

  /**
   * Computed once by torch.nn.functional.cross_entropy(f, t, reduction="sum") of PyTorch 1.13 in
   * float64, and its gradient, each row of f here a column.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void anExampleIsThatOfPyTorch(BackendCase which) {
    Result result =
        of(
            new DenseMatrix(3, 2, new double[] {0.5, -1.25, 3, 2, 0, -0.75}),
            new DenseMatrix(3, 2, new double[] {0.25, 0.5, 0.25, 0, 1, 0}),
            which);
    assertEquals(PYTORCH_LOSS, result.loss(), 32 * FP64 * PYTORCH_LOSS);
    assertArrayEquals(
        PYTORCH_GRADIENT, result.cotangents().values(), which.precision().unitRoundoff() * 8);
  }

  /**
   * Central differences at h and h/2, extrapolated: the error left is h⁴/480 of the fifth
   * derivative, a cumulant of an indicator, at most 1/2, times Σt = 1. Logits are multiples of
   * 2⁻¹⁰, so that the steps are exact in FP32 also; the loss is of FP64, its rounding divided by h.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void cotangentsAreTheDerivativesOfTheLoss(BackendCase which) {
    int rows = 4;
    int columns = 3;
    double h = 0x1p-6;
    DenseMatrix f = Parameters.gaussian(rows, columns, 7, 1);
    DenseMatrix t = squares(Parameters.gaussian(rows, columns, 7, 2));
    for (int j = 0; j < columns; j++) {
      double sum = 0;
      for (int o = 0; o < rows; o++) {
        sum += t.get(o, j);
        f.set(o, j, Math.rint(f.get(o, j) * 1024) / 1024);
      }
      for (int o = 0; o < rows; o++) {
        t.set(o, j, (float) (t.get(o, j) / sum));
      }
    }
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 20)) {
      Result result = of(f, t, workspace);
      double tolerance =
          which.precision().unitRoundoff()
              + Math.pow(h, 4) / 480
              + 8 * f.values().length * FP64 * result.loss() / h;
      for (int e = 0; e < f.values().length; e++) {
        double coarse = difference(f, t, e, h, workspace);
        double fine = difference(f, t, e, h / 2, workspace);
        assertEquals((4 * fine - coarse) / 3, result.cotangents().values()[e], tolerance);
      }
    }
  }

  private static double difference(
      DenseMatrix f, DenseMatrix t, int entry, double h, Workspace workspace) {
    double there = f.values()[entry];
    f.values()[entry] = there + h;
    double above = of(f, t, workspace).loss();
    f.values()[entry] = there - h;
    double below = of(f, t, workspace).loss();
    f.values()[entry] = there;
    return (above - below) / (2 * h);
  }

  /** e⁻⁴⁰ beside 1 would be rounded away: −log(1 − p) = log(1 + e⁻⁴⁰) = e⁻⁴⁰ − e⁻⁸⁰/2. */
  @ParameterizedTest
  @MethodSource("backends")
  void theLossOfACertainColumnIsNotRoundedAway(BackendCase which) {
    Result result = of(column(0, -40), column(1, 0), which);
    double e = Math.exp(-40);
    assertEquals(e - e * e / 2, result.loss(), 8 * FP64 * e);
    assertEquals(e, result.cotangents().values()[1], which.precision().unitRoundoff() * 2 * e);
    // Of two that are equally great the loss is log 2.
    assertEquals(Math.log(2), of(column(5, 5, -40), column(1, 0, 0), which).loss(), 4 * FP64);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void logitsAtTheEndsOfTheRangeGiveFiniteNumbers(BackendCase which) {
    double most = which.precision() == Precision.FP32 ? Float.MAX_VALUE : Double.MAX_VALUE;
    for (double size : new double[] {1e30, most}) {
      double rounded = which.precision() == Precision.FP32 ? (float) size : size;
      Result right = of(column(size, -size, 0), column(1, 0, 0), which);
      assertEquals(0, right.loss());
      assertArrayEquals(new double[] {0, 0, 0}, right.cotangents().values());
      Result wrong = of(column(size, -size, 0), column(0, 0, 1), which);
      assertEquals(rounded, wrong.loss());
      assertArrayEquals(new double[] {1, 0, -1}, wrong.cotangents().values());
      Result shared = of(column(size, -size, 0), column(0.75, 0.25, 0), which);
      assertEquals(rounded / 2, shared.loss());
      assertArrayEquals(new double[] {0.25, -0.25, 0}, shared.cotangents().values());
      Result low = of(column(-size, -size), column(1, 0), which);
      assertEquals(Math.log(2), low.loss(), 4 * FP64);
      assertArrayEquals(new double[] {-0.5, 0.5}, low.cotangents().values());
    }
  }

  /** Wherever it stands, and whatever its target. */
  @ParameterizedTest
  @MethodSource("backends")
  void aLogitThatIsNotFiniteGivesALossThatIsNot(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      for (int rows : new int[] {1, 3, 33, 70}) {
        for (double bad :
            new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
          for (int at : new int[] {0, rows / 2, rows - 1}) {
            for (int correct : new int[] {0, rows - 1}) {
              DenseMatrix f = Parameters.gaussian(rows, 2, 8, 1);
              DenseMatrix t = DenseMatrix.zeros(rows, 2);
              t.set(0, 0, 1);
              t.set(correct, 1, 1);
              f.set(at, 1, bad);
              assertFalse(Double.isFinite(of(f, t, workspace).loss()), bad + " at " + at);
            }
          }
        }
      }
    }
  }

  @Test
  void lossesDoNotDependOnTheThreads() {
    DenseMatrix f = Parameters.gaussian(10, 4001, 9, 1);
    DenseMatrix t = squares(Parameters.gaussian(10, 4001, 9, 2));
    for (BackendCase which : backends()) {
      boolean plain = which.name().equals("cpu-scalar");
      Result one = of(f, t, new BackendCase(which.name(), which.precision(), 1));
      Result two = of(f, t, new BackendCase(which.name(), which.precision(), plain ? 1 : 2));
      assertEquals(one.loss(), two.loss());
      assertArrayEquals(one.cotangents().values(), two.cotangents().values());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void nothingHasNoLoss(BackendCase which) {
    assertEquals(0, of(DenseMatrix.zeros(3, 0), DenseMatrix.zeros(3, 0), which).loss());
  }

  private static DenseMatrix column(double... values) {
    return new DenseMatrix(values.length, 1, values);
  }

  private static DenseMatrix squares(DenseMatrix m) {
    for (int i = 0; i < m.values().length; i++) {
      m.values()[i] = (float) (m.values()[i] * m.values()[i]);
    }
    return m;
  }

  /** Numbers that FP32 has too. */
  private static DenseMatrix single(DenseMatrix m) {
    for (int i = 0; i < m.values().length; i++) {
      m.values()[i] = (float) m.values()[i];
    }
    return m;
  }
}
