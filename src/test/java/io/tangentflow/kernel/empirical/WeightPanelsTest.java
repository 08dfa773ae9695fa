package io.tangentflow.kernel.empirical;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.ode.Weights;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks whose W is made by panels of columns, against those that hold it. */
@Tag("every-backend")
class WeightPanelsTest {

  private static final int WIDTH = 135;
  private static final int SAMPLES = 6;
  private static final long AMPLE = 1L << 28;

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  /**
   * Against the matrix on the host: a product of n numbers errs by at most nu of the product of the
   * norms in any order (Higham 2002, §3.5).
   */
  @ParameterizedTest
  @MethodSource("backends")
  void productsAreThoseWithTheWholeMatrix(BackendCase which) {
    NeuralOde model = model(1);
    DenseMatrix start = Parameters.gaussian(WIDTH, SAMPLES, 7, 3);
    DenseMatrix w = Networks.parameters(model, 5).w();
    DenseMatrix straight = plus(Networks.product(w, start), start);
    DenseMatrix transposed = Networks.product(w.transpose(), start);
    for (Parameters parameters : List.of(new Parameters.Seeded(5), Networks.parameters(model, 5))) {
      for (int columns : new int[] {4, 16, 64, 200}) {
        try (Backend backend = which.open();
            Workspace workspace = backend.workspace("a test", AMPLE)) {
          Weights weights = Weights.placeByPanels(model, parameters, columns, workspace);
          assertThrows(IllegalStateException.class, weights::w);
          assertEquals(
              AMPLE - workspace.remainingBytes(),
              Weights.bytes(model, Math.min(columns, WIDTH), which.precision().bytes()));
          Matrix b = workspace.upload(start);
          Matrix c = workspace.upload(start);
          double bound = WIDTH * which.precision().unitRoundoff() * w.norm() * start.norm();
          weights.flow().multiply(1, b, 1, c);
          assertTrue(straight.distance(backend.download(c)) <= bound);
          // With β = 0 the old values are not read.
          DenseMatrix nan = DenseMatrix.zeros(WIDTH, SAMPLES);
          nan.set(WIDTH - 1, 1, Double.NaN);
          backend.upload(nan, c);
          weights.flow().multiply(-1, b, 0, c);
          assertTrue(
              scaled(-1, plus(straight, scaled(-1, start))).distance(backend.download(c)) <= bound);
          backend.upload(nan, c);
          weights.flow().multiplyTransposed(1, b, c);
          assertTrue(transposed.distance(backend.download(c)) <= bound);
        }
      }
    }
  }

  /** The columns of a panel are the numbers of the whole stream, to the last bit. */
  @ParameterizedTest
  @MethodSource("backends")
  void partsOfAStreamAreThoseOfTheWhole(BackendCase which) {
    try (Backend backend = which.open();
        Workspace workspace = backend.workspace("a test", AMPLE)) {
      Matrix whole = workspace.allocate(WIDTH, 40);
      Matrix part = workspace.allocate(WIDTH, 12);
      backend.gaussian(whole, 9, 1);
      for (int first : new int[] {0, 4, 28}) {
        backend.gaussian(part, 9, 1, (long) first * WIDTH);
        assertArrayEquals(
            backend.download(whole.columnRange(first, 12)).values(),
            backend.download(part).values());
      }
      assertThrows(IllegalArgumentException.class, () -> backend.gaussian(part, 9, 1, 2));
    }
  }

  /**
   * The same kernel within a budget that W alone exceeds. Wφ is summed in another order, which is
   * worth rounding errors of products at each of Q evaluations and back; the flow amplifies them by
   * e^(2σwT) each way, as in {@code EmpiricalNtkTest}, and factor 4 as a kernel is quadratic in
   * both.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void kernelsAreTheSameWithinABudgetBelowW(BackendCase which) {
    try (Backend backend = which.open()) {
      for (int outputs : new int[] {1, 2}) {
        NeuralOde model = model(outputs);
        TimeGrid grid = new TimeGrid(Tableau.RK4, 3);
        DenseMatrix x = Networks.inputs(model, SAMPLES);
        long w = (long) WIDTH * WIDTH * which.precision().bytes();
        double flow = Math.exp(2 * model.sigmaW() * model.horizon());
        double bound =
            4
                * Math.sqrt(WIDTH * grid.evaluations())
                * which.precision().unitRoundoff()
                * flow
                * flow;
        for (GramStrategy strategy : GramStrategy.values()) {
          GramPlan held = plan(strategy, model, grid, backend, AMPLE);
          assertFalse(held.weightsByPanels());
          GramPlan least = leastPlan(strategy, model, grid, backend);
          compare(held, least, model, grid, x, bound, backend);
        }
        GramPlan compressed = compressed(model, grid, backend, AMPLE);
        assertFalse(compressed.weightsByPanels());
        GramPlan least = compressed(model, grid, backend, w + w / 4);
        compare(compressed, least, model, grid, x, bound, backend);
      }
    }
  }

  private static void compare(
      GramPlan held,
      GramPlan panels,
      NeuralOde model,
      TimeGrid grid,
      DenseMatrix x,
      double bound,
      Backend backend) {
    assertTrue(panels.weightsByPanels(), panels.toString());
    assertTrue(panels.toString().contains("columns at a time for each product"), "" + panels);
    assertFalse(held.toString().contains("columns at a time for each product"), "" + held);
    Parameters parameters = new Parameters.Seeded(3);
    EmpiricalNtk.Result expected =
        new EmpiricalNtk(model, grid, held).gram(parameters, x, backend, f -> {});
    EmpiricalNtk.Result actual =
        new EmpiricalNtk(model, grid, panels).gram(parameters, x, backend, f -> {});
    assertTrue(actual.peakBytes() <= panels.deviceBytes());
    assertTrue(panels.deviceBytes() <= 1.2 * actual.peakBytes());
    double norm = expected.gram().norm();
    assertTrue(expected.gram().distance(actual.gram()) <= bound * norm);
    assertTrue(expected.outputs().distance(actual.outputs()) <= bound * Math.sqrt(norm));
  }

  /** W is held wherever it fits, and by panels where less is enough than W takes. */
  @Test
  void panelsAreChosenOnlyWhereWDoesNotFit() {
    NeuralOde model = new NeuralOde(784, 16_384, StandardActivation.SOFTPLUS);
    TimeGrid grid = new TimeGrid(Tableau.EULER, 10);
    for (Precision precision : BackendCase.PRECISIONS) {
      long w = (1L << 28) * precision.bytes();
      GramPlan wide = GramPlan.choose(model, grid, 100, precision, MemoryBudget.shared(2 * w));
      assertFalse(wide.weightsByPanels());
      GramPlan narrow = GramPlan.choose(model, grid, 100, precision, MemoryBudget.shared(w));
      assertTrue(narrow.weightsByPanels());
      assertEquals(100, narrow.blockSize());
      assertTrue(narrow.bytes() <= w / 2, narrow.toString());
    }
    OutOfMemory refusal =
        assertThrows(
            OutOfMemory.class,
            () ->
                GramPlan.choose(model, grid, 100, Precision.FP32, MemoryBudget.shared(100L << 20)));
    assertTrue(refusal.getMessage().contains("100 samples at width 16384"), refusal.getMessage());
  }

  private static GramPlan leastPlan(
      GramStrategy strategy, NeuralOde model, TimeGrid grid, Backend backend) {
    long budget = AMPLE;
    GramPlan plan = plan(strategy, model, grid, backend, budget);
    while (!plan.weightsByPanels()) {
      budget = plan.bytes() - 1;
      plan = plan(strategy, model, grid, backend, budget);
    }
    return plan;
  }

  /** 2³¹ numbers are too many for a Java array, however much memory there is. */
  @Test
  void aMatrixBeyondAnArrayIsNotHeldWhereArraysHoldIt() {
    TimeGrid grid = new TimeGrid(Tableau.named("euler"), 2);
    long bytes = 1L << 40;
    for (int width : new int[] {46_000, 47_000}) {
      NeuralOde model = new NeuralOde(3, width, StandardActivation.SOFTPLUS);
      for (MemoryBudget budget :
          List.of(MemoryBudget.shared(bytes), new MemoryBudget(bytes, bytes))) {
        boolean held = width < 46_340 || !budget.inJavaArrays();
        assertEquals(
            !held,
            GramPlan.of(GramStrategy.STRUCTURED, model, grid, 4, Precision.FP32, budget)
                .weightsByPanels());
        assertEquals(
            !held,
            new TilePlan(
                    model, grid, 4, TimeNodes.ALL, List.of(GramStrategy.STRUCTURED), Precision.FP32)
                .largest(budget)
                .weightsByPanels());
      }
    }
  }

  private static GramPlan plan(
      GramStrategy strategy, NeuralOde model, TimeGrid grid, Backend backend, long budget) {
    return GramPlan.of(
        strategy, model, grid, SAMPLES, backend.precision(), MemoryBudget.shared(budget));
  }

  private static GramPlan compressed(NeuralOde model, TimeGrid grid, Backend backend, long budget) {
    return GramPlan.compressed(
        new TimeNodes(4, 0),
        model,
        grid,
        SAMPLES,
        backend.precision(),
        MemoryBudget.shared(budget));
  }

  private static DenseMatrix plus(DenseMatrix a, DenseMatrix b) {
    DenseMatrix sum = DenseMatrix.zeros(a.rows(), a.columns());
    for (int k = 0; k < sum.values().length; k++) {
      sum.values()[k] = a.values()[k] + b.values()[k];
    }
    return sum;
  }

  private static DenseMatrix scaled(double factor, DenseMatrix m) {
    DenseMatrix result = DenseMatrix.zeros(m.rows(), m.columns());
    for (int k = 0; k < result.values().length; k++) {
      result.values()[k] = factor * m.values()[k];
    }
    return result;
  }

  private static NeuralOde model(int outputs) {
    return new NeuralOde(5, WIDTH, outputs, 0.8, 1.2, 0.9, 1.1, StandardActivation.SOFTPLUS);
  }
}
