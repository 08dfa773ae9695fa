package io.tangentflow.kernel.dual;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.LeakyRelu;
import io.tangentflow.model.Philox;
import io.tangentflow.spectrum.Spectrum;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for the dual of every activation. */
class DualPropertiesTest {

  static Stream<Activation> activations() {
    return Stream.concat(
        Activations.forms().stream().map(Activations.Form::example),
        Stream.of(
            new LeakyRelu(-1.5), new OwnActivationTest.Mish(), new OwnActivationTest.KinkedElu()));
  }

  /**
   * Price's theorem, ∂/∂c E[φ(u)φ(v)] = E[φ'(u)φ'(v)], by the five-point formula: truncation h⁴/30
   * E[φ⁽⁵⁾φ⁽⁵⁾], which is 1e-6 (1 − ρ²)^(−9/2) h⁴ … of the scale for a kink, and rounding 1e-15/h.
   */
  @ParameterizedTest
  @MethodSource("activations")
  void theDerivativeDualIsTheSlopeOfTheValueDual(Activation phi) {
    DualActivation dual = DualActivation.of(phi);
    double a = 0.8;
    double b = 1.5;
    Marginal u = dual.marginal(a);
    Marginal v = dual.marginal(b);
    double scale =
        Math.sqrt(dual.value(u, u, a) * dual.value(v, v, b))
            + Math.sqrt(dual.derivative(u, u, a) * dual.derivative(v, v, b));
    double h = 2e-3;
    for (double c : new double[] {-0.8, -0.1, 0, 0.5, 0.8}) {
      double slope =
          (8 * (dual.value(u, v, c + h) - dual.value(u, v, c - h))
                  - (dual.value(u, v, c + 2 * h) - dual.value(u, v, c - 2 * h)))
              / (12 * h);
      assertEquals(slope, dual.derivative(u, v, c), 1e-9 * scale, phi.label() + " " + c);
    }
  }

  @ParameterizedTest
  @MethodSource("activations")
  void bothDualsAreSymmetric(Activation phi) {
    DualActivation dual = DualActivation.of(phi);
    for (double[] ab : new double[][] {{0.3, 2}, {1e-6, 1}, {0, 1.5}}) {
      Marginal u = dual.marginal(ab[0]);
      Marginal v = dual.marginal(ab[1]);
      for (double rho : new double[] {-1, -0.4, 0.7, 1}) {
        double c = rho * u.deviation() * v.deviation();
        assertEquals(dual.value(u, v, c), dual.value(v, u, c), 2e-16 * scale(dual, u, v));
        assertEquals(
            dual.derivative(u, v, c), dual.derivative(v, u, c), 2e-16 * slopes(dual, u, v));
      }
    }
  }

  /** Of orders that eˣ at these variances makes 10^4. */
  private static double scale(DualActivation dual, Marginal u, Marginal v) {
    return Math.sqrt(dual.value(u, u, u.variance()) * dual.value(v, v, v.variance()));
  }

  private static double slopes(DualActivation dual, Marginal u, Marginal v) {
    return Math.sqrt(dual.derivative(u, u, u.variance()) * dual.derivative(v, v, v.variance()));
  }

  /**
   * A Gram of expectations of products is positive semi-definite: over Gaussian vectors of n random
   * covariances, of full rank and of rank 2, some of them ± one another, down to the rounding of n
   * entries, and to what is stated of a kink's series at |ρ| near 1.
   */
  @ParameterizedTest
  @MethodSource("activations")
  void gramsArePositiveSemidefinite(Activation phi) {
    DualActivation dual = DualActivation.of(phi);
    int n = 12;
    for (int rank : new int[] {2, n}) {
      double[] x = new double[n * rank];
      Philox.gaussian(5, rank, 0, x.length, (i, value) -> x[i] = value / Math.sqrt(rank));
      for (int i = 0; i < rank; i++) {
        x[(n - 1) * rank + i] = -x[i];
        x[(n - 2) * rank + i] = 3 * x[rank + i];
      }
      Marginal[] u = new Marginal[n];
      for (int i = 0; i < n; i++) {
        u[i] = dual.marginal(product(x, rank, i, i));
      }
      DenseMatrix values = DenseMatrix.zeros(n, n);
      DenseMatrix slopes = DenseMatrix.zeros(n, n);
      double valueError = 0;
      double slopeError = 0;
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          double c = product(x, rank, i, j);
          values.set(i, j, dual.value(u[i], u[j], c));
          slopes.set(i, j, dual.derivative(u[i], u[j], c));
          valueError = Math.max(valueError, dual.valueError(u[i], u[j]));
          slopeError = Math.max(slopeError, dual.derivativeError(u[i], u[j]));
        }
      }
      check(values, valueError, phi.label() + ", rank " + rank);
      // The slope of a kink's derivative dual is infinite at ρ = ±1: see PiecewiseLinearDual.
      check(slopes, slopeError + (dual.smooth() ? 0 : 1e-7), phi.label() + "', rank " + rank);
    }
  }

  private static void check(DenseMatrix gram, double error, String which) {
    double greatest = Spectrum.greatest(gram).value();
    double least = Spectrum.least(gram).value();
    int n = gram.rows();
    assertTrue(greatest > 0, which);
    assertTrue(least >= -n * (error + 1e-15 * greatest), which + ": " + least + " of " + greatest);
  }

  private static double product(double[] x, int rank, int i, int j) {
    double sum = 0;
    for (int k = 0; k < rank; k++) {
      sum += x[i * rank + k] * x[j * rank + k];
    }
    return sum;
  }
}
