package io.tangentflow.kernel.empirical;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.model.Activation;
import io.tangentflow.model.Block;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.spectrum.ExtremeEigenvalues;
import io.tangentflow.spectrum.Search;
import io.tangentflow.spectrum.Spectrum;
import io.tangentflow.spectrum.SymmetricOperator;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class TangentKernelOperatorTest {

  private static final long AMPLE = 1L << 30;
  private static final List<Activation> ACTIVATIONS =
      List.of(StandardActivation.SOFTPLUS, StandardActivation.TANH, StandardActivation.RELU);
  private static final List<TimeGrid> GRIDS =
      List.of(new TimeGrid(Tableau.EULER, 6), new TimeGrid(Tableau.RK4, 2));

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /**
   * Every column of K, by products with unit vectors, against the structured and the explicit Gram
   * of the same features, within the stated bound and as much for the Gram, whose sums are shorter;
   * with samples enough for two groups and a part of one, and for several blocks.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void productsWithUnitVectorsAreTheColumnsOfTheGram(BackendCase which) {
    try (Backend backend = which.open()) {
      for (Activation phi : ACTIVATIONS) {
        for (TimeGrid grid : GRIDS) {
          for (int outputs : new int[] {1, 3}) {
            NeuralOde model = model(33, outputs, phi);
            DenseMatrix x = Networks.inputs(model, 70);
            for (GramStrategy strategy : GramStrategy.values()) {
              DenseMatrix expected = gram(strategy, model, grid, x, backend);
              assertTrue(expected.norm() > 1, "the reference is not zero");
              if (strategy == GramStrategy.STRUCTURED || phi == StandardActivation.TANH) {
                compare(expected, TimeNodes.ALL, model, grid, x, backend);
              }
            }
          }
        }
      }
    }
  }

  private static void compare(
      DenseMatrix expected,
      TimeNodes nodes,
      NeuralOde model,
      TimeGrid grid,
      DenseMatrix x,
      Backend backend) {
    long whole = plan(nodes, model, grid, x.columns(), AMPLE, backend).deviceBytes();
    for (long budget : new long[] {AMPLE, whole - 1}) {
      TangentKernelPlan plan = plan(nodes, model, grid, x.columns(), budget, backend);
      try (TangentKernelOperator kernel = operator(plan, model, grid, x, backend)) {
        int order = kernel.order();
        DenseMatrix identity = DenseMatrix.zeros(order, order);
        for (int i = 0; i < order; i++) {
          identity.set(i, i, 1);
        }
        DenseMatrix columns = kernel.times(identity);
        double fewer = kernel.compression().map(c -> c.gramError(kernel.normBound())).orElse(0.0);
        for (int j = 0; j < order; j++) {
          double squared = 0;
          for (int i = 0; i < order; i++) {
            squared += Math.pow(columns.get(i, j) - expected.get(i, j), 2);
          }
          double bound = 2 * kernel.productError() + fewer;
          assertTrue(Math.sqrt(squared) <= bound, Math.sqrt(squared) + " of " + bound);
        }
        double trace = 0;
        for (int i = 0; i < order; i++) {
          trace += expected.get(i, i);
        }
        assertTrue(kernel.normBound() + fewer >= trace * (1 - 1e-3), "no less than the trace");
        assertTrue(kernel.normBound() <= 3 * trace, kernel.normBound() + " for " + trace);
        long peak = kernel.peakBytes();
        assertTrue(peak <= plan.deviceBytes(), peak + " of " + plan.deviceBytes());
        assertTrue(plan.deviceBytes() <= 1.2 * peak, plan.deviceBytes() + " for " + peak);
      }
    }
  }

  /** Of each set of blocks, within the bound of all, against the Gram of those blocks. */
  @ParameterizedTest
  @MethodSource("backends")
  void productsOfSomeBlocksAreThoseOfTheirGram(BackendCase which) {
    TimeGrid grid = new TimeGrid(Tableau.RK4, 2);
    NeuralOde model = model(33, 3, StandardActivation.SOFTPLUS);
    DenseMatrix x = Networks.inputs(model, 6);
    DenseMatrix identity = DenseMatrix.zeros(18, 18);
    for (int i = 0; i < 18; i++) {
      identity.set(i, i, 1);
    }
    try (Backend backend = which.open()) {
      TangentKernelPlan plan = plan(TimeNodes.ALL, model, grid, 6, AMPLE, backend);
      GramPlan ofGram =
          GramPlan.of(
              GramStrategy.EXPLICIT,
              model,
              grid,
              6,
              backend.precision(),
              MemoryBudget.shared(AMPLE));
      for (Block left : Block.values()) {
        for (Block right : Block.values()) {
          Set<Block> blocks = EnumSet.of(left, right);
          DenseMatrix expected =
              new EmpiricalNtk(model, grid, ofGram)
                  .ofBlocks(blocks)
                  .gram(new Parameters.Seeded(3), x, backend, fraction -> {})
                  .gram();
          assertTrue(expected.norm() > 0.1, "the reference is not zero");
          try (TangentKernelOperator kernel =
              TangentKernelOperator.of(
                  model, blocks, grid, plan, new Parameters.Seeded(3), x, backend, done -> {})) {
            double distance = expected.distance(kernel.times(identity));
            // Of 18 columns together, and as much for the Gram.
            double bound = 2 * Math.sqrt(18) * kernel.productError();
            assertTrue(distance <= bound, blocks + ": " + distance + " of " + bound);
            assertTrue(distance <= which.tolerance() * expected.norm(), blocks + ": " + distance);
          }
        }
      }
    }
  }

  /** At fewer nodes in time, within their bound and that of rounding. */
  @ParameterizedTest
  @MethodSource("backends")
  void fewerNodesInTimeAreWithinTheirBound(BackendCase which) {
    try (Backend backend = which.open()) {
      TimeGrid grid = new TimeGrid(Tableau.EULER, 6);
      for (int outputs : new int[] {1, 3}) {
        NeuralOde model = model(33, outputs, StandardActivation.SOFTPLUS);
        DenseMatrix x = Networks.inputs(model, 40);
        DenseMatrix expected = gram(GramStrategy.STRUCTURED, model, grid, x, backend);
        for (int nodes : new int[] {2, 4}) {
          compare(expected, new TimeNodes(nodes, 0), model, grid, x, backend);
        }
      }
    }
  }

  /** Lanczos on products against LAPACK on the Gram, within both bounds. */
  @ParameterizedTest
  @MethodSource("backends")
  void extremeEigenvaluesAreThoseOfTheGram(BackendCase which) {
    try (Backend backend = which.open()) {
      NeuralOde model = model(33, 2, StandardActivation.GELU);
      TimeGrid grid = new TimeGrid(Tableau.RK4, 2);
      DenseMatrix x = Networks.inputs(model, 15);
      DenseMatrix gram = gram(GramStrategy.STRUCTURED, model, grid, x, backend);
      double[] expected = Spectrum.eigenvalues(gram);
      TangentKernelPlan plan = plan(TimeNodes.ALL, model, grid, 15, AMPLE, backend);
      try (TangentKernelOperator kernel = operator(plan, model, grid, x, backend)) {
        SymmetricOperator operator =
            new SymmetricOperator(kernel.order(), kernel::times, kernel.productError());
        double tolerance = which.precision() == Precision.FP64 ? 1e-10 : 1e-5;
        Search search = new Search(2, 2, tolerance, 60, 1, 30);
        ExtremeEigenvalues found = ExtremeEigenvalues.of(operator, search, done -> {});
        assertTrue(found.converged(), found.toString());
        for (int i = 0; i < 2; i++) {
          double low = found.least().get(i).bound() + kernel.productError();
          assertEquals(expected[i], found.least().get(i).value(), low);
          double high = found.greatest().get(i).bound() + kernel.productError();
          assertEquals(expected[28 + i], found.greatest().get(i).value(), high);
        }
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeAnythingIsAllocated() {
    TimeGrid grid = new TimeGrid(Tableau.EULER, 6);
    NeuralOde model = model(1 << 12, 1, StandardActivation.TANH);
    try (Backend backend = BackendCase.all().get(0).open()) {
      OutOfMemory refusal =
          assertThrows(
              OutOfMemory.class, () -> plan(TimeNodes.ALL, model, grid, 100_000, AMPLE, backend));
      assertTrue(refusal.getMessage().contains("100000 samples at width 4096"));
      long exact = plan(TimeNodes.ALL, model, grid, 1, AMPLE, backend).deviceBytes();
      assertThrows(OutOfMemory.class, () -> plan(TimeNodes.ALL, model, grid, 1, exact, backend));
      assertThrows(
          InvalidConfiguration.class, () -> plan(TimeNodes.ALL, model, grid, 0, AMPLE, backend));
      TangentKernelPlan plan =
          plan(TimeNodes.ALL, model(8, 1, StandardActivation.TANH), grid, 3, AMPLE, backend);
      NeuralOde small = model(8, 1, StandardActivation.TANH);
      try (TangentKernelOperator kernel =
          operator(plan, small, grid, Networks.inputs(small, 3), backend)) {
        assertThrows(IllegalArgumentException.class, () -> kernel.times(DenseMatrix.zeros(4, 1)));
      }
    }
  }

  /**
   * Features near 10²⁰⁰ are finite; their norms are not, nor in FP32 products of those near 10³⁰.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void aKernelThatOverflowsIsNamed(BackendCase which) {
    double large = which.precision() == Precision.FP64 ? 1e200 : 1e30;
    NeuralOde model = new NeuralOde(1, 1, StandardActivation.IDENTITY);
    DenseMatrix one = new DenseMatrix(1, 1, new double[] {1});
    Parameters.Given parameters =
        new Parameters.Given(new DenseMatrix(1, 1, new double[] {large}), one, one);
    TimeGrid grid = new TimeGrid(Tableau.RK4, 2);
    try (Backend backend = which.open()) {
      TangentKernelPlan plan = plan(TimeNodes.ALL, model, grid, 1, AMPLE, backend);
      NonFiniteState failure =
          assertThrows(
              NonFiniteState.class,
              () -> {
                try (TangentKernelOperator kernel =
                    TangentKernelOperator.of(
                        model, grid, plan, parameters, one, backend, fraction -> {})) {
                  kernel.times(one);
                }
              });
      assertTrue(failure.getMessage().contains("tangent kernel"), failure.getMessage());
    }
  }

  private static NeuralOde model(int width, int outputs, Activation phi) {
    return new NeuralOde(5, width, outputs, 0.8, 1.2, 0.9, 1.1, phi);
  }

  private static TangentKernelPlan plan(
      TimeNodes nodes, NeuralOde model, TimeGrid grid, int samples, long budget, Backend backend) {
    return TangentKernelPlan.of(
        nodes, model, grid, samples, backend.precision(), MemoryBudget.shared(budget));
  }

  private static TangentKernelOperator operator(
      TangentKernelPlan plan, NeuralOde model, TimeGrid grid, DenseMatrix x, Backend backend) {
    return TangentKernelOperator.of(
        model, grid, plan, new Parameters.Seeded(3), x, backend, fraction -> {});
  }

  private static DenseMatrix gram(
      GramStrategy strategy, NeuralOde model, TimeGrid grid, DenseMatrix x, Backend backend) {
    GramPlan plan =
        GramPlan.of(
            strategy, model, grid, x.columns(), backend.precision(), MemoryBudget.shared(AMPLE));
    return new EmpiricalNtk(model, grid, plan)
        .gram(new Parameters.Seeded(3), x, backend, fraction -> {})
        .gram();
  }
}
