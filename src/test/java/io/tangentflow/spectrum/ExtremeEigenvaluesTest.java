package io.tangentflow.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.cpu.DenseProducts;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExtremeEigenvaluesTest {

  private static final int N = 240;
  private static final double TOLERANCE = 1e-10;

  /** Spectra that are known, as those of a diagonal matrix turned by Householder reflections. */
  enum Known {
    GEOMETRIC_DECAY,
    CLUSTERED_AT_ZERO,
    OF_RANK_THREE,
    NEGATIVE,
    OF_BOTH_SIGNS,
    REPEATED,
    IDENTITY,
    ZERO;

    private double value(int i) {
      return switch (this) {
        case GEOMETRIC_DECAY -> Math.pow(0.9, i);
        case CLUSTERED_AT_ZERO -> i < 5 ? 100.0 / (1 + i) : 1e-9 * (1 + i);
        case OF_RANK_THREE -> i < 3 ? 3.0 - i : 0;
        case NEGATIVE -> -1 - i;
        case OF_BOTH_SIGNS -> i - 0.4 * N;
        case REPEATED -> 1 + Math.floorDiv(i, 80);
        case IDENTITY -> 1;
        case ZERO -> 0;
      };
    }

    double[] rising() {
      return IntStream.range(0, N).mapToDouble(this::value).sorted().toArray();
    }

    double norm() {
      return Math.max(Math.abs(rising()[0]), Math.abs(rising()[N - 1]));
    }

    DenseMatrix matrix() {
      double[] rising = rising();
      DenseMatrix k = DenseMatrix.zeros(N, N);
      for (int i = 0; i < N; i++) {
        k.set(i, i, rising[i]);
      }
      for (int stream = 0; stream < 3; stream++) {
        k = reflected(k, Parameters.gaussian(N, 1, 5, stream));
      }
      return k;
    }

    /** HKH of H = I − 2vvᵀ/‖v‖². */
    private static DenseMatrix reflected(DenseMatrix k, DenseMatrix v) {
      DenseMatrix h = DenseMatrix.zeros(N, N);
      double squared = v.norm() * v.norm();
      for (int j = 0; j < N; j++) {
        for (int i = 0; i < N; i++) {
          h.set(i, j, (i == j ? 1 : 0) - 2 * v.get(i, 0) * v.get(j, 0) / squared);
        }
      }
      DenseMatrix turned = DenseProducts.product(DenseProducts.product(h, k), h);
      for (int j = 0; j < N; j++) {
        for (int i = 0; i < j; i++) {
          turned.set(i, j, turned.get(j, i));
        }
      }
      return turned;
    }
  }

  /**
   * Rounding of the two reflections' products, N·u·‖K‖ each, by which K is not the known matrix.
   */
  private static double rounding(Known known) {
    return 12 * N * 0x1p-53 * known.norm();
  }

  /**
   * Each value is within its bound of an eigenvalue, the ends within the tolerance of the ends, and
   * where eigenvalues lie apart each is the one of its rank. A repeated one may be found once, as a
   * Krylov space has one vector of it for each of its block.
   */
  @ParameterizedTest
  @EnumSource
  void productsAloneFindTheKnownEigenvalues(Known known) {
    for (int block : new int[] {1, 3, 7}) {
      SymmetricOperator operator = SymmetricOperator.dense(known.matrix());
      AtomicInteger calls = new AtomicInteger();
      SymmetricOperator counted =
          new SymmetricOperator(
              N,
              x -> {
                calls.addAndGet(x.columns());
                return operator.times(x);
              },
              operator.productError());
      Search search = new Search(4, 3, TOLERANCE, 10 * N, block, N);
      ExtremeEigenvalues found = ExtremeEigenvalues.of(counted, search, done -> {});
      assertEquals(calls.get(), found.products());
      assertTrue(found.converged(), known + ": " + found);
      assertEquals(known.rising()[0], found.least().get(0).value(), 2 * TOLERANCE * known.norm());
      assertEquals(
          known.rising()[N - 1], found.greatest().get(2).value(), 2 * TOLERANCE * known.norm());
      found.least().forEach(value -> assertNearAnEigenvalue(known, value));
      found.greatest().forEach(value -> assertNearAnEigenvalue(known, value));
      if (known == Known.NEGATIVE || known == Known.OF_BOTH_SIGNS) {
        assertEnds(known, found, 4, 3);
      }
    }
  }

  private static void assertNearAnEigenvalue(Known known, RitzValue value) {
    double nearest =
        DoubleStream.of(known.rising())
            .map(lambda -> Math.abs(lambda - value.value()))
            .min()
            .orElseThrow();
    assertTrue(nearest <= value.bound() + rounding(known), known + ": " + value);
  }

  /** By factorisation of the least end, with both ends confirmed from outside. */
  @ParameterizedTest
  @EnumSource
  void aMatrixInMemoryIsFactorisedAndItsEndsAreVerified(Known known) {
    DenseMatrix k = known.matrix();
    double[] before = k.values().clone();
    Search search = new Search(4, 3, TOLERANCE, 10 * N, 4, N / 4);
    ExtremeEigenvalues found = ExtremeEigenvalues.ofDense(k, search, done -> {});
    assertTrue(found.converged(), known + ": " + found);
    assertEnds(known, found, 4, 3);
    VerifiedEigenvalue least = found.verifiedLeast().orElseThrow();
    VerifiedEigenvalue greatest = found.verifiedGreatest().orElseThrow();
    assertEquals(known.rising()[0], least.value(), least.bound() + rounding(known));
    assertEquals(known.rising()[N - 1], greatest.value(), greatest.bound() + rounding(known));
    assertTrue(least.bound() <= 2 * TOLERANCE * known.norm(), least.toString());
    assertTrue(Arrays.equals(before, k.values()), "the matrix is not modified");
  }

  /** Restarts of a small basis lose nothing that had been found. */
  @Test
  void restartsOfASmallBasisConvergeToTheSameValues() {
    for (Known known : List.of(Known.GEOMETRIC_DECAY, Known.OF_BOTH_SIGNS)) {
      int least = known == Known.OF_BOTH_SIGNS ? 3 : 0;
      SymmetricOperator operator = SymmetricOperator.dense(known.matrix());
      Search search = new Search(least, 4, TOLERANCE, 50 * N, 2, 24);
      ExtremeEigenvalues found = ExtremeEigenvalues.of(operator, search, done -> {});
      assertTrue(found.restarts() > 0, "a basis of 24 does not suffice");
      assertTrue(found.converged(), found.toString());
      assertEnds(known, found, least, 4);
    }
  }

  private static void assertEnds(Known known, ExtremeEigenvalues found, int least, int greatest) {
    double[] low = found.least().stream().mapToDouble(RitzValue::value).toArray();
    double[] high = found.greatest().stream().mapToDouble(RitzValue::value).toArray();
    assertEquals(least, low.length);
    assertEquals(greatest, high.length);
    for (int i = 0; i < least; i++) {
      double bound = found.least().get(i).bound() + rounding(known);
      assertEquals(known.rising()[i], low[i], bound, known + ", least " + i);
      assertTrue(low[i] >= known.rising()[0] - rounding(known), "no Ritz value is below λ_min");
    }
    for (int i = 0; i < greatest; i++) {
      double bound = found.greatest().get(i).bound() + rounding(known);
      assertEquals(known.rising()[N - greatest + i], high[i], bound, known + ", greatest " + i);
      assertTrue(high[i] <= known.rising()[N - 1] + rounding(known), "none is above λ_max");
    }
  }

  /** Of (K − σI)⁻¹ the greatest is then 10⁷ times the next, which must converge all the same. */
  @Test
  void theLeastOfASingularMatrixAreAllFound() {
    DenseMatrix whole = diagonal(200, i -> i);
    assertLeast(whole, new double[] {0, 1, 2}, 200);
    DenseMatrix features = Parameters.gaussian(200, 300, 5, 0);
    for (int j = 0; j < 300; j++) {
      features.set(1, j, features.get(0, j));
    }
    DenseMatrix gram = DenseProducts.productTransposed(features, features);
    double[] exact = Spectrum.eigenvalues(gram);
    assertLeast(gram, Arrays.copyOf(exact, 3), exact[199]);
  }

  private static void assertLeast(DenseMatrix k, double[] exact, double norm) {
    Search search = new Search(exact.length, 1, TOLERANCE, 2000, 4, 200);
    ExtremeEigenvalues found = ExtremeEigenvalues.ofDense(k, search, done -> {});
    assertTrue(found.converged(), found.toString());
    for (int i = 0; i < exact.length; i++) {
      assertEquals(exact[i], found.least().get(i).value(), TOLERANCE * norm);
    }
  }

  private static DenseMatrix diagonal(int n, IntToDoubleFunction entry) {
    DenseMatrix k = DenseMatrix.zeros(n, n);
    for (int i = 0; i < n; i++) {
      k.set(i, i, entry.applyAsDouble(i));
    }
    return k;
  }

  /**
   * The Krylov space of one vector has one of each eigenvalue's, and K maps it into itself; the
   * second of the greatest lies outside.
   */
  @Test
  void aSpaceThatIsMappedIntoItselfIsLeft() {
    DenseMatrix k = diagonal(40, i -> i < 5 ? 2 : 1);
    for (int greatest = 1; greatest <= 6; greatest++) {
      Search search = new Search(0, greatest, TOLERANCE, 200, 1, 40);
      ExtremeEigenvalues found =
          ExtremeEigenvalues.of(SymmetricOperator.dense(k), search, done -> {});
      assertTrue(found.converged(), found.toString());
      for (int i = 0; i < greatest; i++) {
        double exact = greatest - i <= 5 ? 2 : 1;
        assertEquals(exact, found.greatest().get(i).value(), 2 * TOLERANCE);
      }
    }
  }

  /** Some eigenvalue is within the bound of a value that is far from converged. */
  @Test
  void tooFewProductsAreReportedWithABoundThatHolds() {
    DenseMatrix k = Known.OF_BOTH_SIGNS.matrix();
    Search search = new Search(2, 2, 1e-12, 20, 1, N);
    ExtremeEigenvalues found =
        ExtremeEigenvalues.of(SymmetricOperator.dense(k), search, done -> {});
    assertTrue(found.products() <= 20, found.toString());
    assertFalse(found.converged());
    assertTrue(found.verifiedLeast().isEmpty());
    for (RitzValue value : found.least()) {
      assertFalse(value.converged());
      assertNearAnEigenvalue(Known.OF_BOTH_SIGNS, value);
      assertTrue(value.value() > Known.OF_BOTH_SIGNS.rising()[0]);
    }
  }

  /** A Ritz vector of another eigenvalue has no residual, and only what lies outside tells. */
  @Test
  void aLeastEigenvalueThatWasNotSeenIsNotVerified() {
    DenseMatrix k = DenseMatrix.zeros(2, 2);
    k.set(0, 0, 3);
    k.set(1, 1, 1);
    assertThrows(
        ArithmeticException.class,
        () -> VerifiedEigenvalue.verified(new Spectrum.Extreme(3, 0, 1e-12), k, 1));
  }

  @Test
  void matricesOfOrderOneAndTwoAreTheirOwnKrylovSpace() {
    for (double entry : new double[] {-2.5, 0, 7}) {
      DenseMatrix one = new DenseMatrix(1, 1, new double[] {entry});
      for (ExtremeEigenvalues found : bothWays(one)) {
        assertEquals(entry, found.least().get(0).value(), 1e-15);
        assertEquals(entry, found.greatest().get(0).value(), 1e-15);
        assertEquals(1, found.least().size());
      }
    }
    for (ExtremeEigenvalues found : bothWays(new DenseMatrix(2, 2, new double[] {1, 2, 2, 1}))) {
      assertEquals(-1, found.least().get(0).value(), 1e-14);
      assertEquals(3, found.least().get(1).value(), 1e-14);
      assertEquals(-1, found.greatest().get(0).value(), 1e-14);
      assertEquals(3, found.greatest().get(1).value(), 1e-14);
    }
  }

  private static List<ExtremeEigenvalues> bothWays(DenseMatrix k) {
    Search search = new Search(5, 5, TOLERANCE, 40, 2, 10);
    return List.of(
        ExtremeEigenvalues.of(SymmetricOperator.dense(k), search, done -> {}),
        ExtremeEigenvalues.ofDense(k, search, done -> {}));
  }

  @Test
  void whatGivesNoAnswerIsRefused() {
    SymmetricOperator operator = SymmetricOperator.dense(Known.IDENTITY.matrix());
    Search few = new Search(2, 2, TOLERANCE, 8, 1, 10);
    InvalidConfiguration refusal =
        assertThrows(
            InvalidConfiguration.class, () -> ExtremeEigenvalues.of(operator, few, done -> {}));
    assertTrue(refusal.getMessage().startsWith("--max-products: is 8"), refusal.getMessage());
    assertThrows(InvalidConfiguration.class, () -> new Search(1, 1, 0, 8, 1, 10));
    assertThrows(InvalidConfiguration.class, () -> new Search(1, 1, Double.NaN, 8, 1, 10));
    assertThrows(IllegalArgumentException.class, () -> operator.times(DenseMatrix.zeros(3, 1)));
    assertThrows(
        IllegalArgumentException.class, () -> SymmetricOperator.dense(DenseMatrix.zeros(2, 3)));
  }

  /** Squares of such entries are 0 or infinite, and a residual of 0 would seem convergence. */
  @Test
  void entriesWhoseSquaresAreLostAreRefused() {
    Search search = new Search(1, 1, 1e-8, 50, 1, 10);
    for (double entry : new double[] {1e-170, 1e170, Double.NaN, Double.POSITIVE_INFINITY}) {
      DenseMatrix matrix = DenseMatrix.zeros(20, 20);
      for (int i = 0; i < 20; i++) {
        matrix.set(i, i, (i + 1) * entry);
      }
      InvalidConfiguration refused =
          assertThrows(
              InvalidConfiguration.class,
              () -> ExtremeEigenvalues.ofDense(matrix, search, done -> {}));
      assertTrue(refused.getMessage().startsWith("the matrix: has"), refused.getMessage());
    }
    assertEquals(
        0,
        ExtremeEigenvalues.ofDense(DenseMatrix.zeros(20, 20), search, done -> {})
            .greatest()
            .get(0)
            .value());
  }
}
