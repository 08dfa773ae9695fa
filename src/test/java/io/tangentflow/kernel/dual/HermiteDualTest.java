package io.tangentflow.kernel.dual;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.StandardActivation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HermiteDualTest {

  @ParameterizedTest
  @EnumSource(names = "RELU", mode = EnumSource.Mode.EXCLUDE)
  void parsevalHolds(StandardActivation phi) {
    for (double variance : new double[] {0, 1e-8, 1, 10}) {
      HermiteSeries series = table(phi, variance).value();
      double captured = 0;
      for (double alpha : series.coefficients()) {
        captured += alpha * alpha;
      }
      assertTrue(series.complete());
      assertEquals(series.norm() * series.norm(), captured, 1e-14 * captured);
    }
  }

  /** d/dz φ(τz) = τφ'(τz), so α'_k = √(k+1) α_(k+1)/τ. */
  @ParameterizedTest
  @EnumSource(names = "RELU", mode = EnumSource.Mode.EXCLUDE)
  void coefficientsOfTheDerivativeFollowFromThoseOfTheFunction(StandardActivation phi) {
    double tau = 1.3;
    HermiteDual.Table table = table(phi, tau * tau);
    double[] alpha = table.value().coefficients();
    double[] slopes = table.derivative().coefficients();
    for (int k = 0; k < Math.min(alpha.length - 1, slopes.length); k++) {
      // The rounding of α_(k+1) is magnified as the formula says; terms cut off are below 1e-7.
      double expected = Math.sqrt(k + 1) * alpha[k + 1] / tau;
      assertEquals(expected, slopes[k], 1e-14 * (k + 2), phi + " " + k);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"GELU", "ERF", "SINE"})
  void theTruncationBoundIsABoundOfTheDistanceToTheClosedForm(StandardActivation phi) {
    HermiteSeries u = table(phi, 1).value();
    HermiteSeries v = table(phi, 2.5).value();
    DualActivation closed = DualActivation.of(phi);
    int available = Math.min(u.coefficients().length, v.coefficients().length);
    for (double rho : new double[] {-1, -0.5, 0.2, 0.9, 1}) {
      double all = closed.value(1, 2.5, rho * Math.sqrt(2.5));
      for (int terms = 1; terms <= available; terms++) {
        double left = Math.abs(all - u.partialDot(v, rho, terms));
        double rounding = 16 * Math.ulp(1.0) * u.norm() * v.norm(); // of the closed form
        assertTrue(left <= u.tailBound(v, rho, terms) + rounding, phi + " " + rho + " " + terms);
      }
    }
  }

  /**
   * At K terms for a variance of 10³ some coefficients are missing, and the error bound says so.
   */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "TANH"})
  void whatTheSeriesCannotReachIsInItsErrorBound(StandardActivation phi) {
    DualActivation dual = new HermiteDual(phi);
    double variance = 1000;
    Marginal u = dual.marginal(variance);
    double mean = 0;
    double h = 1.0 / 256;
    for (int j = -14 * 256; j <= 14 * 256; j++) {
      double value = phi.derivative(Math.sqrt(variance) * j * h);
      mean += h * value * value * Math.exp(-0.5 * j * h * j * h) / Math.sqrt(2 * Math.PI);
    }
    double bound = dual.derivativeError(u, u);
    assertTrue(bound > 1e-12 && bound < 1e-2, "bound " + bound);
    assertEquals(mean, dual.derivative(u, u, variance), bound);
  }

  /** Orthonormality of the he_k under the rule of order n, for all degrees that it integrates. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 16, 80, 200})
  void gaussHermiteRulesIntegrateHermitePolynomialsExactly(int order) {
    GaussHermiteDual rule = new GaussHermiteDual(StandardActivation.IDENTITY, order);
    double[] gram = new double[order * order];
    for (int i = 0; i < order; i++) {
      double z = rule.nodes()[i];
      double[] he = new double[order];
      he[0] = 1;
      for (int k = 0; k + 1 < order; k++) {
        he[k + 1] = (z * he[k] - Math.sqrt(k) * (k > 0 ? he[k - 1] : 0)) / Math.sqrt(k + 1);
      }
      for (int k = 0; k < order; k++) {
        for (int l = 0; l < order; l++) {
          gram[k * order + l] += rule.weights()[i] * he[k] * he[l];
        }
      }
    }
    for (int k = 0; k < order; k++) {
      for (int l = 0; l < order; l++) {
        assertEquals(k == l ? 1 : 0, gram[k * order + l], 1e-14 * (order + 20), k + " " + l);
      }
    }
  }

  private static HermiteDual.Table table(StandardActivation phi, double variance) {
    return (HermiteDual.Table) new HermiteDual(phi).marginal(variance);
  }
}
