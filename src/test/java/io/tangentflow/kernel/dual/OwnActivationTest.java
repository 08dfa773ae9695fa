package io.tangentflow.kernel.dual;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.kernel.dual.DualActivation.Method;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitValue;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Activations;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.PlainActivation;
import io.tangentflow.model.StandardActivation;
import java.util.OptionalDouble;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Activations without a closed form, and a user's own, as docs/activations.md has one: the Hermite
 * series against quadrature.
 */
class OwnActivationTest {

  private static final double[] CORRELATIONS = {-1, -0.999, -0.6, 0, 0.3, 0.95, 1};
  private static final double[][] VARIANCES = {
    {1, 1}, {0.2, 2.5}, {1e-4, 1}, {1e-8, 1e-8}, {9, 10}, {0, 1}, {0, 0}
  };

  /** x·tanh(log(1 + eˣ)) (Misra 2019). */
  record Mish() implements Activation {

    @Override
    public String label() {
      return "mish";
    }

    @Override
    public double value(double x) {
      return x * Math.tanh(StandardActivation.SOFTPLUS.value(x));
    }

    @Override
    public double derivative(double x) {
      double t = Math.tanh(StandardActivation.SOFTPLUS.value(x));
      return t + x * (1 - t * t) * StandardActivation.SOFTPLUS.derivative(x);
    }

    @Override
    public OptionalDouble lipschitz() {
      return OptionalDouble.of(1.0885);
    }

    @Override
    public OptionalDouble derivativeLipschitz() {
      return OptionalDouble.of(0.6442);
    }

    @Override
    public boolean polynomial() {
      return false;
    }
  }

  /** x for x &gt; 0 and 2(eˣ − 1) for x ≤ 0: an ELU whose slope jumps at 0. */
  record KinkedElu() implements Activation {

    @Override
    public String label() {
      return "kinked-elu";
    }

    @Override
    public double value(double x) {
      return x > 0 ? x : 2 * Math.expm1(x);
    }

    @Override
    public double derivative(double x) {
      return x > 0 ? 1 : 2 * Math.exp(x);
    }

    @Override
    public OptionalDouble lipschitz() {
      return OptionalDouble.of(2);
    }

    @Override
    public OptionalDouble derivativeLipschitz() {
      return OptionalDouble.empty();
    }

    @Override
    public boolean polynomial() {
      return false;
    }

    @Override
    public boolean smooth() {
      return false;
    }
  }

  /** Leaky ReLU, written by a user. */
  private record OwnLeaky() implements Activation {

    @Override
    public String label() {
      return "own-leaky";
    }

    @Override
    public double value(double x) {
      return Math.max(x, 0.2 * x);
    }

    @Override
    public double derivative(double x) {
      return x > 0 ? 1 : 0.2;
    }

    @Override
    public OptionalDouble lipschitz() {
      return OptionalDouble.of(1);
    }

    @Override
    public OptionalDouble derivativeLipschitz() {
      return OptionalDouble.empty();
    }

    @Override
    public boolean polynomial() {
      return false;
    }

    @Override
    public boolean smooth() {
      return false;
    }
  }

  private interface Rule {
    double mean(DoubleUnaryOperator g, double a, double b, double rho);
  }

  private static void compare(Activation phi, double most, Rule rule) {
    DualActivation dual = DualActivation.of(phi);
    assertEquals(Method.HERMITE_SERIES, dual.method(dual.marginal(1)));
    for (double[] ab : VARIANCES) {
      double a = ab[0];
      double b = ab[1];
      Marginal u = dual.marginal(a);
      Marginal v = dual.marginal(b);
      double value = scale(phi::value, rule, a, b);
      double slope = scale(phi::derivative, rule, a, b);
      for (double rho : CORRELATIONS) {
        double c = rho * (Math.sqrt(a) * Math.sqrt(b));
        String at = phi.label() + " " + a + " " + b + " " + rho;
        double values = rule.mean(phi::value, a, b, rho);
        double slopes = rule.mean(phi::derivative, a, b, rho);
        if (Math.abs(rho) <= most) {
          assertEquals(values, dual.value(a, b, c), 1e-12 * value, at);
          assertEquals(slopes, dual.derivative(a, b, c), 1e-12 * slope, at);
        }
        // The quadrature's own rounding is some 1e-14.
        double valueBound = dual.valueError(u, v) + 2e-14 * value;
        double slopeBound = dual.derivativeError(u, v) + 2e-14 * slope;
        assertEquals(values, dual.value(u, v, c), valueBound, at);
        assertEquals(slopes, dual.derivative(u, v, c), slopeBound, at);
        assertTrue(valueBound < 0.1 * value + 1e-300, "a bound that says nothing");
      }
    }
  }

  private static double scale(DoubleUnaryOperator g, Rule rule, double a, double b) {
    return Math.sqrt(rule.mean(g, a, a, 1) * rule.mean(g, b, b, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"softplus", "tanh", "silu", "sigmoid"})
  void seriesOfSmoothActivationsEqualQuadratureWithinTheirBounds(String name) {
    compare(Activations.named(name), 1, PairQuadrature::smooth);
  }

  @Test
  void mishIsComputedLikeAnyOther() {
    compare(new Mish(), 1, PairQuadrature::smooth);
    assertTrue(DualActivation.of(new Mish()).smooth());
    assertFalse(DualActivation.of(new Mish()).homogeneous());
  }

  /** At depth one by quadrature, and in the continuum at half the distance from twice the depth. */
  @Test
  void limitsOfMishAreThoseOfItsDual() {
    NeuralOde model = new NeuralOde(2, 1, new Mish());
    DoubleUnaryOperator phi = new Mish()::value;
    double a = 1.5 + PairQuadrature.smooth(phi, 1.5, 1.5, 1);
    double b = 0.7 + PairQuadrature.smooth(phi, 0.7, 0.7, 1);
    double c = 0.4 + PairQuadrature.smooth(phi, 1.5, 0.7, 0.4 / Math.sqrt(1.5 * 0.7));
    double nngp = PairQuadrature.smooth(phi, a, b, c / Math.sqrt(a * b));
    assertEquals(nngp, new FiniteDepthLimit(model, 1).pair(1.5, 0.7, 0.4).nngp(), 1e-13);
    LimitValue limit = new ContinuumLimit(model).pair(1.5, 0.7, 0.4);
    double[] gap = new double[2];
    for (int i = 0; i < 2; i++) {
      gap[i] = new FiniteDepthLimit(model, 128 << i).pair(1.5, 0.7, 0.4).ntk() - limit.ntk();
    }
    assertEquals(2, gap[0] / gap[1], 0.05);
  }

  /** Exact to rounding up to |ρ| = 0.95, and within its bound beyond. */
  @Test
  void aKinkIsNotSteppedAcross() {
    compare(new KinkedElu(), 0.95, PairQuadrature::kinked);
    assertFalse(DualActivation.of(new KinkedElu()).smooth());
    assertFalse(DualActivation.of(new KinkedElu()).homogeneous());
  }

  @Test
  void homogeneityIsSeenWhereItIs() {
    assertTrue(DualActivation.of(new OwnLeaky()).homogeneous());
    assertTrue(new HermiteDual(StandardActivation.RELU).homogeneous());
    assertTrue(new HermiteDual(StandardActivation.IDENTITY).homogeneous());
    assertTrue(new HermiteDual(PlainActivation.ABS).homogeneous());
    for (Activation phi :
        new Activation[] {
          StandardActivation.SOFTPLUS, StandardActivation.TANH, StandardActivation.GELU,
          StandardActivation.QUADRATIC, PlainActivation.COSINE, PlainActivation.SIGMOID
        }) {
      assertFalse(new HermiteDual(phi).homogeneous(), phi.label());
    }
    compare(new OwnLeaky(), 0.95, PairQuadrature::kinked);
  }

  /** Suprema on a grid of spacing 1e-3, off by 1e-6 at most. */
  @Test
  void constantsOfTheExampleAreItsSuprema() {
    double slope = 0;
    double curvature = 0;
    Activation mish = new Mish();
    for (double x = -20; x <= 20; x += 1e-3) {
      slope = Math.max(slope, Math.abs(mish.derivative(x)));
      double difference = mish.derivative(x + 1e-5) - mish.derivative(x - 1e-5);
      curvature = Math.max(curvature, Math.abs(difference) / 2e-5);
    }
    assertEquals(slope, mish.lipschitz().orElseThrow(), 1e-4);
    assertEquals(curvature, mish.derivativeLipschitz().orElseThrow(), 1e-4);
  }
}
