package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.experiment.KernelWidthGaps.Row;
import io.tangentflow.experiment.KernelWidthGaps.Setting;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.Networks;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelWidthConvergenceTest {

  private static final MemoryBudget BUDGET = MemoryBudget.shared(1L << 28);

  private static KernelWidthGaps gaps(NeuralOde model, Setting setting, Precision precision) {
    try (Backend backend = Backends.open(Backends.AUTO, new BackendOptions(precision, 1))) {
      return KernelWidthGaps.measure(
          model, setting, Networks.inputs(model, 2), backend, 1, BUDGET, width -> {});
    }
  }

  /**
   * φ(h) = h, two layers, c = σwT/2, X = W/√n: all entries of the kernel are proportional to x·x̄,
   * and Wick's theorem gives E‖(I + cX)²h‖² = ‖h‖²(1 + 4c² + c⁴ + 2c²/n + 2c⁴/n²), which the terms
   * of U and of V have, and E(tr(I + cX))² = n² + c², which stands twice in the term of W. Together
   *
   * <pre>
   *   E K_n / (σu²σv² x·x̄/d) = 2(1 + 4c² + c⁴) + 2c²(2 + c²) + 4c²/n + 6c⁴/n².
   * </pre>
   */
  private static double biasOfTwoLinearLayers(double c, int n) {
    double limit = 2 * (1 + 4 * c * c + Math.pow(c, 4)) + 2 * c * c * (2 + c * c);
    return (4 * c * c / n + 6 * Math.pow(c, 4) / (n * n)) / limit;
  }

  @Test
  void biasOfTwoLinearLayersIsFoundAsWickSays() {
    NeuralOde model = new NeuralOde(3, 1, 1, 1.6, 0.8, 2, 1.1, StandardActivation.IDENTITY);
    KernelWidthGaps family =
        gaps(model, new Setting(2, List.of(2, 3, 4), 12_000, 5), Precision.FP64);
    for (Row row : family.byWidth()) {
      assertTrue(row.biasResolved(), row.mean().toString());
      assertTrue(row.mean().normError() < 0.2 * row.mean().norm(), row.mean().toString());
      assertEquals(
          biasOfTwoLinearLayers(1.6, row.width()), row.mean().norm(), 4 * row.mean().normError());
    }
    assertTrue(KernelWidthConvergence.fitOfBias(family).isPresent());
  }

  /** With σw = 0 the kernel is a mean of n independent terms, of no bias at any width. */
  @Test
  void kernelWithoutABiasHasNoneResolvedAndNoRate() {
    NeuralOde model = new NeuralOde(3, 1, 1, 1, 1, 0, 1, StandardActivation.SOFTPLUS);
    KernelWidthGaps family =
        gaps(model, new Setting(2, List.of(4, 8, 16, 32), 300, 0), Precision.FP64);
    KernelWidthConvergence found = new KernelWidthConvergence("test", List.of(family));
    for (Row row : family.byWidth()) {
      assertFalse(row.biasResolved(), row.mean().toString());
      assertTrue(row.mean().normOfMean() > 0.001, "the mean is off by noise");
    }
    String findings = String.join("\n", found.findings());
    assertTrue(findings.contains("its bias has no rate"), findings);
    assertTrue(findings.contains("the bias at width 4, 8, 16, 32 is left out"), findings);
    assertTrue(found.table().toText().contains("not resolved, < "));
    assertTrue(found.biasPlot().isEmpty());
    assertTrue(found.json().at("/0/exponent/bias").isNull());
    assertTrue(found.json().at("/0/widths/0/bias").isNull());
    // 1,200 independent networks of one law n^(−1/2): the interval's half-width is about 0.03.
    PowerLaw fit = KernelWidthConvergence.fitOfNetworks(family).orElseThrow();
    assertEquals(-0.5, fit.slope(), 0.1);
  }

  /** Each network computed again alone, in the other strategy and precision. */
  @Test
  void rowsAreThoseOfTheNetworksOfSuccessiveSeeds() {
    NeuralOde model = new NeuralOde(3, 1, StandardActivation.TANH);
    Setting setting = new Setting(3, List.of(5, 9, 17), 4, 40);
    DenseMatrix x = Networks.inputs(model, 2);
    DenseMatrix limit = new FiniteDepthLimit(model, 3).gram(x).ntk();
    KernelWidthGaps family = gaps(model, setting, Precision.FP32);
    try (Backend backend = Backends.open(Backends.AUTO, new BackendOptions(Precision.FP64, 1))) {
      for (int w = 0; w < 3; w++) {
        Row row = family.byWidth().get(w);
        assertEquals(40 + 4 * w, row.firstSeed());
        // A few unit roundoffs of FP32, measured against FP64, and the limit's far smaller error.
        assertTrue(row.kernelError() > 1e-9 && row.kernelError() < 3e-6, row.toString());
        NeuralOde network = model.withWidth(row.width());
        GramPlan plan =
            GramPlan.of(GramStrategy.EXPLICIT, network, setting.grid(), 2, Precision.FP64, BUDGET);
        List<DenseMatrix> grams = new ArrayList<>();
        DenseMatrix mean = DenseMatrix.zeros(2, 2);
        for (int r = 0; r < 4; r++) {
          Parameters seeded = new Parameters.Seeded(row.firstSeed() + r);
          DenseMatrix gram =
              new EmpiricalNtk(network, setting.grid(), plan)
                  .gram(seeded, x, backend, fraction -> {})
                  .gram();
          grams.add(gram);
          assertEquals(gram.distance(limit) / limit.norm(), row.errors().get(r), 1e-5);
          for (int i = 0; i < 4; i++) {
            mean.values()[i] += gram.values()[i] / 4;
          }
        }
        double distance = mean.distance(limit) / limit.norm();
        assertEquals(distance, row.mean().normOfMean(), 1e-5);
        // The noise taken out: the spread of the networks about their mean, divided by R.
        double spread = grams.stream().mapToDouble(g -> Math.pow(g.distance(mean), 2)).sum() / 3;
        assertEquals(
            distance * distance - spread / 4 / Math.pow(limit.norm(), 2),
            row.mean().squaredNorm(),
            1e-5);
      }
    }
  }

  /** What FP32 leaves uncertain is no bias, however many networks agree on it. */
  @Test
  void biasWithinTheKernelsOwnErrorIsNotResolved() {
    MeanDeviation sure = new MeanDeviation(100, 0.01, 1e-4, 1e-6);
    assertTrue(sure.resolved());
    assertTrue(new Row(8, 0, List.of(0.1, 0.1, 0.1), sure, 0.0009).biasResolved());
    assertFalse(new Row(8, 0, List.of(0.1, 0.1, 0.1), sure, 0.0011).biasResolved());
  }

  @Test
  void kernelsThatDoNotFitAreRefused() {
    NeuralOde model = new NeuralOde(3, 1, StandardActivation.TANH);
    Setting many = new Setting(3, List.of(5), 1_000_000, 0);
    try (Backend backend = Backends.open(Backends.AUTO, new BackendOptions(Precision.FP64, 1))) {
      String message =
          assertThrows(
                  OutOfMemory.class,
                  () ->
                      KernelWidthGaps.measure(
                          model,
                          many,
                          Networks.inputs(model, 2),
                          backend,
                          1,
                          MemoryBudget.shared(1 << 20),
                          width -> {}))
              .getMessage();
      assertTrue(message.contains("1000000 networks on 2 samples"), message);
    }
  }
}
