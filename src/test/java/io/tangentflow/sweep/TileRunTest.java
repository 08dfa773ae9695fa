package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Normalisation;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.PrecisionCheck;
import io.tangentflow.kernel.empirical.TilePlan;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.StoreDescription;
import io.tangentflow.kernel.gram.TileGrid;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tiles that several workers compute are those of the matrix that one computes whole. */
class TileRunTest {

  private static final int SAMPLES = 23;
  private static final int TILE = 4;
  private static final int SEED = 5;
  private static final TimeGrid STEPS = new TimeGrid(Tableau.RK4, 2);

  @TempDir private Path directory;

  private final DenseMatrix inputs =
      DataSource.parse("digits").load(SAMPLES, 0).normalised(Normalisation.SPHERE).inputs();
  private final NeuralOde model =
      new NeuralOde(inputs.rows(), 48, 1, 1, 1, 1, 1, StandardActivation.SOFTPLUS);

  private GramStore store() {
    return store(TILE);
  }

  private GramStore store(int tile) {
    StoreDescription description =
        StoreDescription.of(
            new TileGrid(SAMPLES, tile), 1, ElementType.FP64, Map.of("kernel", "of this test"));
    return GramStore.openOrCreate(directory.resolve("store"), description);
  }

  private TileSetting setting(Precision precision) {
    return setting(precision, TILE);
  }

  private TileSetting setting(Precision precision, int tile) {
    return new TileSetting(
            directory.resolve("store").toString(),
            TileSetting.Network.of(model, STEPS, SEED),
            SAMPLES,
            TimeNodes.ALL,
            List.of(GramStrategy.values()),
            0,
            new TileSetting.Machine(precision, Backends.AUTO, 1, GaussianSource.PHILOX, "256m"))
        .settled(GramStrategy.STRUCTURED, tile, "cpu-vector");
  }

  private List<TileResult> run(GramStore store, TileSetting setting, BitSet wanted, int slots) {
    return run(store, setting, wanted, slots, store.path());
  }

  private List<TileResult> run(
      GramStore store, TileSetting setting, BitSet wanted, int slots, Path shared) {
    List<TileResult> results = new ArrayList<>();
    Exchange exchange = new DirectoryExchange(shared);
    try (ElsewhereExecutor executor = new ElsewhereExecutor(slots, exchange)) {
      new TileRun(store, inputs)
          .run(setting, wanted, executor, exchange, results::add, new Silence());
    }
    return results;
  }

  private static final class Silence implements UnitExecutor.Listener {
    @Override
    public void begin(WorkUnit unit) {}

    @Override
    public void status(String line) {}

    @Override
    public void warning(String line) {
      throw new AssertionError(line);
    }

    @Override
    public void progress(double fraction, String words) {}

    @Override
    public void failed(WorkUnit unit) {
      throw new AssertionError(unit.words());
    }
  }

  /** The whole matrix, in blocks of the same samples. */
  private DenseMatrix whole() {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1))) {
      GramPlan plan =
          new TilePlan(
                  model,
                  STEPS,
                  SAMPLES,
                  TimeNodes.ALL,
                  List.of(GramStrategy.STRUCTURED),
                  Precision.FP64)
              .of(TILE, MemoryBudget.shared(1L << 28));
      return new EmpiricalNtk(model, STEPS, plan)
          .gram(new Parameters.Seeded(SEED), inputs, backend, fraction -> {})
          .gram();
    }
  }

  private static BitSet all(GramStore store) {
    BitSet all = new BitSet();
    all.set(0, store.grid().count());
    return all;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void tilesOfSeveralWorkersAreThoseOfTheWholeMatrix(int slots) {
    GramStore store = store();
    List<TileResult> results = run(store, setting(Precision.FP64), all(store), slots);
    assertEquals(21, store.grid().count());
    assertEquals(21, results.stream().mapToInt(TileResult::computed).sum());
    assertEquals(
        slots, results.stream().map(result -> result.place().executor()).distinct().count());
    store.requireComplete();
    DenseMatrix whole = whole();
    for (int row = 0; row < store.grid().blocks(); row++) {
      for (int column = 0; column <= row; column++) {
        DenseMatrix tile = store.tile(row, column);
        for (int j = 0; j < tile.columns(); j++) {
          for (int i = 0; i < tile.rows(); i++) {
            assertEquals(whole.get(row * TILE + i, column * TILE + j), tile.get(i, j));
          }
        }
      }
    }
    assertFalse(Files.exists(store.path().resolve("units")));
  }

  @Test
  void tilesThatAreThereAreLeftAndDamagedOnesAreComputedAgain() throws IOException {
    GramStore store = store();
    run(store, setting(Precision.FP64), all(store), 2);
    Path cut = store.file(3, 1);
    byte[] good = Files.readAllBytes(cut);
    Files.write(cut, Arrays.copyOf(good, good.length - 1));
    BitSet wanted = new BitSet();
    wanted.set(store.grid().index(3, 0), store.grid().index(3, 3));
    List<TileResult> results = run(store, setting(Precision.FP64), wanted, 1);
    assertEquals(1, results.stream().mapToInt(TileResult::computed).sum());
    assertArrayEquals(good, Files.readAllBytes(cut));
  }

  @Test
  void tilesReachAStoreThatTheWorkersDoNotSee() throws IOException {
    GramStore seen = store();
    run(seen, setting(Precision.FP32), all(seen), 2);
    Map<String, byte[]> expected = new TreeMap<>();
    for (int i = 0; i < 21; i++) {
      String name = seen.name(seen.grid().row(i), seen.grid().column(i));
      expected.put(name, Files.readAllBytes(seen.path().resolve(name)));
    }
    Files.move(seen.path(), directory.resolve("moved"));

    long before = likenesses();
    GramStore store = store();
    Path apart = Files.createDirectory(directory.resolve("apart"));
    List<TileResult> results = run(store, setting(Precision.FP32), all(store), 2, apart);
    assertEquals(21, results.stream().mapToInt(TileResult::computed).sum());
    for (Map.Entry<String, byte[]> tile : expected.entrySet()) {
      assertArrayEquals(tile.getValue(), Files.readAllBytes(store.path().resolve(tile.getKey())));
    }
    try (Stream<Path> left = Files.walk(apart)) {
      assertEquals(List.of(), left.filter(Files::isRegularFile).toList());
    }
    assertEquals(before, likenesses());
  }

  /** Stores of workers' own that are left. */
  private static long likenesses() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return files.filter(f -> f.getFileName().toString().startsWith("tangentflow-tiles-")).count();
    }
  }

  @Test
  void theFirstTileIsSetAgainstFp64WhereItHasTheSamples() {
    GramStore store = store(PrecisionCheck.SAMPLES);
    List<TileResult> results =
        run(store, setting(Precision.FP32, PrecisionCheck.SAMPLES), all(store), 2);
    List<TileResult> compared =
        results.stream().filter(result -> result.differenceFromFp64() != null).toList();
    assertEquals(1, compared.size());
    assertTrue(compared.get(0).strip().holds(0, 0));
    double difference = compared.get(0).differenceFromFp64();
    // Sums of 48 products of numbers that are rounded by 6e-8 each.
    assertTrue(difference > 1e-9 && difference < 48 * 6e-8, "" + difference);
  }

  @Test
  void theFirstTileIsNotComparedWhereItHasTooFewSamples() {
    GramStore store = store();
    run(store, setting(Precision.FP32), all(store), 2)
        .forEach(result -> assertNull(result.differenceFromFp64()));
  }

  @Test
  void stripsHoldTheWantedTilesOnceAndNoneLeavesItsRow() {
    Random random = new Random(1);
    for (int trial = 0; trial < 200; trial++) {
      TileGrid grid = new TileGrid(1 + random.nextInt(60), 1 + random.nextInt(5));
      BitSet wanted = new BitSet();
      for (int i = 0; i < grid.count(); i++) {
        wanted.set(i, random.nextInt(4) > 0);
      }
      int slots = 1 + random.nextInt(4);
      BitSet held = new BitSet();
      for (TileStrip strip : TileStrip.of(grid, wanted, slots)) {
        assertTrue(strip.from() < strip.to() && strip.to() <= strip.row() + 1, "" + strip);
        assertTrue(strip.to() - strip.from() <= Math.max(1, wanted.cardinality() / (8 * slots)));
        for (int column = strip.from(); column < strip.to(); column++) {
          int index = grid.index(strip.row(), column);
          assertFalse(held.get(index));
          held.set(index);
        }
      }
      assertEquals(wanted, held);
    }
  }
}
