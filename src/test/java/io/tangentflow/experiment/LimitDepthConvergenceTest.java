package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.experiment.LimitDepthGaps.Gap;
import io.tangentflow.experiment.LimitDepthGaps.Kernel;
import io.tangentflow.experiment.LimitDepthGaps.Row;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.Networks;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LimitDepthConvergenceTest {

  private static final int SAMPLES = 3;

  private static LimitDepthGaps gaps(NeuralOde model, List<Integer> depths) {
    return LimitDepthGaps.measure(
        model, depths, Networks.inputs(model, SAMPLES), ForkJoinPool.commonPool(), pairs -> {});
  }

  /**
   * φ(h) = h: the covariance is that of Σ_k C(L,k)(Δσw X)^k h₀, whose powers of the Gaussian X are
   * uncorrelated at infinite width, so NNGP^L = NNGP⁰·Σ_k C(L,k)²(σwT/L)^2k, and in the continuum
   * NNGP⁰·Σ_k ((σwT)^k/k!)². Both kernels of all pairs have the same factor.
   */
  @Test
  void gapOfTheIdentityIsItsSeries() {
    double flow = 1.4;
    NeuralOde model = new NeuralOde(5, 1, 1, 0.7, 1.3, 2, 0.9, StandardActivation.IDENTITY);
    for (Row row : gaps(model, List.of(1, 3, 10)).byDepth()) {
      int depth = row.depth();
      double discrete = 0;
      double continuum = 0;
      double binomial = 1;
      double power = 1;
      for (int k = 0; k < 40; k++) {
        discrete += Math.pow(binomial * Math.pow(flow / depth, k), 2);
        continuum += power * power;
        binomial *= (depth - k) / (k + 1.0);
        power *= flow / (k + 1);
      }
      double expected = (continuum - discrete) / continuum;
      assertEquals(expected, row.gap().get(Kernel.NNGP).value(), 1e-12);
    }
  }

  /** The gap is C/L + O(1/L²): from L = 64 on the second term bends the slope by a hundredth. */
  @ParameterizedTest
  @EnumSource(names = {"SOFTPLUS", "GELU", "TANH", "RELU", "QUADRATIC", "ERF", "SINE"})
  void kernelsConvergeLikeOneOverDepth(StandardActivation phi) {
    NeuralOde model = new NeuralOde(5, 1, 1, 1, 1, 0.3, 1, phi);
    LimitDepthGaps limit = gaps(model, List.of(64, 128, 256));
    for (Kernel kernel : Kernel.values()) {
      PowerLaw fit = LimitDepthConvergence.fit(limit, kernel).orElseThrow();
      assertEquals(-1, fit.slope(), 0.02, kernel.toString());
    }
  }

  @Test
  void gapsWithinTheKernelsOwnErrorAreNamedAndHaveNoPartInARate() {
    NeuralOde model = new NeuralOde(5, 1, StandardActivation.SOFTPLUS);
    List<Row> rows = new ArrayList<>();
    for (int depth : new int[] {4, 8, 16, 32}) {
      Gap good = new Gap(1.0 / depth, 1e-9);
      Gap floor = new Gap(depth > 8 ? 1e-8 : 1.0 / depth, 1.1e-9);
      rows.add(new Row(depth, Map.of(Kernel.NNGP, good, Kernel.NTK, floor)));
    }
    LimitDepthConvergence found =
        new LimitDepthConvergence("test", List.of(new LimitDepthGaps(model, rows)));
    String findings = String.join("\n", found.findings());
    assertTrue(findings.contains("of the NTK, depth 16, 32 is left out"), findings);
    assertTrue(findings.contains("NNGP goes like L^−1.00"), findings);
    assertTrue(findings.contains("NTK has no rate"), findings);
    assertFalse(findings.contains("of the NNGP, depth"), findings);
    assertTrue(found.json().at("/0/exponent/ntk").isNull());
    assertEquals(4, found.json().at("/0/exponent/nngp/depths").asInt());
    assertFalse(found.json().at("/0/depths/2/ntk/resolved").asBoolean());
  }

  @Test
  void kernelsThatAreZeroAreRefused() {
    NeuralOde zero = new NeuralOde(5, 1, 1, 1, 0, 1, 1, StandardActivation.RELU);
    String message =
        assertThrows(InvalidConfiguration.class, () -> gaps(zero, List.of(1, 2, 3))).getMessage();
    assertTrue(message.contains("is zero on these data"), message);
  }

  /** Against pairs one by one, at one norm and at several. */
  @Test
  void gapIsThatOfThePairs() {
    NeuralOde model = new NeuralOde(2, 1, StandardActivation.GELU);
    DenseMatrix x = new DenseMatrix(2, 2, new double[] {1, 0.5, -0.3, 1.1});
    Row row =
        LimitDepthGaps.measure(model, List.of(3), x, ForkJoinPool.commonPool(), pairs -> {})
            .byDepth()
            .get(0);
    double[][] pairs = {{0.625, 0.625, 0.625}, {0.625, 0.65, 0.125}, {0.65, 0.65, 0.65}};
    double[] times = {1, 2, 1};
    double difference = 0;
    double norm = 0;
    for (int k = 0; k < 3; k++) {
      double[] p = pairs[k];
      double limit =
          new io.tangentflow.kernel.limit.ContinuumLimit(model).pair(p[0], p[1], p[2]).ntk();
      double discrete =
          new io.tangentflow.kernel.limit.FiniteDepthLimit(model, 3).pair(p[0], p[1], p[2]).ntk();
      difference += times[k] * (limit - discrete) * (limit - discrete);
      norm += times[k] * limit * limit;
    }
    assertEquals(Math.sqrt(difference / norm), row.gap().get(Kernel.NTK).value(), 1e-12);
  }
}
