package io.tangentflow.sweep.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Normalisation;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.kernel.empirical.TimeNodes;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.StoreDescription;
import io.tangentflow.kernel.gram.TileGrid;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.sweep.CellResult;
import io.tangentflow.sweep.Clusters;
import io.tangentflow.sweep.DirectoryExchange;
import io.tangentflow.sweep.Exchange;
import io.tangentflow.sweep.LocalExecutor;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.Place;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.Sweep;
import io.tangentflow.sweep.SweepConfiguration;
import io.tangentflow.sweep.SweepResults;
import io.tangentflow.sweep.TileResult;
import io.tangentflow.sweep.TileRun;
import io.tangentflow.sweep.TileSetting;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.WorkUnit;
import io.tangentflow.sweep.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whole runs on a standalone master and two executor processes: they end with the bits of a run in
 * this process though an executor is killed and a unit fails twice.
 */
@Tag("cluster")
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterRunsTest {

  private Path root;
  private LoopbackCluster cluster;

  @BeforeAll
  void start(@TempDir Path directory) throws IOException {
    root = directory;
    cluster =
        new LoopbackCluster(
            Files.createDirectory(root.resolve("cluster")), List.of("--workers", "2", "--gpus"));
    // A unit that is made to fail may be tried again before what is in its way is gone.
    System.setProperty("spark.task.maxFailures", "50");
  }

  @AfterAll
  void stop() {
    System.clearProperty("spark.task.maxFailures");
    cluster.close();
  }

  @AfterEach
  void clearProperties() {
    for (String name : List.of("LD_LIBRARY_PATH", "TF_CUDA_DEVICES")) {
      System.clearProperty("spark.executorEnv." + name);
    }
    System.clearProperty("spark.executor.extraJavaOptions");
  }

  private static SweepConfiguration configuration(
      List<Integer> widths, int seeds, String backend, Precision precision) {
    List<Long> all = new ArrayList<>();
    for (long seed = 0; seed < seeds; seed++) {
      all.add(seed);
    }
    return new SweepConfiguration(
        "digits",
        30,
        0,
        Normalisation.SPHERE,
        List.of("softplus", "tanh"),
        List.of("rk4"),
        List.of(4),
        widths,
        all,
        1,
        1,
        1,
        1,
        precision,
        backend,
        1);
  }

  /** What a run hears; some of it acts. */
  private static class Heard implements Sweep.Listener {
    final List<String> warnings = new ArrayList<>();

    @Override
    public void begin(WorkUnit unit) {}

    @Override
    public void status(String line) {}

    @Override
    public void warning(String line) {
      warnings.add(line);
    }

    @Override
    public void progress(double fraction, String words) {}

    @Override
    public void failed(WorkUnit unit) {
      throw new AssertionError(unit.words());
    }

    @Override
    public void cell(CellResult result, int finished, int of) {}
  }

  /** A process that computes, of those of this cluster. */
  private ProcessHandle anExecutor() {
    return ProcessHandle.allProcesses()
        .filter(process -> commandLine(process).contains("CoarseGrainedExecutorBackend"))
        .filter(process -> commandLine(process).contains(root.toString()))
        .findFirst()
        .orElseThrow();
  }

  /** In full: that of {@link ProcessHandle.Info} is cut where it is long. */
  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
    } catch (IOException e) {
      return ""; // It has ended meanwhile.
    }
  }

  private Map<String, CellResult> sweep(
      Path path,
      SweepConfiguration configuration,
      Workload workload,
      UnitExecutor executor,
      Heard heard)
      throws IOException {
    Dataset dataset = configuration.load();
    Exchange exchange = new DirectoryExchange(path);
    Manifest manifest =
        Manifest.of(
            Sweep.KIND,
            "sweep",
            configuration,
            dataset.provenance(),
            "a device",
            MemoryBudget.shared(1L << 28));
    try (executor;
        RunDirectory run = RunDirectory.create(path, manifest)) {
      if (heard instanceof InTheWay inTheWay) {
        inTheWay.begin();
      }
      new Sweep(configuration, run, dataset).run(workload, executor, exchange, heard);
      assertFalse(Files.exists(path.resolve("units")));
      Map<String, CellResult> byCell = new TreeMap<>();
      // Refuses a cell that stands there twice.
      new SweepResults(run).cells().forEach(cell -> byCell.put(cell.cell().toString(), cell));
      assertEquals(
          configuration.cells().size(), Files.readAllLines(path.resolve("results.jsonl")).size());
      return byCell;
    }
  }

  private static Workload workload(SweepConfiguration configuration) {
    return Sweep.workload(
        configuration, configuration.load(), configuration.backend(), "256m", null);
  }

  private Map<String, CellResult> here(String name, SweepConfiguration configuration)
      throws IOException {
    Path path = root.resolve(name);
    return sweep(
        path,
        configuration,
        workload(configuration),
        new LocalExecutor(new DirectoryExchange(path)),
        new Heard());
  }

  private UnitExecutor there(Path exchange, String backend) {
    return Clusters.open(cluster.master(), exchange.toString(), backend, 1);
  }

  private static CellResult withoutTime(CellResult result) {
    return new CellResult(
        result.cell(),
        result.relativeError(),
        result.leastEigenvalue(),
        result.leastEigenvalueError(),
        result.roundingBound(),
        result.greatestEigenvalue(),
        result.precisionError(),
        result.gram(),
        result.peakBytes(),
        0,
        new Place(Place.HERE, "", ""));
  }

  private static List<CellResult> withoutTimes(Map<String, CellResult> results) {
    return results.values().stream().map(ClusterRunsTest::withoutTime).toList();
  }

  /** Makes attempts at a unit fail, by a directory where a file is to be, until two have. */
  private static final class InTheWay extends Heard {
    private final Path obstacle;

    InTheWay(Path obstacle) {
      this.obstacle = obstacle;
    }

    void begin() throws IOException {
      Files.createDirectory(obstacle);
    }

    @Override
    public void warning(String line) {
      super.warning(line);
      if (super.warnings.size() == 2) {
        try {
          Files.delete(obstacle);
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
    }
  }

  @Test
  void aSweepOf60CellsHasTheBitsOfOneHereThoughAnExecutorIsKilled() throws IOException {
    SweepConfiguration configuration =
        configuration(List.of(32, 64, 96, 128, 192), 6, "cpu-vector", Precision.FP32);
    Map<String, CellResult> here = here("here", configuration);
    assertEquals(60, here.size());
    Heard killing =
        new Heard() {
          @Override
          public void cell(CellResult result, int finished, int of) {
            if (finished == 10) {
              assertTrue(anExecutor().destroyForcibly());
            }
          }
        };
    Path path = root.resolve("killed");
    Map<String, CellResult> there =
        sweep(path, configuration, workload(configuration), there(path, "cpu-vector"), killing);
    assertEquals(withoutTimes(here), withoutTimes(there));
    Set<String> executors =
        there.values().stream().map(cell -> cell.place().executor()).collect(Collectors.toSet());
    assertTrue(executors.size() >= 2, "" + executors);
    for (String file : List.of("inputs.npy", "limit-ntk-tanh-depth-inf.npy")) {
      assertArrayEquals(
          Files.readAllBytes(root.resolve("here").resolve(file)),
          Files.readAllBytes(path.resolve(file)));
    }
  }

  @Test
  void aLimitingKernelThatCannotBeWrittenTwiceIsWrittenAtAnotherAttempt() throws IOException {
    SweepConfiguration configuration =
        configuration(List.of(32, 48), 2, "cpu-vector", Precision.FP64);
    Map<String, CellResult> here = here("here-too", configuration);
    Path path = root.resolve("in-the-way");
    InTheWay heard = new InTheWay(path.resolve("limit-ntk-tanh-depth-inf.npy"));
    Map<String, CellResult> there =
        sweep(path, configuration, workload(configuration), there(path, "cpu-vector"), heard);
    assertEquals(withoutTimes(here), withoutTimes(there));
    assertTrue(
        heard.warnings.get(1).contains("limit-ntk-tanh-depth-inf.npy: is not a regular file"),
        "" + heard.warnings);
  }

  private GramStore store(Path path, int samples, int tile) {
    StoreDescription description =
        StoreDescription.of(
            new TileGrid(samples, tile), 1, ElementType.FP64, Map.of("kernel", "of this test"));
    return GramStore.openOrCreate(path, description);
  }

  @Test
  void aGramOf21TilesHasTheBytesOfOneHereThoughAnExecutorIsKilledAndATileFailsTwice()
      throws IOException {
    int samples = 92;
    int tile = 16;
    Dataset data = DataSource.parse("digits").load(samples, 0).normalised(Normalisation.SPHERE);
    NeuralOde model =
        new NeuralOde(data.dimension(), 256, 1, 1, 1, 1, 1, StandardActivation.SOFTPLUS);
    GramStore here = store(root.resolve("store-here"), samples, tile);
    GramStore there = store(root.resolve("store-there"), samples, tile);
    assertEquals(21, here.grid().count());
    BitSet all = new BitSet();
    all.set(0, 21);
    List<TileResult> results = new ArrayList<>();
    try (UnitExecutor executor =
        new LocalExecutor(new DirectoryExchange(here.path().toAbsolutePath()))) {
      new TileRun(here, data.inputs())
          .run(
              setting(here, model, samples, tile),
              all,
              executor,
              new DirectoryExchange(here.path()),
              results::add,
              new Heard());
    }
    assertEquals(21, results.stream().mapToInt(TileResult::computed).sum());

    Path obstacle = there.file(3, 0).getParent();
    Files.createDirectories(obstacle.getParent());
    Files.createFile(obstacle);
    InTheWay heard = new InTheWay(obstacle);
    Set<String> executors = new HashSet<>();
    List<Integer> computed = new ArrayList<>();
    try (UnitExecutor executor = there(there.path().toAbsolutePath(), "cpu-vector")) {
      new TileRun(there, data.inputs())
          .run(
              setting(there, model, samples, tile),
              all,
              executor,
              new DirectoryExchange(there.path()),
              result -> {
                executors.add(result.place().executor());
                computed.add(result.computed());
                if (computed.size() == 5) {
                  assertTrue(anExecutor().destroyForcibly());
                }
              },
              heard);
    }
    assertTrue(executors.size() >= 2, "" + executors);
    assertTrue(heard.warnings.size() >= 2, "" + heard.warnings);
    assertEquals(21, computed.size());
    // A tile whose process was killed before it could tell of it is there, and not computed again.
    int sum = computed.stream().mapToInt(Integer::intValue).sum();
    assertTrue(sum == 21 || sum == 20, "" + computed);
    there.requireComplete();
    for (int row = 0; row < 6; row++) {
      for (int column = 0; column <= row; column++) {
        assertArrayEquals(
            Files.readAllBytes(here.file(row, column)),
            Files.readAllBytes(there.file(row, column)));
      }
    }
  }

  private static TileSetting setting(GramStore store, NeuralOde model, int samples, int tile) {
    return new TileSetting(
            store.path().toAbsolutePath().toString(),
            TileSetting.Network.of(model, new TimeGrid(Tableau.RK4, 5), 3),
            samples,
            TimeNodes.ALL,
            List.of(GramStrategy.values()),
            0,
            new TileSetting.Machine(Precision.FP64, "cpu-vector", 1, GaussianSource.PHILOX, "256m"))
        .settled(GramStrategy.STRUCTURED, tile, "cpu-vector");
  }

  @Test
  void executorsOfTheEmulatedDriverComputeOnADeviceEach() throws IOException {
    Path emulator = Path.of(System.getProperty("executor.emulator.dir"));
    assumeFalse(
        Files.exists(emulator.resolve("UNAVAILABLE")), "the CUDA emulation could not be built");
    System.setProperty("spark.executorEnv.LD_LIBRARY_PATH", emulator.toString());
    System.setProperty("spark.executorEnv.TF_CUDA_DEVICES", "2");
    System.setProperty("spark.executor.extraJavaOptions", "-Dcuda.emulator.dir=" + emulator);
    SweepConfiguration configuration = configuration(List.of(16, 24), 3, "cuda", Precision.FP64);
    Path path = root.resolve("emulated");
    UnitExecutor executor = there(path, "cuda");
    Workload workload = EmulatedSweep.of(workload(configuration));
    assertEquals("cuda", executor.prepare(workload).backend());
    Map<String, CellResult> emulated = sweep(path, configuration, workload, executor, new Heard());
    Map<String, Set<String>> devices = new TreeMap<>();
    emulated
        .values()
        .forEach(
            cell ->
                devices
                    .computeIfAbsent(cell.place().executor(), number -> new HashSet<>())
                    .add(cell.place().device().replaceAll(" .*", "")));
    assertEquals(
        Set.of(Set.of("cuda:"), Set.of("cuda:1:")), Set.copyOf(devices.values()), "" + devices);
    Map<String, CellResult> cpu =
        here("cpu", configuration(List.of(16, 24), 3, "cpu-vector", Precision.FP64));
    emulated.forEach(
        (cell, result) ->
            assertEquals(
                cpu.get(cell).leastEigenvalue(),
                result.leastEigenvalue(),
                1e-10 * result.greatestEigenvalue(),
                cell));
  }
}
