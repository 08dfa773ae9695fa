package io.tangentflow.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.BackendCase;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every backend promises, in every precision. The data are small integers and powers of two,
 * so that every result is exact and equality is demanded; the expected values are plain loops here.
 */
@Tag("every-backend")
class BackendContractTest {

  private static final int[] SIZES = {1, 2, 3, 7, 31, 32, 33, 127, 1000};

  /** Rows, columns and inner dimension of products: each size in each place. */
  private static final int[][] PRODUCTS = {
    {1, 1, 1},
    {1, 7, 3},
    {2, 3, 31},
    {3, 1, 1000},
    {7, 33, 2},
    {31, 32, 33},
    {32, 2, 127},
    {33, 31, 7},
    {127, 3, 32},
    {1000, 7, 1},
    {2, 1000, 7},
    {127, 127, 33},
    // So large that threads share them out: rows, columns, and both.
    {320, 5, 130},
    {5, 257, 200},
    {150, 200, 64}
  };

  /** Shapes of elementwise operations: below and above the sizes at which work is split. */
  private static final int[][] SHAPES = {
    {1, 1}, {2, 3}, {7, 1}, {31, 2}, {32, 7}, {33, 3}, {127, 31}, {1000, 1}, {1000, 33}
  };

  private final SplittableRandom random = new SplittableRandom(1);

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /** With more threads too: their parts are then ranges of rows and of columns. */
  static List<BackendCase> backendsOfProducts() {
    return backends().stream()
        .flatMap(
            which ->
                which.threads() == 1
                    ? Stream.of(which)
                    : Stream.of(which, new BackendCase(which.name(), which.precision(), 5)))
        .toList();
  }

  // Transfers.

  @ParameterizedTest
  @MethodSource("backends")
  void whatIsUploadedIsDownloadedAndCopiedBetweenPrecisions(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int[] shape : SHAPES) {
            DenseMatrix values = integers(shape[0], shape[1]);
            for (Precision from : BackendCase.PRECISIONS) {
              Matrix source = workspace.allocate(shape[0], shape[1], from);
              assertExact(DenseMatrix.zeros(shape[0], shape[1]), backend.download(source));
              backend.upload(values, source);
              assertExact(values, backend.download(source));
              for (Precision to : BackendCase.PRECISIONS) {
                Matrix target = workspace.allocate(shape[0], shape[1], to);
                backend.copy(source, target);
                assertExact(values, backend.download(target));
              }
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void numbersAreRoundedToNearestOnTheirWayToALowerPrecision(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          double[] values = {1 + 0x1p-24, 1 + 0x1.8p-24, 1e300, -1e-60, Math.PI, Double.NaN};
          DenseMatrix given = new DenseMatrix(values.length, 1, values);
          Matrix single = workspace.allocate(values.length, 1, Precision.FP32);
          Matrix wide = workspace.allocate(values.length, 1, Precision.FP64);
          backend.upload(given, single);
          double[] uploaded = backend.download(single).values();
          backend.upload(given, wide);
          backend.copy(wide, single);
          double[] copied = backend.download(single).values();
          for (int i = 0; i < values.length; i++) {
            assertEquals((float) values[i], uploaded[i]);
            assertEquals((float) values[i], copied[i]);
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void viewsAreReadAndWrittenWhereTheyStand(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int rows : new int[] {1, 2, 7, 33}) {
            for (int columns : new int[] {3, 32}) {
              DenseMatrix values = integers(rows, columns);
              for (ViewOf view : views(rows, columns)) {
                Matrix whole = workspace.allocate(rows, columns);
                backend.upload(values, whole);
                Matrix part = view.of(whole);
                assertExact(view.expected(values), backend.download(part), view.name());

                DenseMatrix fresh = integers(part.rows(), part.columns());
                backend.upload(fresh, part);
                DenseMatrix updated = copyOf(values);
                for (int j = 0; j < part.columns(); j++) {
                  for (int i = 0; i < part.rows(); i++) {
                    updated.values()[view.position(i, j, rows)] = fresh.get(i, j);
                  }
                }
                assertExact(updated, backend.download(whole), view.name());
              }
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void viewsBeyondTheirMatrixAreRefused(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Matrix m = workspace.allocate(3, 4);
          for (Executable wrong :
              List.<Executable>of(
                  () -> m.columnRange(1, 4),
                  () -> m.columnRange(-1, 2),
                  () -> m.columnRange(0, -1),
                  () -> m.columnRange(4, 1),
                  () -> m.columnRange(2, Integer.MAX_VALUE),
                  () -> m.everyColumn(1, 3, 2),
                  () -> m.everyColumn(0, 2, 0),
                  () -> m.rowRange(1, 3),
                  () -> m.rowRange(-1, 1),
                  () -> m.rowRange(1, Integer.MAX_VALUE))) {
            assertThrows(IndexOutOfBoundsException.class, wrong);
          }
          assertThrows(IllegalArgumentException.class, () -> m.reshape(5, 2));
          assertThrows(IllegalArgumentException.class, () -> m.rowRange(0, 2).reshape(4, 2));
          assertFalse(m.rowRange(0, 2).contiguous());
          assertFalse(m.everyColumn(0, 2, 2).contiguous());
          assertTrue(m.columnRange(1, 3).contiguous());
          assertTrue(m.everyColumn(1, 1, 1000).contiguous());
        });
  }

  // Random numbers.

  @ParameterizedTest
  @MethodSource("backends")
  void gaussianIsThePhiloxStreamRoundedToThePrecisionOfItsTarget(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int size : SIZES) {
            for (int columns : new int[] {1, 33}) {
              DenseMatrix expected = Parameters.gaussian(size, columns, 0x123456789abcL, 2);
              for (Precision precision : BackendCase.PRECISIONS) {
                Matrix target = workspace.allocate(size, columns, precision);
                backend.gaussian(target, 0x123456789abcL, 2);
                DenseMatrix actual = backend.download(target);
                for (int e = 0; e < expected.values().length; e++) {
                  double z = expected.values()[e];
                  // Two ulp of FP64 for another library's log, sine and cosine; then one rounding.
                  double slack = 4 * Precision.FP64.unitRoundoff() * Math.max(1, Math.abs(z));
                  double ulp = precision == Precision.FP32 ? Math.ulp((float) z) / 2 : 0;
                  assertEquals(z, actual.values()[e], slack + ulp);
                }
              }
            }
          }
        });
  }

  // Products.

  @ParameterizedTest
  @MethodSource("backendsOfProducts")
  void productsOfIntegersAreExactForEveryTransposeScaleAndShape(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          for (int[] size : PRODUCTS) {
            for (Transpose transposeA : Transpose.values()) {
              for (Transpose transposeB : Transpose.values()) {
                for (double[] scales : new double[][] {{1, 0}, {0.5, 1}, {-2, 4}}) {
                  try (Workspace scratch = workspace.scope()) {
                    Matrix a = factor(transposeA, size[0], size[2], scratch);
                    Matrix b = factor(transposeB, size[2], size[1], scratch);
                    Matrix c = upload(integers(size[0], size[1]), scratch);
                    checkProduct(
                        transposeA, transposeB, scales[0], a, b, scales[1], c, scratch.backend());
                  }
                }
              }
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void productsReadAndWriteViewsWithGaps(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          int m = 7;
          int n = 5;
          int k = 6;
          for (Transpose transposeA : Transpose.values()) {
            for (Transpose transposeB : Transpose.values()) {
              for (double beta : new double[] {0, 2}) {
                for (String place : List.of("rows", "last rows", "columns", "every column")) {
                  try (Workspace scratch = workspace.scope()) {
                    boolean noA = transposeA == Transpose.NO;
                    boolean noB = transposeB == Transpose.NO;
                    Matrix a = embedded(place, noA ? m : k, noA ? k : m, scratch);
                    Matrix b = embedded(place, noB ? k : n, noB ? n : k, scratch);
                    Matrix c = embedded(place, m, n, scratch);
                    checkProduct(transposeA, transposeB, 1, a, b, beta, c, scratch.backend());
                  }
                }
              }
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aProductIntoAViewLeavesItsSurroundingsAlone(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          DenseMatrix before = integers(9, 8);
          Matrix whole = upload(before, workspace);
          Matrix a = upload(integers(4, 3), workspace);
          Matrix b = upload(integers(3, 5), workspace);
          Matrix target = whole.columnRange(3, 5).rowRange(5, 4);
          backend.gemm(Transpose.NO, Transpose.NO, 1, a, b, 0, target);
          DenseMatrix expected = copyOf(before);
          DenseMatrix product =
              product(
                  Transpose.NO, Transpose.NO, 1, backend.download(a), backend.download(b), 0, null);
          for (int j = 0; j < 5; j++) {
            for (int i = 0; i < 4; i++) {
              expected.set(5 + i, 3 + j, product.get(i, j));
            }
          }
          assertExact(expected, backend.download(whole));
        });
  }

  @ParameterizedTest
  @MethodSource("backendsOfProducts")
  void withBetaZeroTheOldValuesOfAProductAreNotRead(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int[] size : PRODUCTS) {
            try (Workspace scratch = workspace.scope()) {
              Matrix a = upload(integers(size[0], size[2]), scratch);
              Matrix b = upload(integers(size[2], size[1]), scratch);
              Matrix c = upload(filled(size[0], size[1], Double.NaN), scratch);
              backend.gemm(Transpose.NO, Transpose.NO, 1, a, b, 0, c);
              assertExact(
                  product(
                      Transpose.NO,
                      Transpose.NO,
                      1,
                      backend.download(a),
                      backend.download(b),
                      0,
                      null),
                  backend.download(c));
              Matrix square = upload(filled(size[1], size[1], Double.NaN), scratch);
              backend.syrk(b, square);
              assertTrue(backend.firstNonFinite(square).isEmpty());
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backendsOfProducts")
  void symmetricProductsFillBothTriangles(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int columns : new int[] {1, 2, 3, 7, 31, 32, 33, 127, 257}) {
            for (int rows : columns < 33 ? new int[] {1, 7, 1000} : new int[] {2, 33}) {
              try (Workspace scratch = workspace.scope()) {
                for (Matrix a :
                    List.of(
                        upload(integers(rows, columns), scratch),
                        embedded("last rows", rows, columns, scratch))) {
                  for (Matrix c :
                      List.of(
                          scratch.allocate(columns, columns),
                          embedded("last rows", columns, columns, scratch))) {
                    DenseMatrix values = backend.download(a);
                    backend.syrk(a, c);
                    assertExact(
                        product(Transpose.YES, Transpose.NO, 1, values, values, 0, null),
                        backend.download(c));
                  }
                }
              }
            }
          }
        });
  }

  // The forward equation.

  @ParameterizedTest
  @MethodSource("backends")
  void aStageAppliesTheActivationToTheStatePlusItsIncrements(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int[] shape : SHAPES) {
            for (int terms = 0; terms <= 3; terms++) {
              try (Workspace scratch = workspace.scope()) {
                DenseMatrix state = integers(shape[0], shape[1]);
                Matrix h = upload(state, scratch);
                List<Term> increments = terms(terms, shape[0], shape[1], scratch);
                DenseMatrix y = plus(state, increments, backend);
                Matrix value = upload(filled(shape[0], shape[1], Double.NaN), scratch);
                Matrix slope = upload(filled(shape[0], shape[1], Double.NaN), scratch);

                backend.stage(StandardActivation.IDENTITY, h, increments, value, slope);
                assertExact(state, backend.download(h));
                assertExact(y, backend.download(value));
                assertExact(filled(shape[0], shape[1], 1), backend.download(slope));

                backend.stage(StandardActivation.QUADRATIC, h, increments, value, slope);
                assertExact(map(y, v -> v * v), backend.download(value));
                assertExact(map(y, v -> 2 * v), backend.download(slope));

                backend.step(StandardActivation.QUADRATIC, h, increments, value, slope);
                assertExact(y, backend.download(h));
                assertExact(map(y, v -> v * v), backend.download(value));
                assertExact(map(y, v -> 2 * v), backend.download(slope));
              }
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void anActivationMayOverwriteItsArgumentWithEitherResult(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int[] shape : SHAPES) {
            DenseMatrix state = map(integers(shape[0], shape[1]), v -> v / 4);
            for (StandardActivation phi : StandardActivation.values()) {
              try (Workspace scratch = workspace.scope()) {
                Matrix h = upload(state, scratch);
                Matrix value = scratch.allocate(shape[0], shape[1]);
                Matrix slope = scratch.allocate(shape[0], shape[1]);
                backend.activate(phi, h, value, slope);
                DenseMatrix expectedValue = backend.download(value);
                DenseMatrix expectedSlope = backend.download(slope);

                Matrix first = upload(state, scratch);
                backend.activate(phi, first, first, slope);
                assertExact(expectedValue, backend.download(first));
                assertExact(expectedSlope, backend.download(slope));

                Matrix second = upload(state, scratch);
                backend.activate(phi, second, value, second);
                assertExact(expectedValue, backend.download(value));
                assertExact(expectedSlope, backend.download(second));
              }
            }
          }
        });
  }

  // The adjoint equation.

  @ParameterizedTest
  @MethodSource("backends")
  void anAdjointStageIsItsEquation(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int outputs : new int[] {1, 3}) {
            for (int[] shape : SHAPES) {
              for (int terms = 0; terms <= 2; terms++) {
                for (boolean inPlace :
                    outputs == 1 ? new boolean[] {false, true} : new boolean[1]) {
                  try (Workspace scratch = workspace.scope()) {
                    int n = shape[0];
                    int columns = shape[1] * outputs;
                    DenseMatrix slope = integers(n, shape[1]);
                    DenseMatrix pulled = integers(n, columns);
                    DenseMatrix lambda = integers(n, columns);
                    Matrix d = upload(slope, scratch);
                    Matrix nu = upload(pulled, scratch);
                    Matrix l = upload(lambda, scratch);
                    Matrix next = inPlace ? d : upload(filled(n, columns, Double.NaN), scratch);
                    List<Term> nus = new ArrayList<>(terms(terms, n, columns, scratch));
                    nus.add(new Term(0.5, nu));

                    DenseMatrix product = pull(slope, pulled, outputs);
                    DenseMatrix expected =
                        plus(map(lambda, v -> -2 * v), nus.subList(0, terms), backend);
                    addTo(expected, 0.5, product);

                    backend.adjointStage(d, nu, -2, l, nus, next);
                    assertExact(product, backend.download(nu));
                    assertExact(lambda, backend.download(l));
                    assertExact(expected, backend.download(next));
                    if (!inPlace) {
                      assertExact(slope, backend.download(d));
                    }
                  }
                }
              }
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void anAdjointStepIsItsEquation(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int outputs : new int[] {1, 3}) {
            for (int[] shape : SHAPES) {
              for (int terms = 0; terms <= 2; terms++) {
                for (boolean inPlace :
                    outputs == 1 ? new boolean[] {false, true} : new boolean[1]) {
                  try (Workspace scratch = workspace.scope()) {
                    int n = shape[0];
                    int columns = shape[1] * outputs;
                    DenseMatrix slope = integers(n, shape[1]);
                    DenseMatrix pulled = integers(n, columns);
                    Matrix d = upload(slope, scratch);
                    Matrix nu = upload(pulled, scratch);
                    DenseMatrix before = integers(n, columns);
                    Matrix lambda = upload(before, scratch);
                    Matrix next = inPlace ? d : upload(filled(n, columns, Double.NaN), scratch);
                    List<Term> nus = terms(terms, n, columns, scratch);
                    DenseMatrix after = plus(before, nus, backend);
                    addTo(after, 1, pull(slope, pulled, outputs));

                    backend.adjointStep(d, nu, nus, lambda, 0.25, next);
                    assertExact(after, backend.download(lambda));
                    assertExact(map(after, v -> 0.25 * v), backend.download(next));
                  }
                }
              }
            }
          }
        });
  }

  // The tangent kernel.

  @ParameterizedTest
  @MethodSource("backends")
  void aContractionAddsTheBlocksOfOneAndOfSeveralOutputs(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int outputs : new int[] {1, 2, 3}) {
            for (int[] size : new int[][] {{1, 1}, {2, 7}, {33, 31}, {7, 127}, {127, 32}}) {
              for (int blocks : new int[] {1, 2, 5}) {
                try (Workspace scratch = workspace.scope()) {
                  int rows = size[0];
                  int samples = size[1];
                  DenseMatrix p = integers(rows * outputs, samples * outputs * blocks);
                  DenseMatrix r = integers(rows, samples * blocks);
                  DenseMatrix k = integers(rows * outputs, samples * outputs);
                  Matrix sum = scratch.allocate(k.rows(), k.columns(), Precision.FP64);
                  backend.upload(k, sum);
                  backend.contract(upload(p, scratch), upload(r, scratch), sum);
                  DenseMatrix expected = copyOf(k);
                  for (int b = 0; b < blocks; b++) {
                    for (int column = 0; column < k.columns(); column++) {
                      for (int row = 0; row < k.rows(); row++) {
                        double product =
                            p.get(row, b * k.columns() + column)
                                * r.get(row / outputs, b * samples + column / outputs);
                        expected.set(row, column, expected.get(row, column) + product);
                      }
                    }
                  }
                  assertExact(expected, backend.download(sum));
                }
              }
            }
          }
        });
  }

  /** In FP32 the products and their sum would lose the small block. */
  @ParameterizedTest
  @MethodSource("backends")
  void aContractionIsSummedInFp64(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          Matrix p =
              upload(new DenseMatrix(1, 3, new double[] {1 << 20, 1, -(1 << 20)}), workspace);
          Matrix r = upload(new DenseMatrix(1, 3, new double[] {1 << 20, 1, 1 << 20}), workspace);
          Matrix k = workspace.allocate(1, 1, Precision.FP64);
          backend.contract(p, r, k);
          assertEquals(1, backend.download(k).get(0, 0));
        });
  }

  /** Multiples of 1/8, of which T₀ … T₄ and sums of them with integer weights are exact. */
  @ParameterizedTest
  @MethodSource("backends")
  void dotProductKernelsAreTheirSumsAtDyadicPointsAlsoInPlaceAndOfViews(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          for (int[] shape : SHAPES) {
            for (int terms = 1; terms <= 5; terms++) {
              for (int rank = 1; rank <= 3; rank += 2) {
                dotProductKernel(
                    workspace,
                    DotProductSeries.Argument.CORRELATION,
                    map(integers(shape[0], shape[1]), v -> v / 8),
                    terms,
                    rank);
              }
            }
          }
        });
  }

  /** ρ = ±(1 − (m/4)⁴) is exact, and so is ξ = m/2 − 1, m = 0 … 4; beyond ±1 it is −1. */
  @ParameterizedTest
  @MethodSource("backends")
  void theQuarterRootTakesEachSignToItsOwnSeries(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          for (int[] shape : SHAPES) {
            DenseMatrix rho =
                map(
                    integers(shape[0], shape[1]),
                    v -> {
                      double m = Math.abs(v) % 6 / 4;
                      double rest = m > 1 ? -0.125 : m * m * m * m;
                      return Math.copySign(1 - rest, v);
                    });
            for (int rank = 1; rank <= 3; rank += 2) {
              dotProductKernel(workspace, DotProductSeries.Argument.QUARTER_ROOT, rho, 5, rank);
            }
          }
        });
  }

  private void dotProductKernel(
      Workspace workspace,
      DotProductSeries.Argument argument,
      DenseMatrix rho,
      int terms,
      int rank) {
    Backend backend = workspace.backend();
    int rows = rho.rows();
    int columns = rho.columns();
    try (Workspace scratch = workspace.scope()) {
      DenseMatrix left = integers(rows, rank);
      DenseMatrix right = integers(argument.branches() * terms * rank, columns);
      DenseMatrix expected = DenseMatrix.zeros(rows, columns);
      for (int j = 0; j < columns; j++) {
        for (int i = 0; i < rows; i++) {
          double x = rho.get(i, j);
          double[] c = new double[terms];
          for (int k = 0; k < terms; k++) {
            for (int q = 0; q < rank; q++) {
              int row = (argument.branch(x) * terms + k) * rank + q;
              c[k] += left.get(i, q) * right.get(row, j);
            }
          }
          expected.set(i, j, chebyshev(c, argument.of(x)));
        }
      }
      DotProductSeries series =
          new DotProductSeries(argument, upload(left, scratch), upload(right, scratch));
      Matrix x = upload(rho, scratch);
      Matrix result = upload(filled(rows, columns, Double.NaN), scratch);
      backend.dotProductKernel(x, series, result);
      assertExact(expected, backend.download(result));
      assertExact(rho, backend.download(x));
      backend.dotProductKernel(x, series, x);
      assertExact(expected, backend.download(x));

      Matrix inside = scratch.allocate(rows + 2, columns).rowRange(1, rows);
      Matrix outside = scratch.allocate(rows + 3, columns);
      backend.upload(rho, inside);
      backend.dotProductKernel(inside, series, outside.rowRange(2, rows));
      assertExact(expected, backend.download(outside.rowRange(2, rows)));
      assertExact(DenseMatrix.zeros(2, columns), backend.download(outside.rowRange(0, 2)));
    }
  }

  /** c₀ + c₁x + c₂(2x² − 1) + c₃(4x³ − 3x) + c₄(8x⁴ − 8x² + 1). */
  private static double chebyshev(double[] c, double x) {
    double[] t = {1, x, 2 * x * x - 1, 4 * x * x * x - 3 * x, 8 * x * x * x * x - 8 * x * x + 1};
    double sum = 0;
    for (int k = 0; k < c.length; k++) {
      sum += c[k] * t[k];
    }
    return sum;
  }

  // Sums.

  @ParameterizedTest
  @MethodSource("backends")
  void scaledSumsMixPrecisionsAndReadAndWriteViews(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int[] shape : SHAPES) {
            for (Precision from : BackendCase.PRECISIONS) {
              for (Precision to : BackendCase.PRECISIONS) {
                for (double weight : new double[] {1, -0.5, 3}) {
                  for (int gap : new int[] {0, 1}) {
                    try (Workspace scratch = workspace.scope()) {
                      DenseMatrix s = integers(shape[0], shape[1]);
                      DenseMatrix t = integers(shape[0], shape[1]);
                      Matrix source =
                          scratch.allocate(shape[0] + gap, shape[1], from).rowRange(gap, shape[0]);
                      Matrix whole = scratch.allocate(shape[0] + gap, shape[1], to);
                      Matrix target = whole.rowRange(0, shape[0]);
                      backend.upload(s, source);
                      backend.upload(t, target);
                      backend.addScaled(weight, source, target);
                      addTo(t, weight, s);
                      assertExact(t, backend.download(target));
                      assertExact(s, backend.download(source));
                      if (gap > 0) {
                        assertExact(
                            DenseMatrix.zeros(gap, shape[1]),
                            backend.download(whole.rowRange(shape[0], gap)));
                      }
                    }
                  }
                }
              }
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void dotProductsOfIntegersAreExactAlsoOfViews(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int[] shape : SHAPES) {
            for (Precision precision : BackendCase.PRECISIONS) {
              for (int gap : new int[] {0, 3}) {
                try (Workspace scratch = workspace.scope()) {
                  DenseMatrix x = integers(shape[0], shape[1]);
                  DenseMatrix y = integers(shape[0], shape[1]);
                  Matrix a =
                      scratch.allocate(shape[0] + gap, shape[1], precision).rowRange(gap, shape[0]);
                  Matrix b = scratch.allocate(shape[0], shape[1], precision);
                  backend.upload(x, a);
                  backend.upload(y, b);
                  double expected = 0;
                  double square = 0;
                  for (int k = 0; k < x.values().length; k++) {
                    expected += x.values()[k] * y.values()[k];
                    square += x.values()[k] * x.values()[k];
                  }
                  assertEquals(expected, backend.dot(a, b));
                  assertEquals(square, backend.dot(a, a));
                }
              }
            }
          }
          assertEquals(0, backend.dot(workspace.allocate(3, 0), workspace.allocate(3, 0)));
        });
  }

  /** In FP32 the square of the large number would swallow that of the small one. */
  @ParameterizedTest
  @MethodSource("backends")
  void dotProductsAreSummedInFp64(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Matrix a = upload(new DenseMatrix(1, 3, new double[] {1 << 20, 1, 1 << 20}), workspace);
          Matrix b =
              upload(new DenseMatrix(1, 3, new double[] {1 << 20, 1, -(1 << 20)}), workspace);
          assertEquals(1, workspace.backend().dot(a, b));
        });
  }

  @Test
  void sumsDoNotDependOnTheThreads() {
    DenseMatrix x = Parameters.gaussian(1000, 133, 5, 1);
    for (BackendCase which : backends()) {
      double[] sums = new double[2];
      for (int threads = 1; threads <= 2; threads++) {
        BackendCase on =
            new BackendCase(
                which.name(),
                which.precision(),
                which.name().equals("cpu-scalar") ? which.threads() : threads);
        int at = threads - 1;
        inWorkspace(
            on,
            workspace -> {
              Matrix m = upload(x, workspace);
              sums[at] = workspace.backend().dot(m, m);
            });
      }
      assertEquals(sums[0], sums[1]);
    }
  }

  // Training.

  /**
   * With β₁ = 1/2, β₂ = 3/4 and v = g² the corrected moments of step 1 are m + g and 4g², and with
   * ε = 2 the divisor of g = ±3, ±7 is a power of two.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void aStepOfAdamIsExactWhereItsNumbersAre(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          AdamStep step = new AdamStep(0.5, 0.5, 0.75, 2, 1);
          for (int[] shape : SHAPES) {
            for (Precision precision : BackendCase.PRECISIONS) {
              try (Workspace scratch = workspace.scope()) {
                DenseMatrix g =
                    map(integers(shape[0], shape[1]), v -> Math.signum(v) * (v % 3 == 0 ? 7 : 3));
                DenseMatrix m = integers(shape[0], shape[1]);
                DenseMatrix theta = integers(shape[0], shape[1]);
                Matrix[] on = new Matrix[4];
                List<DenseMatrix> before = List.of(g, m, map(g, v -> v * v), theta);
                for (int i = 0; i < on.length; i++) {
                  on[i] = scratch.allocate(shape[0], shape[1], precision);
                  backend.upload(before.get(i), on[i]);
                }
                backend.adam(step, on[0], on[1], on[2], on[3]);
                for (int e = 0; e < g.values().length; e++) {
                  double divisor = 2 * Math.abs(g.values()[e]) + 2;
                  m.values()[e] = (m.values()[e] + g.values()[e]) / 2;
                  theta.values()[e] -= m.values()[e] / divisor;
                }
                assertExact(g, backend.download(on[0]));
                assertExact(m, backend.download(on[1]));
                assertExact(map(g, v -> v * v), backend.download(on[2]));
                assertExact(theta, backend.download(on[3]));
              }
            }
          }
        });
  }

  /** Equal logits of a power of two of outputs: p = 1/m, and each column loses log m. */
  @ParameterizedTest
  @MethodSource("backends")
  void cotangentsOfEqualLogitsAreExact(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int outputs : new int[] {1, 2, 8, 64, 1024}) {
            for (int columns : new int[] {1, 7, 33}) {
              for (Precision precision : BackendCase.PRECISIONS) {
                try (Workspace scratch = workspace.scope()) {
                  DenseMatrix f = DenseMatrix.zeros(outputs, columns);
                  DenseMatrix t = DenseMatrix.zeros(outputs, columns);
                  DenseMatrix expected = filled(outputs, columns, 1.0 / outputs);
                  for (int j = 0; j < columns; j++) {
                    for (int o = 0; o < outputs; o++) {
                      f.set(o, j, j - 3);
                    }
                    t.set(j % outputs, j, 1);
                    expected.set(j % outputs, j, 1.0 / outputs - 1);
                  }
                  Matrix logits = scratch.allocate(outputs, columns, precision);
                  Matrix targets = scratch.allocate(outputs, columns, precision);
                  Matrix cotangents = scratch.allocate(outputs, columns, precision);
                  backend.upload(f, logits);
                  backend.upload(t, targets);
                  backend.upload(filled(outputs, columns, Double.NaN), cotangents);
                  double loss = backend.softmaxCrossEntropy(logits, targets, cotangents);
                  double nats = columns * Math.log(outputs);
                  assertEquals(nats, loss, (columns + 4) * Precision.FP64.unitRoundoff() * nats);
                  assertExact(expected, backend.download(cotangents));
                  assertExact(f, backend.download(logits));
                  assertExact(t, backend.download(targets));
                }
              }
            }
          }
        });
  }

  // Repetition.

  @ParameterizedTest
  @MethodSource("backends")
  void aStepIsRepeatedAsOftenAsAsked(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int times : new int[] {0, 1, 2, 7}) {
            DenseMatrix x = integers(33, 7);
            DenseMatrix y = integers(33, 7);
            Matrix source = upload(x, workspace);
            Matrix target = upload(y, workspace);
            Matrix doubled = upload(DenseMatrix.zeros(33, 7), workspace);
            backend.repeat(
                times,
                () -> {
                  backend.addScaled(2, source, target);
                  backend.addScaled(1, target, doubled);
                });
            DenseMatrix sum = DenseMatrix.zeros(33, 7);
            for (int i = 0; i < times; i++) {
              addTo(y, 2, x);
              addTo(sum, 1, y);
            }
            assertExact(y, backend.download(target));
            assertExact(sum, backend.download(doubled));
          }
        });
  }

  // Checks.

  @ParameterizedTest
  @MethodSource("backends")
  void theFirstNonFiniteEntryIsFoundInColumnMajorOrder(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          for (int[] shape : SHAPES) {
            int size = shape[0] * shape[1];
            for (double bad :
                new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
              for (int at : new int[] {0, size / 2, size - 1}) {
                DenseMatrix values = filled(shape[0], shape[1], Float.MAX_VALUE);
                Matrix m = upload(values, workspace);
                assertEquals(OptionalLong.empty(), backend.firstNonFinite(m));
                values.values()[at] = bad;
                values.values()[size - 1] = at == size / 2 ? Double.NaN : values.values()[size - 1];
                backend.upload(values, m);
                assertEquals(OptionalLong.of(at), backend.firstNonFinite(m));
              }
            }
          }
          Matrix whole = upload(filled(4, 3, 1), workspace);
          DenseMatrix values = filled(4, 3, 1);
          values.set(3, 0, Double.NaN);
          values.set(1, 2, Double.NaN);
          backend.upload(values, whole);
          assertEquals(OptionalLong.of(4), backend.firstNonFinite(whole.rowRange(1, 2)));
        });
  }

  // Refusals.

  @ParameterizedTest
  @MethodSource("backends")
  void shapesThatDoNotFitAreRefusedByNameOfBoth(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          Matrix a = workspace.allocate(3, 4);
          Matrix b = workspace.allocate(5, 6);
          Matrix wide = workspace.allocate(3, 4, Precision.FP64);
          StandardActivation phi = StandardActivation.TANH;
          Transpose no = Transpose.NO;
          assertNames("3x4", "5x6", () -> backend.upload(DenseMatrix.zeros(3, 4), b));
          assertNames("3x4", "5x6", () -> backend.copy(a, b));
          assertNames("4x6", "5x6", () -> backend.gemm(no, no, 1, a, b, 0, a));
          assertNames("3x3", "5x6", () -> backend.gemm(no, Transpose.YES, 1, a, a, 0, b));
          assertNames("4x4", "5x6", () -> backend.syrk(a, b));
          assertNames("3x4", "5x6", () -> backend.activate(phi, a, b, a));
          assertNames("3x4", "5x6", () -> backend.activate(phi, a, a, b));
          assertNames("3x4", "5x6", () -> backend.stage(phi, a, List.of(new Term(1, b)), a, a));
          assertNames("3x4", "5x6", () -> backend.step(phi, a, List.of(new Term(1, b)), a, a));
          assertNames("3x4", "5x6", () -> backend.adjointStage(b, a, 1, a, List.of(), a));
          assertNames("3x4", "5x6", () -> backend.adjointStage(a, a, 1, b, List.of(), a));
          assertNames("3x4", "5x6", () -> backend.adjointStep(a, a, List.of(), b, 1, a));
          assertNames("3x4", "5x6", () -> backend.adjointStep(a, a, List.of(), a, 1, b));
          assertNames("3x4", "5x6", () -> backend.contract(a, b, wide));
          assertNames("3x4", "5x6", () -> backend.addScaled(1, a, b));
          assertNames("3x4", "5x6", () -> backend.dot(a, b));
          assertNames("3x4", "5x6", () -> backend.softmaxCrossEntropy(a, b, a));
          assertNames("3x4", "5x6", () -> backend.softmaxCrossEntropy(a, a, b));
          AdamStep adam = new AdamStep(0.1, 0.9, 0.999, 1e-8, 1);
          assertNames("3x4", "5x6", () -> backend.adam(adam, a, b, a, a));
          assertNames("3x4", "5x6", () -> backend.adam(adam, a, a, b, a));
          assertNames("3x4", "5x6", () -> backend.adam(adam, a, a, a, b));
          Matrix left = workspace.allocate(3, 2);
          DotProductSeries series = series(left, workspace.allocate(6, 4));
          assertNames("3x4", "5x6", () -> backend.dotProductKernel(a, series, b));
          for (Matrix wrong : List.of(b, workspace.allocate(6, 5), workspace.allocate(7, 4))) {
            assertNames(
                "3x4", wrong.shape(), () -> backend.dotProductKernel(a, series(left, wrong), a));
          }
          assertNames("3x4", "5x6", () -> backend.dotProductKernel(a, series(b, left), a));
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void mixedPrecisionsAreRefusedByNameOfBothWhereTheyMayNotMix(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Backend backend = workspace.backend();
          Matrix a = workspace.allocate(3, 3, Precision.FP32);
          Matrix b = workspace.allocate(3, 3, Precision.FP64);
          AdamStep adam = new AdamStep(0.1, 0.9, 0.999, 1e-8, 1);
          StandardActivation phi = StandardActivation.TANH;
          Transpose no = Transpose.NO;
          for (Executable mixed :
              List.<Executable>of(
                  () -> backend.gemm(no, no, 1, a, b, 0, b),
                  () -> backend.gemm(no, no, 1, b, b, 0, a),
                  () -> backend.syrk(a, b),
                  () -> backend.activate(phi, b, a, b),
                  () -> backend.activate(phi, b, b, a),
                  () -> backend.stage(phi, b, List.of(new Term(1, a)), b, b),
                  () -> backend.step(phi, b, List.of(new Term(1, a)), b, b),
                  () -> backend.adjointStage(a, b, 1, b, List.of(), b),
                  () -> backend.adjointStage(b, b, 1, a, List.of(), b),
                  () -> backend.adjointStep(b, b, List.of(new Term(1, a)), b, 1, b),
                  () -> backend.adjointStep(b, b, List.of(), b, 1, a),
                  () -> backend.contract(a, b, b),
                  () -> backend.contract(b, b, a),
                  () -> backend.dot(a, b),
                  () -> backend.softmaxCrossEntropy(a, b, a),
                  () -> backend.softmaxCrossEntropy(a, a, b),
                  () -> backend.adam(adam, a, b, a, a),
                  () -> backend.adam(adam, a, a, b, a),
                  () -> backend.adam(adam, a, a, a, b),
                  () -> backend.dotProductKernel(a, series(a, a), b),
                  () -> backend.dotProductKernel(a, series(b, a), a),
                  () -> backend.dotProductKernel(a, series(a, b), a))) {
            assertNames("3x3 fp32", "3x3 fp64", mixed);
          }
        });
  }

  @ParameterizedTest
  @MethodSource("backends")
  void elementwiseOperationsRefuseViewsWithGaps(BackendCase which) {
    inWorkspace(
        which,
        workspace -> {
          Matrix gaps = workspace.allocate(3, 4).rowRange(0, 2);
          Matrix whole = workspace.allocate(2, 4);
          AdamStep adam = new AdamStep(0.1, 0.9, 0.999, 1e-8, 1);
          Backend backend = workspace.backend();
          StandardActivation phi = StandardActivation.TANH;
          for (Executable wrong :
              List.<Executable>of(
                  () -> backend.activate(phi, gaps, whole, whole),
                  () -> backend.stage(phi, whole, List.of(new Term(1, gaps)), whole, whole),
                  () -> backend.adjointStep(whole, whole, List.of(), gaps, 1, whole),
                  () -> backend.softmaxCrossEntropy(gaps, whole, whole),
                  () -> backend.softmaxCrossEntropy(whole, gaps, whole),
                  () -> backend.softmaxCrossEntropy(whole, whole, gaps),
                  () -> backend.adam(adam, gaps, whole, whole, whole),
                  () -> backend.adam(adam, whole, gaps, whole, whole),
                  () -> backend.adam(adam, whole, whole, gaps, whole),
                  () -> backend.adam(adam, whole, whole, whole, gaps),
                  () -> backend.gaussian(gaps, 1, 1))) {
            assertNames("2x4", "gaps", wrong);
          }
        });
  }

  private static DotProductSeries series(Matrix left, Matrix right) {
    return new DotProductSeries(DotProductSeries.Argument.CORRELATION, left, right);
  }

  private interface Check {
    void in(Workspace workspace);
  }

  private static void inWorkspace(BackendCase which, Check check) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", 1 << 28)) {
      check.in(workspace);
    }
  }

  private static void assertNames(String one, String other, Executable wrong) {
    String message = assertThrows(IllegalArgumentException.class, wrong).getMessage();
    assertTrue(message.contains(one) && message.contains(other), message);
  }

  private static void assertExact(DenseMatrix expected, DenseMatrix actual) {
    assertExact(expected, actual, "");
  }

  private static void assertExact(DenseMatrix expected, DenseMatrix actual, String what) {
    assertEquals(expected.rows(), actual.rows());
    assertEquals(expected.columns(), actual.columns());
    for (int k = 0; k < expected.values().length; k++) {
      // Numerically: no promise is made of the sign of a zero.
      if (expected.values()[k] != actual.values()[k]) {
        assertArrayEquals(expected.values(), actual.values(), what);
      }
    }
  }

  /** Integers from −8 to 8 without zero, so that nothing vanishes by chance. */
  private DenseMatrix integers(int rows, int columns) {
    return map(
        DenseMatrix.zeros(rows, columns),
        v -> random.nextInt(1, 9) * (random.nextBoolean() ? 1 : -1));
  }

  private static DenseMatrix filled(int rows, int columns, double value) {
    return map(DenseMatrix.zeros(rows, columns), v -> value);
  }

  private static DenseMatrix copyOf(DenseMatrix m) {
    return map(m, v -> v);
  }

  private static DenseMatrix map(DenseMatrix m, DoubleUnaryOperator f) {
    DenseMatrix result = DenseMatrix.zeros(m.rows(), m.columns());
    for (int k = 0; k < m.values().length; k++) {
      result.values()[k] = f.applyAsDouble(m.values()[k]);
    }
    return result;
  }

  private static void addTo(DenseMatrix sum, double weight, DenseMatrix m) {
    for (int k = 0; k < sum.values().length; k++) {
      sum.values()[k] += weight * m.values()[k];
    }
  }

  private static Matrix upload(DenseMatrix values, Workspace workspace) {
    Matrix m = workspace.allocate(values.rows(), values.columns());
    workspace.backend().upload(values, m);
    return m;
  }

  private List<Term> terms(int count, int rows, int columns, Workspace workspace) {
    List<Term> terms = new ArrayList<>();
    for (int r = 0; r < count; r++) {
      terms.add(
          new Term(new double[] {0.5, -2, 0.125}[r], upload(integers(rows, columns), workspace)));
    }
    return terms;
  }

  private static DenseMatrix plus(DenseMatrix base, List<Term> terms, Backend backend) {
    DenseMatrix sum = copyOf(base);
    terms.forEach(t -> addTo(sum, t.weight(), backend.download(t.matrix())));
    return sum;
  }

  /** D ∘ nu, each column of D for all the outputs of its sample. */
  private static DenseMatrix pull(DenseMatrix slope, DenseMatrix nu, int outputs) {
    DenseMatrix product = DenseMatrix.zeros(nu.rows(), nu.columns());
    for (int j = 0; j < nu.columns(); j++) {
      for (int i = 0; i < nu.rows(); i++) {
        product.set(i, j, slope.get(i, j / outputs) * nu.get(i, j));
      }
    }
    return product;
  }

  private Matrix factor(Transpose transpose, int rows, int columns, Workspace workspace) {
    return upload(
        transpose == Transpose.NO ? integers(rows, columns) : integers(columns, rows), workspace);
  }

  /** A matrix of integers that is a view of a larger one. */
  private Matrix embedded(String place, int rows, int columns, Workspace workspace) {
    return switch (place) {
      case "rows" -> upload(integers(rows + 5, columns), workspace).rowRange(2, rows);
      case "last rows" -> upload(integers(rows + 5, columns), workspace).rowRange(5, rows);
      case "columns" -> upload(integers(rows, columns + 3), workspace).columnRange(3, columns);
      default -> upload(integers(rows, 3 * columns), workspace).everyColumn(2, columns, 3);
    };
  }

  private static void checkProduct(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      Matrix a,
      Matrix b,
      double beta,
      Matrix c,
      Backend backend) {
    DenseMatrix left = backend.download(a);
    DenseMatrix right = backend.download(b);
    DenseMatrix expected =
        product(transposeA, transposeB, alpha, left, right, beta, backend.download(c));
    backend.gemm(transposeA, transposeB, alpha, a, b, beta, c);
    assertExact(expected, backend.download(c));
    assertExact(left, backend.download(a));
    assertExact(right, backend.download(b));
  }

  private static DenseMatrix product(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      DenseMatrix a,
      DenseMatrix b,
      double beta,
      DenseMatrix c) {
    DenseMatrix x = transposeA == Transpose.NO ? a : a.transpose();
    DenseMatrix y = transposeB == Transpose.NO ? b : b.transpose();
    DenseMatrix result = DenseMatrix.zeros(x.rows(), y.columns());
    for (int j = 0; j < y.columns(); j++) {
      for (int i = 0; i < x.rows(); i++) {
        double sum = 0;
        for (int l = 0; l < x.columns(); l++) {
          sum += x.get(i, l) * y.get(l, j);
        }
        result.set(i, j, alpha * sum + (beta == 0 ? 0 : beta * c.get(i, j)));
      }
    }
    return result;
  }

  /** A view, by what it takes and by where its entry (i, j) stands in the whole. */
  private record ViewOf(String name, Take take, Place place) {
    Matrix of(Matrix whole) {
      return take.of(whole);
    }

    int position(int i, int j, int rows) {
      return place.of(i, j, rows);
    }

    DenseMatrix expected(DenseMatrix whole) {
      int rows = whole.rows();
      int columns = whole.columns();
      int viewRows = name.equals("rows") ? rows - rows / 2 : name.equals("shape") ? columns : rows;
      int viewColumns =
          switch (name) {
            case "columns" -> columns - 1;
            case "every" -> (columns + 1) / 2;
            case "shape" -> rows;
            default -> columns;
          };
      DenseMatrix result = DenseMatrix.zeros(viewRows, viewColumns);
      for (int j = 0; j < viewColumns; j++) {
        for (int i = 0; i < viewRows; i++) {
          result.set(i, j, whole.values()[position(i, j, rows)]);
        }
      }
      return result;
    }
  }

  private interface Take {
    Matrix of(Matrix whole);
  }

  private interface Place {
    int of(int i, int j, int rows);
  }

  private static List<ViewOf> views(int rows, int columns) {
    return List.of(
        new ViewOf("columns", m -> m.columnRange(1, columns - 1), (i, j, r) -> i + (j + 1) * r),
        new ViewOf(
            "every", m -> m.everyColumn(0, (columns + 1) / 2, 2), (i, j, r) -> i + 2 * j * r),
        new ViewOf(
            "rows", m -> m.rowRange(rows / 2, rows - rows / 2), (i, j, r) -> i + r / 2 + j * r),
        new ViewOf(
            "shape",
            m -> m.reshape(/* rows= */ columns, /* columns= */ rows),
            (i, j, r) -> i + j * columns));
  }
}
