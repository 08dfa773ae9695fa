package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.spectrum.Spectrum;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every limiting kernel is: a symmetric, positive semi-definite one, with its scalings. */
class LimitPropertiesTest {

  private static final int DIM = 4;
  private static final int N = 12;

  private static double horizon(StandardActivation phi) {
    return phi == StandardActivation.QUADRATIC ? 0.25 : 1; // x² blows up.
  }

  private static List<LimitingKernel> kernels(
      StandardActivation phi, double horizon, double u, double w, double v) {
    NeuralOde ode = new NeuralOde(DIM, 1, 1, horizon, u, w, v, phi);
    return List.of(
        new ContinuumLimit(ode), new FiniteDepthLimit(ode, 1), new FiniteDepthLimit(ode, 6));
  }

  /** Random samples; the sixth repeats the first, the seventh is the second's negative. */
  private static DenseMatrix inputs(double[] radii) {
    DenseMatrix x = Parameters.gaussian(DIM, N, 23, 0);
    for (int j = 0; j < N; j++) {
      double norm = 0;
      for (int i = 0; i < DIM; i++) {
        norm = Math.hypot(norm, x.get(i, j));
      }
      for (int i = 0; i < DIM; i++) {
        x.set(i, j, x.get(i, j) * radii[j % radii.length] * Math.sqrt(DIM) / norm);
      }
    }
    for (int i = 0; i < DIM; i++) {
      x.set(i, 5, x.get(i, 0));
      x.set(i, 6, -x.get(i, 1));
    }
    return x;
  }

  @ParameterizedTest
  @EnumSource
  void gramsAreSymmetricAndPositiveSemiDefinite(StandardActivation phi) {
    for (double[] radii : new double[][] {{1}, {0.6, 1, 1.1}}) {
      DenseMatrix x = inputs(radii);
      for (LimitingKernel kernel : kernels(phi, horizon(phi), 1.1, 0.9, 0.8)) {
        LimitGram gram = kernel.gram(x);
        assertGram(gram.nngp(), gram.nngpError(), phi);
        assertGram(gram.ntk(), gram.ntkError(), phi);
      }
    }
  }

  private static void assertGram(DenseMatrix k, double entryError, StandardActivation phi) {
    assertEquals(0, k.distance(k.transpose()), phi.label());
    Spectrum.Extreme least = Spectrum.least(k);
    assertTrue(least.value() >= -N * entryError - least.errorBound(), phi + " " + least);
    // And not for the lack of anything in it; a repeated sample leaves λ_min at zero.
    assertTrue(least.value() <= N * entryError + least.errorBound(), phi + " " + least);
    assertTrue(Spectrum.greatest(k).value() > 0.1, phi.label());
    for (int j = 0; j < N; j++) {
      assertEquals(k.get(j, 0), k.get(j, 5), 2 * entryError, phi.label());
    }
  }

  /** Without repeated samples every φ but the polynomials tells all N of one sphere apart. */
  @ParameterizedTest
  @EnumSource(
      names = {"QUADRATIC", "IDENTITY"},
      mode = EnumSource.Mode.EXCLUDE)
  void gramsOfDistinctSamplesArePositiveDefinite(StandardActivation phi) {
    DenseMatrix all = inputs(new double[] {1});
    DenseMatrix x = new DenseMatrix(DIM, 5, Arrays.copyOf(all.values(), 5 * DIM));
    for (LimitingKernel kernel : kernels(phi, 1, 1, 1, 1)) {
      LimitGram gram = kernel.gram(x);
      assertTrue(Spectrum.least(gram.ntk()).value() > 1e3 * 5 * gram.ntkError(), phi.label());
    }
  }

  /** Of an odd φ the kernels are odd in x̄; then samples 1 and 6 have one row but for its sign. */
  @ParameterizedTest
  @EnumSource(names = {"TANH", "ERF", "SINE", "IDENTITY"})
  void kernelsOfOddActivationsAreOdd(StandardActivation phi) {
    DenseMatrix x = inputs(new double[] {1, 0.7});
    for (LimitingKernel kernel : kernels(phi, 1, 1, 1, 1)) {
      LimitGram gram = kernel.gram(x);
      for (int j = 0; j < N; j++) {
        assertEquals(-gram.ntk().get(j, 1), gram.ntk().get(j, 6), 2 * gram.ntkError());
        assertEquals(-gram.nngp().get(j, 1), gram.nngp().get(j, 6), 2 * gram.nngpError());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void kernelsAreProportionalToSigmaVSquared(StandardActivation phi) {
    List<LimitingKernel> unit = kernels(phi, horizon(phi), 1, 0.7, 1);
    List<LimitingKernel> scaled = kernels(phi, horizon(phi), 1, 0.7, 3);
    for (int i = 0; i < unit.size(); i++) {
      assertSame(unit.get(i).pair(1, 0.8, 0.3).times(9), scaled.get(i).pair(1, 0.8, 0.3), phi);
    }
  }

  @ParameterizedTest
  @EnumSource
  void sigmaUScalesTheInputs(StandardActivation phi) {
    double u = 0.8;
    List<LimitingKernel> unit = kernels(phi, horizon(phi), 1, 0.7, 1);
    List<LimitingKernel> scaled = kernels(phi, horizon(phi), u, 0.7, 1);
    for (int i = 0; i < unit.size(); i++) {
      assertSame(
          unit.get(i).pair(u * u, u * u * 0.8, u * u * 0.3), scaled.get(i).pair(1, 0.8, 0.3), phi);
    }
  }

  @ParameterizedTest
  @EnumSource
  void onlyTheProductOfSigmaWAndTheHorizonMatters(StandardActivation phi) {
    List<LimitingKernel> fast = kernels(phi, horizon(phi), 1, 1, 1);
    List<LimitingKernel> slow = kernels(phi, 5 * horizon(phi), 1, 0.2, 1);
    for (int i = 0; i < fast.size(); i++) {
      assertSame(fast.get(i).pair(1, 0.8, 0.3), slow.get(i).pair(1, 0.8, 0.3), phi);
    }
  }

  /** φ(λx) = λφ(x): the kernels are ‖x‖‖x̄‖/d times a function of ρ. */
  @ParameterizedTest
  @EnumSource(names = {"RELU", "IDENTITY"})
  void kernelsOfHomogeneousActivationsScaleWithBothNorms(StandardActivation phi) {
    for (LimitingKernel kernel : kernels(phi, 1, 1, 0.7, 1)) {
      for (double rho : new double[] {-1, -0.2, 0.6, 1}) {
        LimitValue unit = kernel.pair(1, 1, rho);
        assertSame(unit.times(15), kernel.pair(9, 25, 15 * rho), phi);
      }
    }
  }

  private static void assertSame(LimitValue expected, LimitValue actual, StandardActivation phi) {
    assertEquals(
        expected.nngp(), actual.nngp(), expected.nngpError() + actual.nngpError(), phi.label());
    assertEquals(
        expected.ntk(), actual.ntk(), expected.ntkError() + actual.ntkError(), phi.label());
  }
}
