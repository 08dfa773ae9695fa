package io.tangentflow.train;

import static io.tangentflow.testing.Networks.product;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.KernelNotPositive;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import io.tangentflow.train.SpectralFilter.Converged;
import io.tangentflow.train.SpectralFilter.Descent;
import io.tangentflow.train.SpectralFilter.Flow;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.ode.FirstOrderDifferentialEquations;
import org.apache.commons.math3.ode.nonstiff.DormandPrince853Integrator;
import org.junit.jupiter.api.Test;

class KernelDynamicsTest {

  private static final int N = 9;
  private static final int M = 4;
  private static final int OUTPUTS = 3;

  /** Of a random feature map of rank 30, whose condition is some tens. */
  private final DenseMatrix all = gram(N + M, 30);

  private final KernelBlocks theta = KernelBlocks.cut(all, N);
  private final DenseMatrix y = Parameters.gaussian(OUTPUTS, N, 1, 2);
  private final DenseMatrix f0 = Parameters.gaussian(OUTPUTS, N, 1, 3);
  private final DenseMatrix f0Test = Parameters.gaussian(OUTPUTS, M, 1, 4);

  private final KernelDynamics dynamics = KernelDynamics.of(theta.train(), y).from(f0);

  static DenseMatrix gram(int order, int rank) {
    DenseMatrix features = Parameters.gaussian(order, rank, 5, 6);
    return product(features, features.transpose());
  }

  /** Training and test outputs in one: m×(N+M). */
  private static DenseMatrix joined(DenseMatrix a, DenseMatrix b) {
    DenseMatrix both = DenseMatrix.zeros(a.rows(), a.columns() + b.columns());
    System.arraycopy(a.values(), 0, both.values(), 0, a.values().length);
    System.arraycopy(b.values(), 0, both.values(), a.values().length, b.values().length);
    return both;
  }

  private DenseMatrix outputs(KernelDynamics of, SpectralFilter filter) {
    return joined(of.trainOutputs(filter), of.outputs(filter, theta.cross(), f0Test));
  }

  private static void assertClose(
      DenseMatrix expected, DenseMatrix actual, double tolerance, String what) {
    double distance = expected.distance(actual);
    assertTrue(distance <= tolerance * expected.norm(), what + ": " + distance);
  }

  /** f ← f − η (f(X) − y) Θ(X, ·), all of the rounding's k·N. */
  @Test
  void descentIsTheRecursionOfItsSteps() {
    double greatestRate = dynamics.greatestRate();
    for (double rate : new double[] {0.1 * greatestRate, 0.5 * greatestRate, greatestRate}) {
      DenseMatrix f = joined(f0, f0Test);
      for (int k = 0; k <= 300; k++) {
        Descent filter = new Descent(rate, k);
        assertClose(f, outputs(dynamics, filter), 300 * N * 0x1p-52, filter.toString());
        f = descended(f, rate);
      }
    }
  }

  private DenseMatrix descended(DenseMatrix f, double rate) {
    DenseMatrix residual = DenseMatrix.zeros(OUTPUTS, N + M);
    for (int k = 0; k < OUTPUTS * N; k++) {
      residual.values()[k] = f.values()[k] - y.values()[k];
    }
    DenseMatrix step = product(residual, all);
    DenseMatrix next = DenseMatrix.zeros(OUTPUTS, N + M);
    for (int k = 0; k < next.values().length; k++) {
      next.values()[k] = f.values()[k] - rate * step.values()[k];
    }
    return next;
  }

  @Test
  void flowIsTheSolutionOfItsDifferentialEquation() {
    double rate = 0.7;
    DormandPrince853Integrator solver = new DormandPrince853Integrator(1e-9, 1, 1e-12, 1e-12);
    FirstOrderDifferentialEquations flow =
        new FirstOrderDifferentialEquations() {
          @Override
          public int getDimension() {
            return OUTPUTS * (N + M);
          }

          @Override
          public void computeDerivatives(double t, double[] f, double[] slope) {
            DenseMatrix at = new DenseMatrix(OUTPUTS, N + M, f);
            DenseMatrix next = descended(at, rate);
            for (int k = 0; k < f.length; k++) {
              slope[k] = next.values()[k] - f[k];
            }
          }
        };
    double[] f = joined(f0, f0Test).values();
    double time = 0;
    for (double next : new double[] {0.001, 0.02, 0.3, 2}) {
      solver.integrate(flow, time, f, next, f);
      time = next;
      DenseMatrix expected = new DenseMatrix(OUTPUTS, N + M, f);
      // Some hundred steps within 1e-12 each.
      assertClose(expected, outputs(dynamics, new Flow(rate, time)), 1e-10, "t = " + time);
    }
  }

  @Test
  void trainingEndsAtTheRegressionThatASolverOfLinearEquationsFinds() {
    for (double ridge : new double[] {0, 1e-3, 5}) {
      DenseMatrix actual = outputs(dynamics.withRidge(ridge), new Converged());
      assertClose(regression(all, y, joined(f0, f0Test), ridge), actual, 1e-12, "δ = " + ridge);
    }
  }

  /** f₀ + (y − f₀(X)) (Θ + δ)⁻¹ Θ(X, ·). */
  static DenseMatrix regression(DenseMatrix gram, DenseMatrix y, DenseMatrix f0, double ridge) {
    int n = y.columns();
    RealMatrix k = real(gram);
    RealMatrix train =
        k.getSubMatrix(0, n - 1, 0, n - 1)
            .add(MatrixUtils.createRealIdentityMatrix(n).scalarMultiply(ridge));
    RealMatrix start = real(f0);
    RealMatrix gap = real(y).subtract(start.getSubMatrix(0, y.rows() - 1, 0, n - 1));
    RealMatrix coefficients = new LUDecomposition(train).getSolver().solve(gap.transpose());
    RealMatrix f =
        start.add(
            coefficients
                .transpose()
                .multiply(k.getSubMatrix(0, n - 1, 0, k.getColumnDimension() - 1)));
    return DenseMatrix.ofRows(y.rows(), f.getColumnDimension(), f::getRow);
  }

  static RealMatrix real(DenseMatrix m) {
    RealMatrix r = MatrixUtils.createRealMatrix(m.rows(), m.columns());
    for (int i = 0; i < m.rows(); i++) {
      for (int j = 0; j < m.columns(); j++) {
        r.setEntry(i, j, m.get(i, j));
      }
    }
    return r;
  }

  /** θ ← θ − η ∂(L + (δ/2)‖θ − θ₀‖²)/∂θ for the model f = f₀ + θ Φ, θ₀ = 0, Φᵀ Φ = Θ. */
  @Test
  void aRidgeIsThePenaltyOnTheParametersDistance() {
    double ridge = 2.5;
    DenseMatrix features = Parameters.gaussian(N + M, 30, 5, 6).transpose();
    DenseMatrix theta = DenseMatrix.zeros(OUTPUTS, 30);
    KernelDynamics penalised = dynamics.withRidge(ridge);
    double rate = penalised.greatestRate() / 2;
    for (int k = 0; k <= 40; k++) {
      DenseMatrix change = product(theta, features);
      DenseMatrix f = KernelDynamics.sum(joined(f0, f0Test), change);
      Descent filter = new Descent(rate, k);
      assertClose(f, outputs(penalised, filter), 1e-12, filter.toString());
      double loss = 0;
      DenseMatrix residual = DenseMatrix.zeros(OUTPUTS, N + M);
      for (int i = 0; i < OUTPUTS * N; i++) {
        residual.values()[i] = f.values()[i] - y.values()[i];
        loss += 0.5 * residual.values()[i] * residual.values()[i];
      }
      assertEquals(loss, penalised.trainLoss(filter), 1e-12 * loss);
      DenseMatrix gradient = product(residual, features.transpose());
      for (int i = 0; i < theta.values().length; i++) {
        theta.values()[i] -= rate * (gradient.values()[i] + ridge * theta.values()[i]);
      }
    }
  }

  @Test
  void atTheStartNothingHasChanged() {
    DenseMatrix expected = joined(f0, f0Test);
    for (KernelDynamics of : List.of(dynamics, dynamics.withRidge(3))) {
      for (SpectralFilter filter : List.of(new Flow(0.3, 0), new Descent(0.3, 0))) {
        assertArrayEquals(expected.values(), outputs(of, filter).values());
        double half = 0.5 * y.distance(f0) * y.distance(f0);
        assertEquals(half, of.trainLoss(filter), 1e-14 * half);
      }
    }
  }

  @Test
  void aVeryLongTrainingIsTheRegression() {
    for (SpectralFilter filter :
        List.of(new Flow(1, 1e300), new Descent(dynamics.greatestRate() / 2, Long.MAX_VALUE))) {
      assertClose(
          outputs(dynamics, new Converged()), outputs(dynamics, filter), 1e-15, filter.toString());
      assertEquals(0, dynamics.trainLoss(filter));
    }
  }

  /** Along one eigenvector the loss is ½ e^(−2ληt), told apart from zero far below rounding. */
  @Test
  void smallLossesHaveTheirDigits() {
    DenseMatrix vector = dynamics.vectors();
    double lambda = dynamics.leastEigenvalue();
    DenseMatrix target = DenseMatrix.zeros(1, N);
    System.arraycopy(vector.values(), 0, target.values(), 0, N);
    KernelDynamics one = KernelDynamics.of(theta.train(), target);
    for (double exponent : new double[] {1, 5, 10}) {
      double loss = one.trainLoss(new Flow(1, exponent / lambda));
      double expected = 0.5 * Math.exp(-2 * exponent);
      // The other components are of rounding's size, and fall faster.
      assertEquals(expected, loss, 1e-12 * expected);
    }
  }

  @Test
  void trainingForSAndThenForTIsTrainingForBoth() {
    double rate = dynamics.greatestRate() / 3;
    assertSemigroup(new Flow(rate, 5), new Flow(rate, 30), new Flow(rate, 35));
    assertSemigroup(new Descent(rate, 5), new Descent(rate, 30), new Descent(rate, 35));
    assertSemigroup(new Descent(rate, 5), new Converged(), new Converged());
  }

  private void assertSemigroup(SpectralFilter first, SpectralFilter then, SpectralFilter both) {
    KernelDynamics later = dynamics.from(dynamics.trainOutputs(first));
    DenseMatrix between = dynamics.outputs(first, theta.cross(), f0Test);
    DenseMatrix twice =
        joined(later.trainOutputs(then), later.outputs(then, theta.cross(), between));
    assertClose(outputs(dynamics, both), twice, 1e-13, first + " and " + then);
  }

  /** Θ ⊗ 1 in the order of empirical tangent kernels. */
  @Test
  void aCoupledGramOfIndependentOutputsIsOneOfEach() {
    KernelBlocks coupled = KernelBlocks.cut(kronecker(all), N * OUTPUTS);
    KernelDynamics joint = KernelDynamics.of(coupled.train(), y).from(f0);
    for (SpectralFilter filter :
        List.of(new Flow(0.1, 0.3), new Descent(0.01, 9), new Converged())) {
      DenseMatrix actual =
          joined(joint.trainOutputs(filter), joint.outputs(filter, coupled.cross(), f0Test));
      assertClose(outputs(dynamics, filter), actual, 1e-12, filter.toString());
      assertEquals(dynamics.trainLoss(filter), joint.trainLoss(filter), 1e-12);
    }
  }

  private static DenseMatrix kronecker(DenseMatrix k) {
    int n = k.rows() * OUTPUTS;
    DenseMatrix coupled = DenseMatrix.zeros(n, n);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        coupled.set(i, j, i % OUTPUTS == j % OUTPUTS ? k.get(i / OUTPUTS, j / OUTPUTS) : 0);
      }
    }
    return coupled;
  }

  /** Outputs that learn from each other, as one output of a Gram matrix Nm×Nm does. */
  @Test
  void aCoupledGramIsThatOfOneOutput() {
    DenseMatrix k = gram(N * OUTPUTS, 40);
    DenseMatrix row = new DenseMatrix(1, N * OUTPUTS, y.values());
    for (SpectralFilter filter :
        List.of(new Flow(0.1, 0.3), new Descent(0.01, 9), new Converged())) {
      assertArrayEquals(
          KernelDynamics.of(k, row).trainOutputs(filter).values(),
          KernelDynamics.of(k, y).trainOutputs(filter).values());
    }
    assertThrows(IllegalArgumentException.class, () -> KernelDynamics.of(gram(N + 1, 40), y));
  }

  /** A sample that repeats another with another target: their difference is never learnt. */
  @Test
  void ofRepeatedSamplesTheMeanIsLearntAndThereIsNoRegression() {
    DenseMatrix k = new DenseMatrix(3, 3, new double[] {2, 2, 1, 2, 2, 1, 1, 1, 2});
    DenseMatrix target = new DenseMatrix(1, 3, new double[] {1, 3, -1});
    KernelDynamics singular = KernelDynamics.of(k, target);
    assertTrue(Math.abs(singular.leastEigenvalue()) <= singular.eigenvalueError());
    double time = 1e4;
    DenseMatrix f = singular.trainOutputs(new Flow(1, time));
    // An eigenvalue of zero is computed within ε, and (1, −1)/√2 then learnt by up to tε.
    double tolerance = time * singular.eigenvalueError() + 1e-14;
    assertArrayEquals(new double[] {2, 2, -1}, f.values(), tolerance);
    assertEquals(1, singular.trainLoss(new Flow(1, time)), 2 * tolerance);
    KernelNotPositive failure =
        assertThrows(KernelNotPositive.class, () -> singular.trainOutputs(new Converged()));
    assertEquals(10, failure.exitCode());
    assertTrue(failure.getMessage().contains("singular within its error"), failure.getMessage());
    // ε is about 1e-15, and a direction of eigenvalue ε is learnt in 1/ε.
    assertThrows(KernelNotPositive.class, () -> singular.trainLoss(new Flow(1, 1e17)));
    double ridge = 0.01;
    assertClose(
        regression(k, target, DenseMatrix.zeros(1, 3), ridge),
        singular.withRidge(ridge).trainOutputs(new Converged()),
        1e-12,
        "ridge");
  }

  /** g(0) = ηt: what is learnt of y along an eigenvector of eigenvalue zero is zero, and finite. */
  @Test
  void aGramOfZerosLearnsNothing() {
    KernelDynamics zero = KernelDynamics.of(DenseMatrix.zeros(N, N), y).from(f0);
    for (SpectralFilter filter : List.of(new Flow(3, 1e6), new Descent(3, 1_000_000))) {
      assertArrayEquals(f0.values(), zero.trainOutputs(filter).values());
      // A cross kernel of one changes f by ηt Σ (y − f₀).
      DenseMatrix ones = DenseMatrix.zeros(1, N);
      Arrays.fill(ones.values(), 1);
      DenseMatrix f = zero.outputs(filter, ones, DenseMatrix.zeros(OUTPUTS, 1));
      for (int o = 0; o < OUTPUTS; o++) {
        double sum = 0;
        for (int i = 0; i < N; i++) {
          sum += y.get(o, i) - f0.get(o, i);
        }
        assertEquals(3e6 * sum, f.get(o, 0), 1e-8);
      }
    }
    assertThrows(KernelNotPositive.class, () -> zero.trainOutputs(new Converged()));
  }

  @Test
  void aMatrixThatIsNotPositiveIsNoKernel() {
    DenseMatrix k = new DenseMatrix(2, 2, new double[] {1, 2, 2, 1});
    KernelDynamics indefinite = KernelDynamics.of(k, new DenseMatrix(1, 2, new double[] {1, 0}));
    for (SpectralFilter filter : List.of(new Flow(1, 1), new Descent(0.1, 1), new Converged())) {
      KernelNotPositive failure =
          assertThrows(KernelNotPositive.class, () -> indefinite.trainOutputs(filter));
      assertTrue(failure.getMessage().contains("λ_min = -1.000e+00"), failure.getMessage());
    }
    assertThrows(
        KernelNotPositive.class, () -> indefinite.withRidge(0.5).trainLoss(new Converged()));
    assertTrue(indefinite.withRidge(1.5).trainLoss(new Converged()) > 0);
  }

  /** λ_min of the Gram matrix is beyond rounding, and not beyond N times an entry's error. */
  @Test
  void errorsOfTheKernelCountAsRoundingDoes() {
    double least = dynamics.leastEigenvalue();
    assertTrue(dynamics.eigenvalueError() < 1e-10 * least);
    assertTrue(dynamics.withEntryError(0.9 * least / N).trainLoss(new Converged()) == 0);
    assertThrows(
        KernelNotPositive.class,
        () -> dynamics.withEntryError(1.1 * least / N).trainLoss(new Converged()));
  }

  @Test
  void descentGrowsExactlyAboveTheGreatestRate() {
    for (double ridge : new double[] {0, 4}) {
      KernelDynamics of = dynamics.withRidge(ridge);
      double rate = of.greatestRate();
      double start = of.trainLoss(new Descent(rate, 0));
      assertTrue(of.trainLoss(new Descent(0.99 * rate, 10_000)) < start);
      assertTrue(of.trainLoss(new Descent(1.01 * rate, 10_000)) > 1e6 * start);
    }
  }

  @Test
  void aRidgeIsNotNegative() {
    for (double ridge : new double[] {-1e-9, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(InvalidConfiguration.class, () -> dynamics.withRidge(ridge));
    }
  }
}
