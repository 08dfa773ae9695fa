package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.kernel.limit.TwoTimeSolver.InputProcess;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Lemma 3 of Gao et al. (ICLR 2025): variances are positive and depend on the norm alone; S_ts(x,
 * x̄)² ≤ S_tt(x, x) S_ss(x̄, x̄), and at t = s with equality only for x̄ = x, or x̄ = −x where φ is
 * odd.
 */
class TwoTimeVariancesTest {

  private static final int TRIALS = 6;

  /**
   * Of S relative to its largest value: Picard's iteration ends at 1e-15, with sums of some 100.
   */
  private static final double ROUNDING = 1e-13;

  /** One network and a pair of inputs at random. */
  private record Case(NeuralOde ode, double qx, double qy, double rho) {
    double dot() {
      return rho * Math.sqrt(qx * qy);
    }
  }

  private static Case random(StandardActivation phi, Random random) {
    // x² blows up in a finite time; σu² q κ < 1/10 is well before.
    double flow = phi == StandardActivation.QUADRATIC ? 0.3 : 1.5;
    double horizon = 0.2 + 2 * random.nextDouble();
    double sigmaW = flow * random.nextDouble() / horizon;
    NeuralOde ode = new NeuralOde(3, 1, 1, horizon, 0.5 + random.nextDouble(), sigmaW, 1, phi);
    return new Case(
        ode, 0.3 + random.nextDouble(), 0.3 + random.nextDouble(), 2 * random.nextDouble() - 1);
  }

  /** A triangle for ReLU, as the kernel is computed; its points cover t ≥ s and t ≤ s. */
  private static TwoTimeSolver solver(NeuralOde ode) {
    TwoTimeGrid grid =
        ode.activation() == StandardActivation.RELU
            ? TwoTimeGrid.triangle(12)
            : TwoTimeGrid.square(16);
    return new TwoTimeSolver(ode, DualActivation.of(ode.activation()), grid, 0);
  }

  private static InputProcess process(NeuralOde ode, double q) {
    return solver(ode).process(q, Optional.empty()).orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void variancesArePositiveAndGrowWithTime(StandardActivation phi) {
    Random random = new Random(1);
    for (int trial = 0; trial < TRIALS; trial++) {
      Case c = random(phi, random);
      InputProcess u = process(c.ode, c.qx);
      double start = c.ode.sigmaU() * c.ode.sigmaU() * c.qx;
      NavigableMap<Double, Double> rising = new TreeMap<>(); // Those of a triangle are not.
      for (int k = 0; k < u.marginals().length; k++) {
        rising.put(u.grid().times()[k], u.marginals()[k].variance());
      }
      double before = start;
      for (double variance : rising.values()) {
        assertTrue(variance >= before * (1 - ROUNDING), phi + " " + c + " " + rising);
        before = variance;
      }
      assertTrue(u.atEnd().variance() > start, phi + " " + c);
    }
  }

  @ParameterizedTest
  @EnumSource
  void variancesAtTheEndGrowWithTheHorizon(StandardActivation phi) {
    double before = 1;
    for (double horizon : new double[] {0.05, 0.1, 0.2, 0.3}) {
      double end = process(new NeuralOde(3, 1, 1, horizon, 1, 1, 1, phi), 1).atEnd().variance();
      assertTrue(end > before, phi + " " + horizon);
      Marginal[] deep =
          new FiniteDepthLimit(new NeuralOde(3, 1, 1, horizon, 1, 1, 1, phi), 5).path(1);
      assertTrue(deep[5].variance() > 1, phi + " " + horizon);
      before = end;
    }
  }

  @ParameterizedTest
  @EnumSource
  void variancesOfANetworkArePositiveAndGrowWithItsLayers(StandardActivation phi) {
    Random random = new Random(11);
    for (int depth : new int[] {1, 2, 7, 20}) {
      Case c = random(phi, random);
      Marginal[] u = new FiniteDepthLimit(c.ode, depth).path(c.qx);
      assertEquals(depth + 1, u.length);
      assertEquals(c.ode.sigmaU() * c.ode.sigmaU() * c.qx, u[0].variance());
      for (int l = 1; l <= depth; l++) {
        assertTrue(u[l].variance() >= u[l - 1].variance() * (1 - ROUNDING), phi + " " + c);
      }
      assertTrue(u[depth].variance() > u[0].variance(), phi + " " + c);
    }
  }

  @ParameterizedTest
  @EnumSource
  void covariancesObeyCauchyAndSchwarzAtAnyTwoTimes(StandardActivation phi) {
    Random random = new Random(12);
    for (int trial = 0; trial < TRIALS; trial++) {
      Case c = random(phi, random);
      InputProcess x = process(c.ode, c.qx);
      InputProcess y = process(c.ode, c.qy);
      double[] s = solver(c.ode).covariance(x, y, c.dot(), Optional.empty()).orElseThrow();
      TwoTimeGrid grid = x.grid().forPairs();
      for (int p = 0; p < s.length; p++) {
        double bound =
            x.marginals()[grid.first(p)].variance() * y.marginals()[grid.second(p)].variance();
        assertTrue(s[p] * s[p] <= bound * (1 + 4 * ROUNDING), phi + " " + c);
      }
    }
  }

  /** On the diagonal of the square grid, t = s. */
  @ParameterizedTest
  @EnumSource(names = "RELU", mode = EnumSource.Mode.EXCLUDE)
  void atOneTimeTheyAreEqualForEqualInputsAlone(StandardActivation phi) {
    Random random = new Random(13);
    boolean odd = phi.value(1) == -phi.value(-1);
    for (int trial = 0; trial < TRIALS; trial++) {
      Case c = random(phi, random);
      InputProcess x = process(c.ode, c.qx);
      TwoTimeSolver solver = solver(c.ode);
      for (double rho : new double[] {1, c.rho, -1}) {
        double[] s = solver.covariance(x, x, rho * c.qx, Optional.empty()).orElseThrow();
        for (int p = 0; p < s.length; p++) {
          if (x.grid().first(p) == x.grid().second(p)) {
            double variance = x.marginals()[x.grid().first(p)].variance();
            double correlation = s[p] / variance;
            if (rho == 1) {
              assertEquals(1, correlation, 4 * ROUNDING, phi + " " + c);
            } else if (rho == -1 && odd) {
              assertEquals(-1, correlation, 4 * ROUNDING, phi + " " + c);
            } else if (rho == -1) {
              // S_ts(x, −x) > −S_ts(x, x), by what the even part of φ adds.
              assertTrue(correlation > -1, phi + " " + c);
            } else {
              // |Σ A_k ρ^k| ≤ A_0 + |ρ| Σ_(k>0) A_k, and A_0 is not all.
              double initial = c.ode.sigmaU() * c.ode.sigmaU() * c.qx;
              double gap = (1 - Math.abs(rho)) * initial / variance;
              assertTrue(Math.abs(correlation) <= 1 - gap + 4 * ROUNDING, phi + " " + c);
            }
          }
        }
      }
    }
  }

  /** The NNGP is such a covariance, at t = s = T: ReLU and finite depth too. */
  @ParameterizedTest
  @EnumSource
  void theNngpTellsInputsOfOneNormApart(StandardActivation phi) {
    Random random = new Random(14);
    for (int trial = 0; trial < TRIALS; trial++) {
      Case c = random(phi, random);
      for (LimitingKernel kernel :
          new LimitingKernel[] {new ContinuumLimit(c.ode), new FiniteDepthLimit(c.ode, 3)}) {
        LimitValue same = kernel.pair(c.qx, c.qx, c.qx);
        LimitValue other = kernel.pair(c.qx, c.qx, c.rho * c.qx);
        assertTrue(same.nngp() > 0);
        assertTrue(
            Math.abs(other.nngp()) < same.nngp() - same.nngpError() - other.nngpError(),
            phi + " " + c);
        assertTrue(
            Math.abs(other.ntk()) < same.ntk() - same.ntkError() - other.ntkError(), phi + " " + c);
      }
    }
  }

  /** One norm, one process: computed apart they are equal to the last bit. */
  @ParameterizedTest
  @EnumSource
  void variancesDependOnTheNormAlone(StandardActivation phi) {
    Case c = random(phi, new Random(500));
    InputProcess u = process(c.ode, c.qx);
    InputProcess v = process(c.ode, c.qx);
    for (int k = 0; k < u.marginals().length; k++) {
      assertEquals(u.marginals()[k].variance(), v.marginals()[k].variance());
    }
    // And through the pair x̄ = x by another path: S_ts(x, x) is the process' own covariance.
    double[] pair = solver(c.ode).covariance(u, u, c.qx, Optional.empty()).orElseThrow();
    for (int p = 0; p < pair.length; p++) {
      assertEquals(u.covariance()[p], pair[p], ROUNDING * u.atEnd().variance());
    }
  }
}
