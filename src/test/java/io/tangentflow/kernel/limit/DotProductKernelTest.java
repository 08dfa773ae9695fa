package io.tangentflow.kernel.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.DotProductSeries.Argument;
import io.tangentflow.kernel.limit.DotProductKernel.Scaling;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DotProductKernelTest {

  private static final double[] CORRELATIONS = {
    -1, -0.99999, -0.7, -1e-9, 0, 1e-9, 0.123, 0.9, 0.9997, 0.9999999, 1
  };

  @ParameterizedTest
  @EnumSource(StandardActivation.class)
  void onASphereItKeepsItsStatedErrorWhichIsRoundingForSmoothActivations(StandardActivation phi) {
    NeuralOde ode = new NeuralOde(5, 1, 1, 0.9, 0.8, phi == QUADRATIC ? 0.3 : 1.1, 1.2, phi);
    for (LimitingKernel limit :
        new LimitingKernel[] {new ContinuumLimit(ode), new FiniteDepthLimit(ode, 7)}) {
      DotProductKernel kernel = limit.onSphere(1.3);
      double norm = Math.sqrt(1.3);
      for (double rho : CORRELATIONS) {
        LimitValue k = limit.pair(1.3, 1.3, 1.3 * rho);
        LimitValue read = kernel.at(norm, norm, rho);
        // Beside the errors of both, the correlation is rounded by pair(…) in another place.
        double rounding = phi == RELU ? 4e-8 : 1e-14;
        String what = phi + " " + rho;
        assertEquals(k.nngp(), read.nngp(), k.nngpError() + read.nngpError() + rounding, what);
        assertEquals(k.ntk(), read.ntk(), k.ntkError() + read.ntkError() + rounding, what);
      }
      LimitValue greatest = kernel.at(norm, norm, 1);
      assertTrue(greatest.ntkError() < (phi == RELU ? 1e-8 : 1e-12) * greatest.ntk(), phi + "");
      assertTrue(greatest.nngpError() < 1e-12 * greatest.nngp(), phi + "");
    }
  }

  private static final StandardActivation RELU = StandardActivation.RELU;
  private static final StandardActivation QUADRATIC = StandardActivation.QUADRATIC;

  /** One Euler step of ReLU in closed form, at angles down to the square root of rounding. */
  @Test
  void reluOfDepthOneIsTheArcCosineKernelUpToTheSingularEnd() {
    DotProductKernel kernel =
        new FiniteDepthLimit(new NeuralOde(5, 1, 1, 1, 1, 1, 1, RELU), 1).onSphere(1);
    assertEquals(Argument.QUARTER_ROOT, kernel.argument());
    assertEquals(Scaling.HOMOGENEOUS, kernel.scaling());
    for (double theta : new double[] {0, 1e-6, 1e-4, 1e-3, 0.02, 0.3, 1, 2, 3, 3.1415, Math.PI}) {
      double rho = Math.cos(theta);
      double first = arcCosine(theta);
      double variance = 1 + 0.5; // of u¹ for x̄ = x: 1 + E[φφ] at equal inputs
      double second = Math.acos(Math.min(1, (rho + first) / variance));
      double nngp = variance * arcCosine(second);
      double slope = (Math.PI - second) / (2 * Math.PI);
      double early = (Math.PI - theta) / (2 * Math.PI);
      double ntk = nngp + first * slope + rho * slope * (1 + early);
      LimitValue read = kernel.at(1, 1, rho);
      assertEquals(nngp, read.nngp(), read.nngpError() + 1e-14, theta + "");
      // cos rounds by 1e-16, and θ is known to √2e-16 where it is small.
      assertEquals(ntk, read.ntk(), read.ntkError() + 2e-8, theta + "");
      assertEquals(12 * ntk, kernel.at(3, 4, rho).ntk(), 12 * read.ntkError() + 3e-7);
    }
  }

  private static double arcCosine(double theta) {
    return (Math.sin(theta) + (Math.PI - theta) * Math.cos(theta)) / (2 * Math.PI);
  }

  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "GELU", "ERF", "TANH", "SINE"})
  void overARangeOfNormsItKeepsItsStatedError(StandardActivation phi) {
    NeuralOde ode = new NeuralOde(5, 1, phi);
    ContinuumLimit limit = new ContinuumLimit(ode);
    double least = phi == StandardActivation.SOFTPLUS ? 0 : 0.4;
    DotProductKernel kernel =
        Tabulation.of(limit.values(), true, 0.9)
            .ofRange(least, 0.9, 100_000, pairs -> {})
            .orElseThrow();
    assertEquals(Scaling.CHEBYSHEV, kernel.scaling());
    assertTrue(kernel.ntkError() < 1e-10, kernel.ntkError() + "");
    Random random = new Random(7);
    for (int trial = 0; trial < 40; trial++) {
      double r = trial == 0 ? least : least + (0.9 - least) * random.nextDouble();
      double other = trial < 3 ? 0.9 : least + (0.9 - least) * random.nextDouble();
      double rho = CORRELATIONS[trial % CORRELATIONS.length];
      LimitValue k = limit.pair(r * r, other * other, rho * r * other);
      LimitValue read = kernel.at(r, other, rho);
      String what = phi + " " + r + " " + other + " " + rho;
      assertEquals(k.nngp(), read.nngp(), k.nngpError() + read.nngpError(), what);
      assertEquals(k.ntk(), read.ntk(), k.ntkError() + read.ntkError(), what);
    }
    assertThrows(IllegalArgumentException.class, () -> kernel.at(0.91, 0.5, 0));
    assertFalse(kernel.holdsFor(0.91));
  }

  /** All but kinked at ρ = ±1, with the scale of the kernel at the greatest norm in mind. */
  @ParameterizedTest
  @EnumSource(names = {"GELU", "ERF"})
  void overARangeOfLargeNormsItKeepsItsStatedError(StandardActivation phi) {
    ContinuumLimit limit = new ContinuumLimit(new NeuralOde(5, 1, phi));
    DotProductKernel kernel =
        Tabulation.of(limit.values(), true, 150)
            .ofRange(100, 150, 100_000, pairs -> {})
            .orElseThrow();
    assertEquals(Argument.QUARTER_ROOT, kernel.argument());
    assertTrue(kernel.ntkError() < 1e-7 * kernel.at(150, 150, 1).ntk(), kernel.ntkError() + "");
    Random random = new Random(8);
    for (int trial = 0; trial < 40; trial++) {
      double r = 100 + 50 * random.nextDouble();
      double other = trial % 2 == 0 ? r : 100 + 50 * random.nextDouble();
      double rho = 1 - 2 * Math.pow(random.nextDouble(), 8);
      LimitValue k = limit.pair(r * r, other * other, rho * r * other);
      LimitValue read = kernel.at(r, other, rho);
      String what = phi + " " + r + " " + other + " " + rho;
      assertEquals(k.nngp(), read.nngp(), k.nngpError() + read.nngpError(), what);
      assertEquals(k.ntk(), read.ntk(), k.ntkError() + read.ntkError(), what);
    }
  }

  @Test
  void aRangeIsNotTabulatedForFewerPairsThanItTakesValues() {
    ContinuumLimit limit = new ContinuumLimit(new NeuralOde(5, 1, StandardActivation.GELU));
    Tabulation tabulation = Tabulation.of(limit.values(), true, 1);
    assertEquals(Optional.empty(), tabulation.ofRange(0.5, 1, 500, pairs -> {}));
    assertTrue(tabulation.ofRange(0.5, 1, 5000, pairs -> {}).isPresent());
  }

  /** sin(10¹² z) has a kernel e^(−10²⁴(1 − ρ)), which no series of 513 terms has. */
  @Test
  void aKernelThatNoSeriesResolvesIsComputedPairByPair() {
    NeuralOde ode = new NeuralOde(3, 1, 1, 1, 1e12, 1, 1, StandardActivation.SINE);
    FiniteDepthLimit limit = new FiniteDepthLimit(ode, 1);
    DenseMatrix inputs = DenseMatrix.zeros(3, 40);
    Random random = new Random(3);
    for (int j = 0; j < 40; j++) {
      double[] x = {random.nextGaussian(), random.nextGaussian(), random.nextGaussian()};
      double norm = Math.sqrt((x[0] * x[0] + x[1] * x[1] + x[2] * x[2]) / 3);
      for (int i = 0; i < 3; i++) {
        inputs.set(i, j, x[i] / norm);
      }
    }
    LimitTiles tiles = limit.tiles(inputs, ForkJoinPool.commonPool());
    assertEquals("pair by pair", tiles.method());
    assertEquals(Optional.empty(), tiles.kernel());
  }

  /** With c = 10⁶ρ one rounding of c moves e^c by 10⁻¹⁰. The exact values are elementary. */
  @Test
  void errorsCountTheRoundingOfTheCovariance() {
    NeuralOde ode = new NeuralOde(3, 1, 1, 1, 1000, 1, 1, StandardActivation.SINE);
    LimitValue k = new FiniteDepthLimit(ode, 1).pair(1, 1, 1);
    assertEquals(750_000.75, k.ntk(), k.ntkError());
    assertEquals(0.5, k.nngp(), k.nngpError());
    assertTrue(k.ntkError() < 1e-7 * k.ntk(), k.toString());
  }

  /** The rounding of ρ next to ±1 is not worth a thousand nodes. */
  @Test
  void aKinkedSeriesEndsWhereMoreNodesShowNothingNew() {
    NeuralOde ode = new NeuralOde(5, 1, 1, 1, 1, 1, 1, RELU);
    assertTrue(new FiniteDepthLimit(ode, 1).onSphere(1).terms() < 100);
    assertTrue(new ContinuumLimit(ode).onSphere(1).terms() < 100);
  }

  @Test
  void coefficientsThatAreNoSeriesAreRefused() {
    double[] four = {1, 2, 3, 4};
    for (Runnable wrong :
        new Runnable[] {
          () -> of(Scaling.ONE_NORM, 1, 1, Argument.CORRELATION, 2, four, four),
          () -> of(Scaling.CHEBYSHEV, 1, 2, Argument.CORRELATION, 1, four, four),
          () -> of(Scaling.CHEBYSHEV, 1, 2, Argument.QUARTER_ROOT, 2, four, four),
          () -> of(Scaling.ONE_NORM, 2, 1, Argument.CORRELATION, 1, four, four),
          () -> of(Scaling.ONE_NORM, 1, 1, Argument.CORRELATION, 1, new double[0], new double[0]),
          () -> of(Scaling.ONE_NORM, 1, 1, Argument.CORRELATION, 1, four, new double[2])
        }) {
      assertThrows(IllegalArgumentException.class, wrong::run);
    }
    of(Scaling.CHEBYSHEV, 1, 2, Argument.CORRELATION, 2, four, four);
  }

  private static void of(
      Scaling scaling,
      double least,
      double greatest,
      Argument argument,
      int rank,
      double[] nngp,
      double[] ntk) {
    new DotProductKernel(scaling, least, greatest, argument, rank, nngp, ntk, 0, 0);
  }
}
