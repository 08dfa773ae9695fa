package io.tangentflow.train;

import static io.tangentflow.testing.Networks.product;
import static io.tangentflow.train.KernelDynamicsTest.gram;
import static io.tangentflow.train.KernelDynamicsTest.real;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.KernelNotPositive;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import io.tangentflow.spectrum.Spectrum;
import io.tangentflow.train.SpectralFilter.Converged;
import io.tangentflow.train.SpectralFilter.Descent;
import io.tangentflow.train.SpectralFilter.Flow;
import java.util.List;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.Test;

class KernelEnsembleTest {

  private static final int N = 7;
  private static final int M = 3;

  private final DenseMatrix thetaOfAll = gram(N + M, 20);
  private final DenseMatrix nngpOfAll = nngp();
  private final KernelBlocks theta = KernelBlocks.cut(thetaOfAll, N);
  private final KernelBlocks k = KernelBlocks.cut(nngpOfAll, N);
  private final DenseMatrix y = Parameters.gaussian(2, N, 1, 2);
  private final KernelDynamics dynamics = KernelDynamics.of(theta.train(), y);
  private final KernelEnsemble ensemble = new KernelEnsemble(dynamics, k.train());

  private final List<SpectralFilter> filters =
      List.of(
          new Flow(0.01, 0),
          new Flow(0.01, 3),
          new Descent(dynamics.greatestRate() / 3, 4),
          new Descent(dynamics.greatestRate() / 1.1, 30),
          new Converged());

  private static DenseMatrix nngp() {
    DenseMatrix features = Parameters.gaussian(N + M, 15, 8, 9);
    return product(features, features.transpose());
  }

  private DenseMatrix covariance(KernelEnsemble of, KernelBlocks kernel, SpectralFilter filter) {
    return of.covariance(filter, kernel.cross(), k.cross(), k.others());
  }

  private static void assertClose(DenseMatrix expected, DenseMatrix actual, double tolerance) {
    double distance = expected.distance(actual);
    assertTrue(distance <= tolerance * (1 + expected.norm()), "" + distance);
  }

  private static DenseMatrix dense(RealMatrix m) {
    return DenseMatrix.ofRows(m.getRowDimension(), m.getColumnDimension(), m::getRow);
  }

  @Test
  void theBlocksAreThoseOfTheGram() {
    for (int i = 0; i < N + M; i++) {
      for (int j = 0; j < N; j++) {
        double entry = i < N ? theta.train().get(i, j) : theta.cross().get(i - N, j);
        assertEquals(thetaOfAll.get(i, j), entry);
      }
    }
    assertEquals(thetaOfAll.get(N + 1, N + 2), theta.others().get(1, 2));
  }

  @Test
  void theCovarianceBeginsAsTheNngp() {
    SpectralFilter start = new Descent(0.1, 0);
    assertEquals(0, k.others().distance(covariance(ensemble, theta, start)));
    assertClose(k.train(), ensemble.trainCovariance(start), 1e-14);
  }

  /**
   * Σ = B K Bᵀ, where B takes f₀ of all inputs to f_t: its columns are trainings from unit vectors
   * towards y = 0.
   */
  @Test
  void theCovarianceIsThatOfTheMapFromTheStart() {
    for (SpectralFilter filter : filters) {
      DenseMatrix zero = DenseMatrix.zeros(N, N);
      DenseMatrix unit = DenseMatrix.zeros(N, N);
      for (int i = 0; i < N; i++) {
        unit.set(i, i, 1);
      }
      KernelDynamics each = KernelDynamics.of(theta.train(), zero).from(unit);
      DenseMatrix train = each.trainOutputs(filter);
      DenseMatrix test = each.outputs(filter, theta.cross(), DenseMatrix.zeros(N, M));
      RealMatrix map = MatrixUtils.createRealMatrix(N + M, N + M);
      map.setSubMatrix(real(train).transpose().getData(), 0, 0);
      map.setSubMatrix(real(test).transpose().getData(), N, 0);
      map.setSubMatrix(MatrixUtils.createRealIdentityMatrix(M).getData(), N, N);
      RealMatrix expected = map.multiply(real(nngpOfAll)).multiply(map.transpose());
      int last = N + M - 1;
      assertClose(
          dense(expected.getSubMatrix(0, N - 1, 0, N - 1)),
          ensemble.trainCovariance(filter),
          1e-12);
      assertClose(
          dense(expected.getSubMatrix(N, last, N, last)),
          covariance(ensemble, theta, filter),
          1e-12);
    }
  }

  /** K(x, x) − K(x, X)(K(X, X) + δ)⁻¹ K(X, x) by a solver of linear equations. */
  private DenseMatrix posterior(double noise) {
    RealMatrix train =
        real(k.train()).add(MatrixUtils.createRealIdentityMatrix(N).scalarMultiply(noise));
    RealMatrix cross = real(k.cross());
    RealMatrix explained =
        cross.multiply(new LUDecomposition(train).getSolver().solve(cross.transpose()));
    return dense(real(k.others()).subtract(explained));
  }

  @Test
  void trainingTheOutputLayerEndsAtThePosterior() {
    KernelEnsemble outputLayer = new KernelEnsemble(KernelDynamics.of(k.train(), y), k.train());
    assertClose(posterior(0), covariance(outputLayer, k, new Converged()), 1e-12);
    assertClose(posterior(0), covariance(outputLayer, k, new Flow(1, 1e9)), 1e-12);
    assertEquals(0, outputLayer.trainCovariance(new Converged()).norm());
  }

  @Test
  void thePosteriorIsThatOfASolverOfLinearEquations() {
    for (double noise : new double[] {0, 0.01, 3}) {
      KernelDynamics inNngp = KernelDynamics.of(k.train(), y).withRidge(noise);
      assertClose(
          posterior(noise), new GaussianProcess(inNngp).covariance(k.cross(), k.others()), 1e-12);
    }
  }

  @Test
  void covariancesArePositiveSemiDefiniteAndSymmetric() {
    for (SpectralFilter filter : filters) {
      for (DenseMatrix sigma :
          List.of(covariance(ensemble, theta, filter), ensemble.trainCovariance(filter))) {
        assertEquals(0, sigma.distance(sigma.transpose()));
        assertTrue(Spectrum.least(sigma).value() >= -1e-13 * nngpOfAll.norm(), filter.toString());
      }
    }
  }

  /**
   * 40,000 draws of f₀ trained step by step. A mean of normal numbers has the standard error σ/√B,
   * a covariance √((σ_ii σ_jj + σ_ij²)/B); five of them are exceeded once in two million.
   */
  @Test
  void meanAndCovarianceAreThoseOfRandomDraws() {
    int draws = 40_000;
    int steps = 6;
    double rate = dynamics.greatestRate() / 2;
    RealMatrix root = new CholeskyDecomposition(real(nngpOfAll), 1e-9, 1e-9).getL();
    DenseMatrix normal = Parameters.gaussian(N + M, draws, 21, 3);
    DenseMatrix f = product(dense(root), normal);
    for (int step = 0; step < steps; step++) {
      for (int b = 0; b < draws; b++) {
        double[] residual = new double[N];
        for (int i = 0; i < N; i++) {
          residual[i] = f.get(i, b) - y.get(0, i);
        }
        for (int i = 0; i < N + M; i++) {
          double change = 0;
          for (int j = 0; j < N; j++) {
            change += thetaOfAll.get(i, j) * residual[j];
          }
          f.set(i, b, f.get(i, b) - rate * change);
        }
      }
    }
    Descent filter = new Descent(rate, steps);
    DenseMatrix mean = dynamics.outputs(filter, theta.cross(), DenseMatrix.zeros(2, M));
    DenseMatrix sigma = covariance(ensemble, theta, filter);
    assertTrue(sigma.distance(k.others()) > 0.1 * k.others().norm());
    double[] sums = new double[M];
    for (int b = 0; b < draws; b++) {
      for (int i = 0; i < M; i++) {
        sums[i] += f.get(N + i, b) / draws;
      }
    }
    for (int i = 0; i < M; i++) {
      assertEquals(mean.get(0, i), sums[i], 5 * Math.sqrt(sigma.get(i, i) / draws));
      for (int j = 0; j <= i; j++) {
        double product = 0;
        for (int b = 0; b < draws; b++) {
          product += (f.get(N + i, b) - sums[i]) * (f.get(N + j, b) - sums[j]) / draws;
        }
        double error =
            Math.sqrt(
                (sigma.get(i, i) * sigma.get(j, j) + sigma.get(i, j) * sigma.get(i, j)) / draws);
        assertEquals(sigma.get(i, j), product, 5 * error, i + ", " + j);
      }
    }
  }

  @Test
  void anNngpThatIsNotPositiveIsRefused() {
    DenseMatrix indefinite = gram(N, 20);
    indefinite.set(0, 0, -1);
    KernelNotPositive failure =
        assertThrows(KernelNotPositive.class, () -> new KernelEnsemble(dynamics, indefinite));
    assertTrue(failure.getMessage().contains("NNGP"), failure.getMessage());
  }
}
