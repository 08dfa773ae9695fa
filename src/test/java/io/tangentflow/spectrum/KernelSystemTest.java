package io.tangentflow.spectrum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.KernelNotPositive;
import io.tangentflow.backend.cpu.DenseProducts;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import org.junit.jupiter.api.Test;

class KernelSystemTest {

  private static final int N = 90;

  /** Of a rank below N, so that the ridge alone makes it definite. */
  private static DenseMatrix gram() {
    return DenseProducts.productTransposed(
        Parameters.gaussian(N, 60, 3, 0), Parameters.gaussian(N, 60, 3, 0));
  }

  /** y is made from a known α, in another order of sums than the operator's. */
  @Test
  void theSolutionIsTheKnownOneWithinItsBound() {
    DenseMatrix k = gram();
    DenseMatrix exact = Parameters.gaussian(N, 3, 4, 1);
    for (double ridge : new double[] {0.1, 3}) {
      DenseMatrix y = DenseProducts.product(k, exact);
      for (int i = 0; i < y.values().length; i++) {
        y.values()[i] += ridge * exact.values()[i];
      }
      for (double tolerance : new double[] {1e-3, 1e-10}) {
        KernelSystem.Solution solution =
            new KernelSystem(SymmetricOperator.dense(k), ridge).solve(y, tolerance, 400, 0);
        assertTrue(solution.converged(), solution.columns().toString());
        for (int j = 0; j < 3; j++) {
          KernelSystem.Column column = solution.columns().get(j);
          assertTrue(column.relativeResidual() <= tolerance);
          double squared = 0;
          for (int i = 0; i < N; i++) {
            squared += Math.pow(solution.alpha().get(i, j) - exact.get(i, j), 2);
          }
          double error = Math.sqrt(squared);
          assertTrue(error <= column.errorBound(), error + " of " + column);
          assertTrue(error > 0 && column.products() > 3, column.toString());
        }
      }
    }
  }

  @Test
  void tooFewIterationsAreReportedAndStillBounded() {
    DenseMatrix k = gram();
    DenseMatrix y = Parameters.gaussian(N, 1, 4, 1);
    KernelSystem system = new KernelSystem(SymmetricOperator.dense(k), 0.1);
    KernelSystem.Solution early = system.solve(y, 1e-10, 5, 0);
    KernelSystem.Solution late = system.solve(y, 1e-12, 400, 0);
    assertFalse(early.converged());
    assertTrue(late.converged());
    KernelSystem.Column column = early.columns().get(0);
    assertTrue(column.relativeResidual() > 1e-10);
    assertTrue(early.alpha().distance(late.alpha()) <= column.errorBound());
  }

  @Test
  void withoutARidgeNothingIsKnownOfTheErrorUnlessTheLeastEigenvalueIs() {
    DenseMatrix k = Matrices.equicorrelated(N, 0.5);
    DenseMatrix y = Parameters.gaussian(N, 1, 4, 1);
    KernelSystem system = new KernelSystem(SymmetricOperator.dense(k), 0);
    assertEquals(
        Double.POSITIVE_INFINITY, system.solve(y, 1e-9, 50, 0).columns().get(0).errorBound());
    assertTrue(system.solve(y, 1e-9, 50, 0.5).columns().get(0).errorBound() < 1e-6);
  }

  @Test
  void zeroIsSolvedByZero() {
    KernelSystem.Solution zero =
        new KernelSystem(SymmetricOperator.dense(gram()), 0.1)
            .solve(DenseMatrix.zeros(N, 1), 1e-9, 50, 0);
    assertEquals(0, zero.alpha().norm());
    assertTrue(zero.converged());
  }

  @Test
  void aKernelThatIsNotPositiveIsRefused() {
    DenseMatrix k = Matrices.equicorrelated(N, 1.5);
    DenseMatrix y = DenseMatrix.zeros(N, 1); // orthogonal to the direction of λ_max
    y.set(0, 0, 1);
    y.set(1, 0, -1);
    KernelSystem system = new KernelSystem(SymmetricOperator.dense(k), 0.1);
    KernelNotPositive refusal =
        assertThrows(KernelNotPositive.class, () -> system.solve(y, 1e-9, 50, 0));
    // λ_min + ρ = −0.4, of all directions but one.
    assertTrue(refusal.getMessage().contains("λ_min = -4.000e-01"), refusal.getMessage());
  }
}
