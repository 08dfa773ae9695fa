package io.tangentflow.kernel.empirical;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.NonFiniteState;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.ElementType;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.StoreDescription;
import io.tangentflow.kernel.gram.StoredMatrix;
import io.tangentflow.kernel.gram.TileGrid;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.testing.BackendCase;
import io.tangentflow.testing.Networks;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("every-backend")
class NtkTilesTest {

  private static final Parameters PARAMETERS = new Parameters.Seeded(3);
  private static final TimeGrid GRID = new TimeGrid(Tableau.RK4, 3);
  private static final MemoryBudget AMPLE = MemoryBudget.shared(1L << 30);

  @TempDir private Path directory;

  static List<BackendCase> backends() {
    return BackendCase.all();
  }

  private static NeuralOde model(int outputs) {
    return new NeuralOde(5, 33, outputs, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
  }

  private static TilePlan plans(NeuralOde model, int samples, TimeNodes nodes, Backend backend) {
    List<GramStrategy> strategies =
        nodes.all() ? List.of(GramStrategy.values()) : List.of(GramStrategy.STRUCTURED);
    return new TilePlan(model, GRID, samples, nodes, strategies, backend.precision());
  }

  /** Takes the tiles whose numbers it is to take into a store. */
  private static NtkTiles.Sink into(GramStore store, boolean[] wanted) {
    return new NtkTiles.Sink() {
      @Override
      public boolean wants(int row, int column) {
        return wanted[store.grid().index(row, column)];
      }

      @Override
      public void accept(int row, int column, DenseMatrix tile, double gradientError) {
        assertTrue(wants(row, column), "(" + row + ", " + column + ") was not asked for");
        store.put(row, column, tile, gradientError);
      }
    };
  }

  private GramStore store(String name, int order, int tile, int outputs, ElementType type) {
    return GramStore.openOrCreate(
        directory.resolve(name),
        StoreDescription.of(new TileGrid(order, tile), outputs, type, Map.of()));
  }

  /** In two parts at random, as of two processes; also in fp32, rounded once. */
  @ParameterizedTest
  @MethodSource("backends")
  void tilesAreTheMatrixInMemoryBitForBit(BackendCase which) {
    Random random = new Random(7);
    try (Backend backend = which.open()) {
      for (TimeNodes nodes : List.of(TimeNodes.ALL, new TimeNodes(3, 0))) {
        for (GramStrategy strategy : plans(model(1), 11, nodes, backend).strategies()) {
          for (int outputs : new int[] {1, 3}) {
            NeuralOde model = model(outputs);
            DenseMatrix x = Networks.inputs(model, 11);
            GramPlan plan = plans(model, 11, nodes, backend).by(List.of(strategy)).of(4, AMPLE);
            EmpiricalNtk ntk = new EmpiricalNtk(model, GRID, plan);
            EmpiricalNtk.Result memory = ntk.gram(PARAMETERS, x, backend, fraction -> {});
            String name = nodes + " " + strategy + outputs;
            GramStore wide = store(name, 11 * outputs, 4 * outputs, outputs, ElementType.FP64);
            GramStore narrow =
                store(name + "s", 11 * outputs, 4 * outputs, outputs, ElementType.FP32);
            boolean[] first = new boolean[wide.grid().count()];
            boolean[] rest = new boolean[first.length];
            for (int index = 0; index < first.length; index++) {
              first[index] = random.nextBoolean();
              rest[index] = !first[index];
            }
            boolean[] all = new boolean[first.length];
            Arrays.fill(all, true);
            NtkTiles tiles = new NtkTiles(ntk);
            for (boolean[] part : List.of(first, rest)) {
              long peak = tiles.forEach(PARAMETERS, x, backend, into(wide, part));
              assertTrue(peak <= plan.deviceBytes(), peak + " of " + plan.deviceBytes());
            }
            tiles.forEach(PARAMETERS, x, backend, into(narrow, all));
            double[] expected = memory.gram().values();
            assertTrue(memory.gram().norm() > 1);
            assertArrayEquals(expected, new StoredMatrix(wide).toDense().values());
            assertArrayEquals(
                Arrays.stream(expected).map(v -> (float) v).toArray(),
                new StoredMatrix(narrow).toDense().values());
            assertEquals(
                memory.compression().map(EmpiricalNtk.Compression::gradientError).orElse(0.0),
                wide.gradientError());
          }
        }
      }
    }
  }

  /** Nothing is solved where nothing is wanted: not even weights are placed. */
  @Test
  void completeStoreCostsNothing() {
    try (Backend backend = BackendCase.all().get(0).open()) {
      NeuralOde model = model(1);
      GramPlan plan = plans(model, 6, TimeNodes.ALL, backend).of(2, AMPLE);
      long peak =
          new NtkTiles(new EmpiricalNtk(model, GRID, plan))
              .forEach(
                  PARAMETERS,
                  Networks.inputs(model, 6),
                  backend,
                  into(store("s", 6, 2, 1, ElementType.FP64), new boolean[6]));
      assertEquals(0, peak);
    }
  }

  /**
   * A last block that is smaller takes no more scratch than the others, though panels are bytes.
   */
  @ParameterizedTest
  @CsvSource({"EXPLICIT, FP32, 1024, 64, 65", "STRUCTURED, FP64, 16, 2049, 2560"})
  void lastBlockStaysWithinThePlan(
      GramStrategy strategy, Precision precision, int width, int tile, int samples) {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(precision, 2))) {
      NeuralOde model = new NeuralOde(5, width, StandardActivation.SOFTPLUS);
      GramPlan plan =
          new TilePlan(model, GRID, samples, TimeNodes.ALL, List.of(strategy), precision)
              .of(tile, AMPLE);
      int[] taken = {0};
      long peak =
          new NtkTiles(new EmpiricalNtk(model, GRID, plan))
              .forEach(
                  PARAMETERS,
                  Networks.inputs(model, samples),
                  backend,
                  new NtkTiles.Sink() {
                    @Override
                    public boolean wants(int row, int column) {
                      return row == 1;
                    }

                    @Override
                    public void accept(int row, int column, DenseMatrix part, double error) {
                      taken[0]++;
                    }
                  });
      assertEquals(2, taken[0]);
      assertTrue(peak <= plan.deviceBytes(), peak + " of " + plan.deviceBytes());
    }
  }

  /** The largest tiles within the budget: one sample more would exceed it. */
  @ParameterizedTest
  @MethodSource("backends")
  void plansStayWithinTheBudgetAndUseIt(BackendCase which) {
    try (Backend backend = which.open()) {
      for (TimeNodes nodes : List.of(TimeNodes.ALL, new TimeNodes(3, 0))) {
        NeuralOde model = model(2);
        TilePlan plans = plans(model, 40, nodes, backend);
        long least = plans.of(1, AMPLE).bytes();
        for (int tile : new int[] {1, 2, 5, 13}) {
          MemoryBudget budget = MemoryBudget.shared(plans.of(tile, AMPLE).bytes());
          GramPlan largest = plans.largest(budget);
          assertTrue(largest.bytes() <= budget.deviceBytes() && largest.blockSize() >= tile);
          assertThrows(OutOfMemory.class, () -> plans.of(largest.blockSize() + 1, budget));
        }
        assertEquals(40, plans.largest(AMPLE).blockSize());
        OutOfMemory refused =
            assertThrows(OutOfMemory.class, () -> plans.of(13, MemoryBudget.shared(least)));
        assertTrue(refused.getMessage().contains("a tile of 13 samples"), refused.getMessage());
        assertThrows(OutOfMemory.class, () -> plans.largest(MemoryBudget.shared(1000)));
      }
      TilePlan immense =
          plans(
              new NeuralOde(5, Integer.MAX_VALUE, StandardActivation.RELU),
              1_000_000,
              TimeNodes.ALL,
              backend);
      assertThrows(OutOfMemory.class, () -> immense.largest(AMPLE));
    }
  }

  /** The host holds no more of the matrix, however many samples there are. */
  @Test
  void memoryDoesNotGrowWithTheSamples() {
    try (Backend backend = BackendCase.all().get(0).open()) {
      NeuralOde model = model(1);
      GramPlan few = plans(model, 1000, TimeNodes.ALL, backend).of(50, AMPLE);
      GramPlan many = plans(model, 1_000_000, TimeNodes.ALL, backend).of(50, AMPLE);
      assertEquals(few.bytes(), many.bytes());
    }
  }

  /** A tile of a million samples is that of its own 2000; it is all that is computed and kept. */
  @Test
  void tileOfAMillionSamplesIsThatOfItsOwn() {
    try (Backend backend = BackendCase.all().get(0).open()) {
      int samples = 1_000_000;
      int size = 1000;
      NeuralOde model = new NeuralOde(3, 8, StandardActivation.SOFTPLUS);
      TimeGrid grid = new TimeGrid(Tableau.EULER, 1);
      DenseMatrix x = Networks.inputs(model, samples);
      List<GramStrategy> structured = List.of(GramStrategy.STRUCTURED);
      TilePlan plans =
          new TilePlan(model, grid, samples, TimeNodes.ALL, structured, backend.precision());
      EmpiricalNtk ntk = new EmpiricalNtk(model, grid, plans.of(size, AMPLE));
      GramStore store = store("s", samples, size, 1, ElementType.FP64);
      new NtkTiles(ntk)
          .forEach(
              PARAMETERS,
              x,
              backend,
              new NtkTiles.Sink() {
                @Override
                public boolean wants(int row, int column) {
                  return row == 999 && column == 998;
                }

                @Override
                public void accept(int row, int column, DenseMatrix tile, double gradientError) {
                  store.put(row, column, tile, gradientError);
                }
              });
      assertEquals(1, store.present().cardinality());
      assertTrue(store.present().get(store.grid().count() - 2));
      double[] last = Arrays.copyOfRange(x.values(), (samples - 2 * size) * 3, samples * 3);
      DenseMatrix gram =
          ntk.gram(PARAMETERS, new DenseMatrix(3, 2 * size, last), backend, fraction -> {}).gram();
      DenseMatrix tile = store.tile(999, 998);
      for (int j = 0; j < size; j++) {
        for (int i = 0; i < size; i++) {
          assertEquals(gram.get(size + i, j), tile.get(i, j));
        }
      }
      assertTrue(tile.norm() > 1);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void entriesThatOverflowNameTheirSample(BackendCase which) {
    try (Backend backend = which.open()) {
      double sigmaV = which.precision().single() ? 1e20 : 1e160;
      NeuralOde model = new NeuralOde(5, 9, 1, 1, 1, 1, sigmaV, StandardActivation.SOFTPLUS);
      GramPlan plan = plans(model, 5, TimeNodes.ALL, backend).of(2, AMPLE);
      GramStore store = store("s", 5, 2, 1, ElementType.FP64);
      boolean[] last = new boolean[store.grid().count()];
      last[store.grid().index(2, 1)] = true;
      NonFiniteState failure =
          assertThrows(
              NonFiniteState.class,
              () ->
                  new NtkTiles(new EmpiricalNtk(model, GRID, plan))
                      .forEach(PARAMETERS, Networks.inputs(model, 5), backend, into(store, last)));
      assertTrue(failure.getMessage().contains("tangent kernel of sample 2"), failure.getMessage());
      assertEquals(0, store.present().cardinality());
    }
  }
}
