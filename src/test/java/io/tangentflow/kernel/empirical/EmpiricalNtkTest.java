package io.tangentflow.kernel.empirical;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.gradient.DiscreteAdjoint;
import io.tangentflow.gradient.ParameterGradients;
import io.tangentflow.gradient.TangentFeatures;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.spectrum.Spectrum;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class EmpiricalNtkTest {

  private static final long AMPLE = 1L << 30;
  private static final List<TimeGrid> GRIDS =
      List.of(
          new TimeGrid(Tableau.EULER, 1),
          new TimeGrid(Tableau.EULER, 6),
          new TimeGrid(Tableau.MIDPOINT, 3),
          new TimeGrid(Tableau.RK4, 2),
          new TimeGrid(Tableau.THREE_EIGHTHS, 2));

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /**
   * The gradients are rounded as products are (see {@link #rounding}); everything else is a sum of
   * what is compared here, in FP64.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void bothStrategiesGiveTheProductOfTheJacobianWithItsTranspose(BackendCase which) {
    try (Backend backend = which.open()) {
      for (TimeGrid grid : GRIDS) {
        for (int outputs : new int[] {1, 3}) {
          NeuralOde model = model(33, outputs);
          DenseMatrix x = Networks.inputs(model, 7);
          DenseMatrix expected = jacobianProduct(model, grid, x, backend);
          assertTrue(expected.norm() > 1, "the reference is not zero");
          for (GramStrategy strategy : GramStrategy.values()) {
            DenseMatrix actual = gram(strategy, model, grid, x, AMPLE, backend).gram();
            assertWithin(expected, actual, rounding(model, grid, backend.precision()));
          }
        }
      }
    }
  }

  /**
   * At fewer nodes in time within the stated bound, also block by block; the bound falls with the
   * nodes until rounding, or for Runge–Kutta methods what stages at one time differ by.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void fewerNodesInTimeAreWithinTheirBound(BackendCase which) {
    try (Backend backend = which.open()) {
      for (TimeGrid grid :
          List.of(
              new TimeGrid(Tableau.EULER, 9),
              new TimeGrid(Tableau.RK4, 4),
              new TimeGrid(Tableau.MIDPOINT, 5))) {
        for (int outputs : new int[] {1, 3}) {
          NeuralOde model = model(33, outputs);
          DenseMatrix x = Networks.inputs(model, 7);
          DenseMatrix expected =
              gram(GramStrategy.STRUCTURED, model, grid, x, AMPLE, backend).gram();
          double rounding = 2 * rounding(model, grid, backend.precision()) * expected.norm();
          double before = Double.POSITIVE_INFINITY;
          for (int nodes = 1; nodes <= 5; nodes++) {
            EmpiricalNtk.Result all = compressed(nodes, model, grid, x, AMPLE, backend);
            EmpiricalNtk.Compression compression = all.compression().orElseThrow();
            assertEquals(nodes, compression.nodes());
            double bound = compression.gramError(Spectrum.greatest(all.gram()).value());
            double miss = distance(expected, all.gram());
            assertTrue(miss <= bound + rounding, grid + ": " + miss + " of " + bound);
            double leftOut = compression.gramTruncation(Spectrum.greatest(all.gram()).value());
            assertTrue(leftOut < before, grid + ": " + leftOut + " after " + before);
            before = leftOut;
          }
          assertTrue(before < 2e-3 * expected.norm(), grid + ": " + before);
          EmpiricalNtk.Result blocks = blockwise(3, model, grid, x, backend);
          double bound =
              blocks
                  .compression()
                  .orElseThrow()
                  .gramError(Spectrum.greatest(blocks.gram()).value());
          assertTrue(distance(expected, blocks.gram()) <= bound + rounding);
        }
      }
    }
  }

  /** With as many polynomials as there are times nothing is left out. */
  @Test
  void asManyNodesAsTimesAreExact() {
    try (Backend backend = BackendCase.all().get(0).open()) {
      NeuralOde model = model(20, 2);
      TimeGrid grid = new TimeGrid(Tableau.EULER, 6);
      DenseMatrix x = Networks.inputs(model, 4);
      DenseMatrix expected = gram(GramStrategy.STRUCTURED, model, grid, x, AMPLE, backend).gram();
      EmpiricalNtk.Result all = compressed(6, model, grid, x, AMPLE, backend);
      double rounding = 2 * rounding(model, grid, backend.precision()) * expected.norm();
      assertTrue(distance(expected, all.gram()) <= rounding);
      assertTrue(all.compression().orElseThrow().truncation() <= rounding);
      assertThrows(InvalidConfiguration.class, () -> compressed(7, model, grid, x, AMPLE, backend));
    }
  }

  @Test
  void automaticNodesLeaveOutWhatTheySay() {
    BackendCase fp64 =
        BackendCase.all().stream()
            .filter(c -> c.precision() == Precision.FP64)
            .findFirst()
            .orElseThrow();
    try (Backend backend = fp64.open()) {
      NeuralOde model = model(64, 1);
      TimeGrid grid = new TimeGrid(Tableau.EULER, 20);
      DenseMatrix x = Networks.inputs(model, 9);
      EmpiricalNtk ntk =
          new EmpiricalNtk(
              model,
              grid,
              GramPlan.compressed(TimeNodes.AUTO, model, grid, 9, Precision.FP64, shared(AMPLE)));
      EmpiricalNtk.Result result = ntk.gram(new Parameters.Seeded(3), x, backend, f -> {});
      EmpiricalNtk.Compression compression = result.compression().orElseThrow();
      double norm = result.gram().norm();
      assertTrue(compression.nodes() <= 6, compression.nodes() + " nodes");
      assertTrue(compression.gramError(norm) <= 1e-7 * norm, "" + compression);
      NeuralOde relu = new NeuralOde(5, 64, StandardActivation.RELU);
      TimeGrid many = new TimeGrid(Tableau.EULER, 40);
      GramPlan plan =
          GramPlan.compressed(TimeNodes.AUTO, relu, many, 9, Precision.FP64, shared(AMPLE));
      EmpiricalNtk rough = new EmpiricalNtk(relu, many, plan);
      Parameters seeded = new Parameters.Seeded(3);
      assertThrows(InvalidConfiguration.class, () -> rough.gram(seeded, x, backend, f -> {}));
    }
  }

  /** However rough a function of time is, as many nodes as times leave nothing out. */
  @Test
  void automaticNodesAreAllTimesWhereThereAreNoMore() {
    NeuralOde relu = new NeuralOde(5, 64, StandardActivation.RELU);
    DenseMatrix x = Networks.inputs(relu, 4);
    int most = TimeNodes.AUTO.most();
    try (Backend backend = Backends.open("cpu-scalar", new BackendOptions(Precision.FP64, 1))) {
      for (int depth : new int[] {most - 1, most}) {
        TimeGrid grid = new TimeGrid(Tableau.EULER, depth);
        EmpiricalNtk.Result result = automatic(relu, grid, x, backend);
        assertEquals(depth, result.compression().orElseThrow().nodes());
        DenseMatrix expected = gram(GramStrategy.STRUCTURED, relu, grid, x, AMPLE, backend).gram();
        double rounding = 2 * rounding(relu, grid, Precision.FP64) * expected.norm();
        assertTrue(distance(expected, result.gram()) <= rounding);
      }
      TimeGrid more = new TimeGrid(Tableau.EULER, most + 1);
      assertThrows(InvalidConfiguration.class, () -> automatic(relu, more, x, backend));
    }
  }

  private static EmpiricalNtk.Result automatic(
      NeuralOde model, TimeGrid grid, DenseMatrix x, Backend backend) {
    GramPlan plan =
        GramPlan.compressed(
            TimeNodes.AUTO, model, grid, x.columns(), backend.precision(), shared(AMPLE));
    return new EmpiricalNtk(model, grid, plan)
        .gram(new Parameters.Seeded(3), x, backend, fraction -> {});
  }

  private static EmpiricalNtk.Result compressed(
      int nodes, NeuralOde model, TimeGrid grid, DenseMatrix x, long budget, Backend backend) {
    GramPlan plan =
        GramPlan.compressed(
            new TimeNodes(nodes, 0), model, grid, x.columns(), backend.precision(), shared(budget));
    EmpiricalNtk.Result result =
        new EmpiricalNtk(model, grid, plan)
            .gram(new Parameters.Seeded(3), x, backend, fraction -> {});
    assertTrue(
        result.peakBytes() <= plan.deviceBytes(), result.peakBytes() + " of " + plan.deviceBytes());
    assertTrue(
        plan.deviceBytes() <= 1.2 * result.peakBytes(),
        plan.deviceBytes() + " for " + result.peakBytes());
    return result;
  }

  /** The least budget that holds two samples at a time, or three. */
  private static EmpiricalNtk.Result blockwise(
      int nodes, NeuralOde model, TimeGrid grid, DenseMatrix x, Backend backend) {
    long budget =
        GramPlan.compressed(
                    new TimeNodes(nodes, 0),
                    model,
                    grid,
                    x.columns(),
                    backend.precision(),
                    shared(AMPLE))
                .bytes()
            - 1;
    return compressed(nodes, model, grid, x, budget, backend);
  }

  private static double distance(DenseMatrix a, DenseMatrix b) {
    DenseMatrix difference = DenseMatrix.zeros(a.rows(), a.columns());
    for (int i = 0; i < a.values().length; i++) {
      difference.values()[i] = a.values()[i] - b.values()[i];
    }
    return difference.norm();
  }

  @ParameterizedTest
  @MethodSource("backends")
  void structuredAndExplicitAgreeToRounding(BackendCase which) {
    try (Backend backend = which.open()) {
      for (int samples : new int[] {1, 2, 13}) {
        for (int outputs : new int[] {1, 3}) {
          NeuralOde model = model(31, outputs);
          TimeGrid grid = new TimeGrid(Tableau.HEUN, 4);
          DenseMatrix x = Networks.inputs(model, samples);
          DenseMatrix structured =
              gram(GramStrategy.STRUCTURED, model, grid, x, AMPLE, backend).gram();
          DenseMatrix explicit = gram(GramStrategy.EXPLICIT, model, grid, x, AMPLE, backend).gram();
          double bound =
              which.precision() == Precision.FP64
                  ? 1e-12
                  : 2 * rounding(model, grid, which.precision());
          assertWithin(structured, explicit, bound);
        }
      }
    }
  }

  /**
   * A dot product of n numbers errs by at most nu of the product of the norms (Higham 2002, §3.1);
   * an entry of a gradient is one of Q numbers, an entry of a panel's product one of n². The norms
   * of the terms add up to more than the kernel's diagonal: by Cauchy–Schwarz to at most Q times,
   * for terms that do not cancel.
   */
  private static double rounding(NeuralOde model, TimeGrid grid, Precision precision) {
    double n = model.width();
    double q = grid.evaluations();
    return (n * n + 2 * q) * q * precision.unitRoundoff();
  }

  /**
   * The n roundings of a product and those of Q evaluations, forwards and backwards, add up like
   * independent errors, to √(nQ)·u (Higham and Mary, SIAM J. Sci. Comput. 41, 2019), and the flow
   * amplifies them by e^(Lip·T) each way, Lip = σw‖W‖/√n·|φ'| ≤ 2σw, as the norm of a Gaussian
   * matrix is near 2√n. Factor 4: a Gram entry is quadratic in both.
   */
  @Test
  void singlePrecisionIsWithinItsPropagatedRoundingOfDouble() {
    List<BackendCase> singles =
        BackendCase.all().stream().filter(c -> c.precision() == Precision.FP32).toList();
    for (BackendCase single : singles) {
      BackendCase twice = new BackendCase(single.name(), Precision.FP64, single.threads());
      NeuralOde model = model(127, 2);
      TimeGrid grid = new TimeGrid(Tableau.RK4, 5);
      DenseMatrix x = Networks.inputs(model, 9);
      try (Backend narrow = single.open();
          Backend wide = twice.open()) {
        for (GramStrategy strategy : GramStrategy.values()) {
          DenseMatrix expected = gram(strategy, model, grid, x, AMPLE, wide).gram();
          DenseMatrix actual = gram(strategy, model, grid, x, AMPLE, narrow).gram();
          double flow = Math.exp(2 * model.sigmaW() * model.horizon());
          double bound = 4 * Math.sqrt(127 * grid.evaluations()) * 0x1p-24 * flow * flow;
          assertWithin(expected, actual, bound);
          System.out.printf(
              "%s %s fp32 against fp64: relative %.2g, bound %.2g%n",
              single, strategy, actual.distance(expected) / expected.norm(), bound);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void blocksOfSamplesGiveTheSameMatrixAndOutputsWithinAnyBudget(BackendCase which) {
    try (Backend backend = which.open()) {
      for (GramStrategy strategy : GramStrategy.values()) {
        for (int outputs : new int[] {1, 2}) {
          NeuralOde model = model(33, outputs);
          TimeGrid grid = new TimeGrid(Tableau.RK4, 2);
          DenseMatrix x = Networks.inputs(model, 13);
          EmpiricalNtk.Result whole = gram(strategy, model, grid, x, AMPLE, backend);
          List<Integer> blockSizes = new ArrayList<>();
          long budget = plan(strategy, model, grid, 13, AMPLE, backend).bytes() - 1;
          while (blockSizes.isEmpty() || blockSizes.get(blockSizes.size() - 1) > 1) {
            GramPlan plan = plan(strategy, model, grid, 13, budget, backend);
            blockSizes.add(plan.blockSize());
            assertTrue(plan.bytes() <= budget);
            List<Double> progress = new ArrayList<>();
            EmpiricalNtk.Result blocked =
                new EmpiricalNtk(model, grid, plan)
                    .gram(new Parameters.Seeded(3), x, backend, progress::add);
            assertTrue(blocked.peakBytes() <= plan.deviceBytes());
            double bound = 2 * rounding(model, grid, which.precision());
            assertWithin(whole.gram(), blocked.gram(), bound);
            assertEquals(0, whole.outputs().distance(blocked.outputs()), bound);
            assertEquals(progress.stream().sorted().toList(), progress);
            assertEquals(1, progress.get(progress.size() - 1), 1e-12);
            budget = plan.bytes() - 1;
          }
          assertTrue(blockSizes.size() >= 4, "" + blockSizes);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void thePlansBytesAreTheTruePeak(BackendCase which) {
    try (Backend backend = which.open()) {
      for (GramStrategy strategy : GramStrategy.values()) {
        for (int[] shape : new int[][] {{8, 6, 1}, {33, 40, 1}, {127, 24, 3}, {256, 12, 1}}) {
          for (int blocks : new int[] {1, 2, 4}) {
            NeuralOde model = model(shape[0], shape[2]);
            TimeGrid grid = new TimeGrid(Tableau.RK4, 2);
            int samples = shape[1];
            long bytes = AMPLE;
            GramPlan plan = plan(strategy, model, grid, samples, bytes, backend);
            while ((samples - 1) / plan.blockSize() + 1 < blocks) {
              plan = plan(strategy, model, grid, samples, plan.bytes() - 1, backend);
            }
            EmpiricalNtk.Result result =
                new EmpiricalNtk(model, grid, plan)
                    .gram(
                        new Parameters.Seeded(1),
                        Networks.inputs(model, samples),
                        backend,
                        fraction -> {});
            long peak = result.peakBytes();
            assertTrue(peak <= plan.deviceBytes(), peak + " of " + plan.deviceBytes());
            assertTrue(plan.deviceBytes() <= 1.1 * peak, peak + " of " + plan.deviceBytes());
          }
        }
      }
    }
  }

  @Test
  void aBudgetThatHoldsNotEvenOneSampleIsRefusedBeforeAnythingIsAllocated() {
    NeuralOde model = model(1 << 14, 1);
    TimeGrid grid = new TimeGrid(Tableau.RK4, 1000);
    OutOfMemory refusal =
        assertThrows(
            OutOfMemory.class,
            () -> GramPlan.choose(model, grid, 1000, Precision.FP64, shared(1L << 31)));
    assertTrue(refusal.getMessage().contains("1000 samples at width 16384"), refusal.getMessage());
    assertTrue(refusal.getMessage().contains("budget is 2.0 GiB"), refusal.getMessage());
  }

  @Test
  void numbersOfSamplesThatNoMatrixHoldsAreRefused() {
    TimeGrid grid = new TimeGrid(Tableau.EULER, 1);
    for (int samples : new int[] {0, -1, 46_341, 1_000_000}) {
      assertThrows(
          InvalidConfiguration.class,
          () ->
              GramPlan.choose(model(4, 1), grid, samples, Precision.FP64, shared(Long.MAX_VALUE)));
    }
    assertThrows(
        InvalidConfiguration.class,
        () -> GramPlan.choose(model(4, 3), grid, 20_000, Precision.FP64, shared(Long.MAX_VALUE)));
  }

  /** A trajectory is one matrix, and a matrix on the CPU one array. */
  @Test
  void blocksAreSmallEnoughForOneArray() {
    TimeGrid grid = new TimeGrid(Tableau.RK4, 25);
    GramPlan plan =
        GramPlan.of(
            GramStrategy.STRUCTURED,
            model(1 << 14, 1),
            grid,
            4000,
            Precision.FP32,
            shared(1L << 50));
    assertTrue((1L << 14) * plan.blockSize() * 101 < Integer.MAX_VALUE);
    assertTrue(plan.blockSize() > 600);
  }

  @Test
  void theCheaperStrategyIsChosenAndTheOneThatFitsWhereOnlyOneDoes() {
    NeuralOde model = model(512, 1);
    TimeGrid few = new TimeGrid(Tableau.EULER, 3);
    TimeGrid many = new TimeGrid(Tableau.EULER, 200);
    assertEquals(
        GramStrategy.STRUCTURED,
        GramPlan.choose(model, few, 50, Precision.FP32, shared(AMPLE)).strategy());
    assertEquals(
        GramStrategy.EXPLICIT,
        GramPlan.choose(model, many, 50, Precision.FP32, shared(AMPLE)).strategy());
    GramPlan explicit =
        GramPlan.of(GramStrategy.EXPLICIT, model, few, 1, Precision.FP32, shared(AMPLE));
    GramPlan structured =
        GramPlan.of(GramStrategy.STRUCTURED, model, few, 1, Precision.FP32, shared(AMPLE));
    assertTrue(structured.bytes() < explicit.bytes());
    assertEquals(
        GramStrategy.STRUCTURED,
        GramPlan.choose(model, few, 1, Precision.FP32, shared(structured.bytes())).strategy());
    // With less, W is not held as a whole.
    assertFalse(structured.weightsByPanels());
    assertTrue(
        GramPlan.choose(model, few, 1, Precision.FP32, shared(structured.bytes() - 1))
            .weightsByPanels());
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theMatrixIsSymmetricAndPositiveSemidefiniteWithinRounding(BackendCase which) {
    try (Backend backend = which.open()) {
      NeuralOde model = model(33, 3);
      TimeGrid grid = new TimeGrid(Tableau.RK4, 2);
      DenseMatrix x = Networks.inputs(model, 12);
      // Two equal samples make it singular.
      System.arraycopy(x.values(), 0, x.values(), 5, 5);
      for (GramStrategy strategy : GramStrategy.values()) {
        for (long budget :
            new long[] {AMPLE, plan(strategy, model, grid, 12, AMPLE, backend).bytes() - 1}) {
          DenseMatrix k = gram(strategy, model, grid, x, budget, backend).gram();
          assertEquals(0, k.distance(k.transpose()));
          double[] eigenvalues =
              new EigenDecomposition(
                      new Array2DRowRealMatrix(
                          IntStream.range(0, k.rows())
                              .mapToObj(
                                  i ->
                                      Arrays.copyOfRange(
                                          k.values(), i * k.rows(), (i + 1) * k.rows()))
                              .toArray(double[][]::new)))
                  .getRealEigenvalues();
          double least = Arrays.stream(eigenvalues).min().orElseThrow();
          double greatest = Arrays.stream(eigenvalues).max().orElseThrow();
          double bound = 36 * rounding(model, grid, which.precision()) * greatest;
          assertTrue(least > -bound, least + " of " + greatest);
          assertTrue(least < bound + 1e-10 * greatest, "equal samples give a null vector");
        }
      }
    }
  }

  @Test
  void theTraceOverOutputsIsTheMeanOfTheirDiagonalBlocks() {
    DenseMatrix k = DenseMatrix.zeros(4, 4);
    for (int i = 0; i < 16; i++) {
      k.values()[i] = i;
    }
    DenseMatrix trace =
        new EmpiricalNtk.Result(k, DenseMatrix.zeros(2, 2), 0, Optional.empty(), 0)
            .traceOverOutputs();
    assertEquals(2, trace.rows());
    assertEquals((0 + 5) / 2.0, trace.get(0, 0));
    assertEquals((2 + 7) / 2.0, trace.get(1, 0));
    assertEquals((8 + 13) / 2.0, trace.get(0, 1));
    assertEquals((10 + 15) / 2.0, trace.get(1, 1));
  }

  /** Features near 10²⁰⁰ are finite; their products are not. */
  @ParameterizedTest
  @MethodSource("backends")
  void aKernelThatOverflowsIsNamed(BackendCase which) {
    double large = which.precision() == Precision.FP64 ? 1e200 : 1e30;
    NeuralOde model = new NeuralOde(1, 1, StandardActivation.IDENTITY);
    DenseMatrix one = new DenseMatrix(1, 1, new double[] {1});
    Parameters.Given parameters =
        new Parameters.Given(new DenseMatrix(1, 1, new double[] {large}), one, one);
    DenseMatrix x = new DenseMatrix(1, 3, new double[] {0, 1, 0});
    TimeGrid grid = new TimeGrid(Tableau.RK4, 2);
    try (Backend backend = which.open()) {
      for (GramStrategy strategy : GramStrategy.values()) {
        GramPlan plan = plan(strategy, model, grid, 3, AMPLE, backend);
        EmpiricalNtk ntk = new EmpiricalNtk(model, grid, plan);
        NonFiniteState failure =
            assertThrows(
                NonFiniteState.class, () -> ntk.gram(parameters, x, backend, fraction -> {}));
        assertTrue(failure.getMessage().contains("tangent kernel"), failure.getMessage());
      }
    }
  }

  @Test
  void strategiesAreFoundByName() {
    assertEquals(GramStrategy.EXPLICIT, GramStrategy.named("Explicit"));
    assertThrows(InvalidConfiguration.class, () -> GramStrategy.named("dense"));
  }

  /** Against the Gram, in FP64 on the host, of the features that the backend has. */
  @ParameterizedTest
  @MethodSource("backends")
  void roundingOfProductsStaysWithinItsBound(BackendCase which) {
    try (Backend backend = which.open()) {
      TimeGrid grid = new TimeGrid(Tableau.named("rk4"), 2);
      NeuralOde model = model(24, 2);
      DenseMatrix x = Networks.inputs(model, 7);
      for (GramStrategy strategy : GramStrategy.values()) {
        EmpiricalNtk.Result result = gram(strategy, model, grid, x, AMPLE, backend);
        DenseMatrix exact = gramOfFeatures(model, grid, x, backend);
        double moved = result.gram().distance(exact);
        // Explicit gradients are rounded as they are formed, by at most Q more roundings each.
        double forming =
            strategy == GramStrategy.EXPLICIT
                ? 4 * (grid.evaluations() + 1) * backend.precision().unitRoundoff() * exact.norm()
                : 0;
        assertTrue(
            moved <= result.roundingBound() + forming, moved + " of " + result.roundingBound());
        double pessimism =
            result.roundingBound() / (backend.precision().unitRoundoff() * trace(exact));
        assertTrue(pessimism < 1000 * model.width(), "a bound of no use: " + pessimism);
      }
    }
  }

  private static double trace(DenseMatrix matrix) {
    return IntStream.range(0, matrix.rows()).mapToDouble(i -> matrix.get(i, i)).sum();
  }

  /** Σ_q,r (A_q·A_r)(Φ_q·Φ_r) and the terms of U and V, of features as they are stored. */
  private static DenseMatrix gramOfFeatures(
      NeuralOde model, TimeGrid grid, DenseMatrix x, Backend backend) {
    try (Workspace workspace = backend.workspace("a test", AMPLE)) {
      Weights weights = Weights.place(model, new Parameters.Seeded(3), workspace);
      TangentFeatures f =
          new DiscreteAdjoint(grid).features(weights, weights.upload(x, workspace), workspace);
      int m = model.outputs();
      int samples = x.columns();
      DenseMatrix a = backend.download(f.adjoints());
      DenseMatrix phi = backend.download(f.activations());
      DenseMatrix first = backend.download(f.initialAdjoint());
      DenseMatrix last = backend.download(f.finalActivation());
      DenseMatrix inputs = backend.download(f.inputs());
      double ofU = Math.pow(model.inputScale(), 2);
      double ofV = Math.pow(model.outputScale(), 2);
      DenseMatrix k = DenseMatrix.zeros(samples * m, samples * m);
      for (int row = 0; row < k.rows(); row++) {
        for (int column = 0; column < k.columns(); column++) {
          double sum =
              ofU * dot(first, row, first, column) * dot(inputs, row / m, inputs, column / m);
          if (row % m == column % m) {
            sum += ofV * dot(last, row / m, last, column / m);
          }
          for (int q = 0; q < f.pairs(); q++) {
            for (int r = 0; r < f.pairs(); r++) {
              sum +=
                  dot(a, q * samples * m + row, a, r * samples * m + column)
                      * dot(phi, q * samples + row / m, phi, r * samples + column / m);
            }
          }
          k.set(row, column, sum);
        }
      }
      return k;
    }
  }

  private static double dot(DenseMatrix a, int i, DenseMatrix b, int j) {
    double sum = 0;
    for (int row = 0; row < a.rows(); row++) {
      sum += a.get(row, i) * b.get(row, j);
    }
    return sum;
  }

  private static NeuralOde model(int width, int outputs) {
    return new NeuralOde(5, width, outputs, 0.8, 1.2, 0.9, 1.1, StandardActivation.SOFTPLUS);
  }

  private static MemoryBudget shared(long bytes) {
    return MemoryBudget.shared(bytes);
  }

  private static GramPlan plan(
      GramStrategy strategy,
      NeuralOde model,
      TimeGrid grid,
      int samples,
      long budget,
      Backend backend) {
    return GramPlan.of(strategy, model, grid, samples, backend.precision(), shared(budget));
  }

  private static EmpiricalNtk.Result gram(
      GramStrategy strategy,
      NeuralOde model,
      TimeGrid grid,
      DenseMatrix x,
      long budget,
      Backend backend) {
    GramPlan plan = plan(strategy, model, grid, x.columns(), budget, backend);
    return new EmpiricalNtk(model, grid, plan)
        .gram(new Parameters.Seeded(3), x, backend, fraction -> {});
  }

  /** J Jᵀ in FP64, row i·m + o of J being the gradient of output o of sample i. */
  private static DenseMatrix jacobianProduct(
      NeuralOde model, TimeGrid grid, DenseMatrix x, Backend backend) {
    try (Workspace workspace = backend.workspace("a test", 1 << 26)) {
      Weights weights = Weights.place(model, new Parameters.Seeded(3), workspace);
      TangentFeatures features =
          new DiscreteAdjoint(grid).features(weights, weights.upload(x, workspace), workspace);
      int m = model.outputs();
      List<List<DenseMatrix>> rows = new ArrayList<>();
      for (int row = 0; row < x.columns() * m; row++) {
        ParameterGradients g = ParameterGradients.of(features, row / m, row % m, workspace);
        rows.add(List.of(g.u(), g.w(), g.v()));
      }
      DenseMatrix k = DenseMatrix.zeros(rows.size(), rows.size());
      for (int i = 0; i < k.rows(); i++) {
        for (int j = 0; j < k.rows(); j++) {
          double sum = 0;
          for (int block = 0; block < 3; block++) {
            double[] a = rows.get(i).get(block).values();
            double[] b = rows.get(j).get(block).values();
            for (int e = 0; e < a.length; e++) {
              sum += a[e] * b[e];
            }
          }
          k.set(i, j, sum);
        }
      }
      return k;
    }
  }

  /** Relative to the geometric mean of the diagonal entries, as a kernel is. */
  private static void assertWithin(DenseMatrix expected, DenseMatrix actual, double bound) {
    for (int j = 0; j < expected.columns(); j++) {
      for (int i = 0; i < expected.rows(); i++) {
        double scale = Math.sqrt(expected.get(i, i) * expected.get(j, j));
        assertEquals(expected.get(i, j), actual.get(i, j), bound * scale);
      }
    }
  }
}
