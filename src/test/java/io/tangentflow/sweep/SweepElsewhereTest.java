package io.tangentflow.sweep;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.DataSource;
import io.tangentflow.data.Dataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sweep ends with the same numbers wherever its units are computed, and in whatever order. */
class SweepElsewhereTest {

  private static final SweepConfiguration CONFIGURATION =
      SmallRun.configuration(
          List.of("softplus", "tanh"),
          List.of("euler", "rk4"),
          List.of(2),
          List.of(8, 32, 16),
          List.of(0L, 1L),
          Precision.FP32);
  private static final Dataset DATA = CONFIGURATION.load();

  @TempDir private Path directory;

  /** Remembers what it heard. */
  private static final class Heard implements Sweep.Listener {
    private final List<String> status = new ArrayList<>();
    private final List<String> begun = new ArrayList<>();
    private final List<String> failed = new ArrayList<>();
    private int finished;

    @Override
    public void begin(WorkUnit unit) {
      begun.add(unit.words());
    }

    @Override
    public void status(String line) {
      status.add(line);
    }

    @Override
    public void warning(String line) {
      throw new AssertionError(line);
    }

    @Override
    public void progress(double fraction, String words) {
      assertTrue(fraction >= 0 && fraction <= 1, words + ": " + fraction);
    }

    @Override
    public void failed(WorkUnit unit) {
      failed.add(unit.words());
    }

    @Override
    public void cell(CellResult result, int done, int of) {
      finished++;
      assertEquals(finished, done);
      assertEquals(CONFIGURATION.cells().size(), of);
    }
  }

  private static Workload workload(String memory) {
    return Sweep.workload(CONFIGURATION, DATA, CONFIGURATION.backend(), memory, null);
  }

  private Map<String, CellResult> run(
      String name, UnitExecutor executor, Exchange exchange, Heard heard) {
    Path path = directory.resolve(name);
    try (RunDirectory run =
        Files.exists(path)
            ? RunDirectory.open(path)
            : RunDirectory.create(path, SmallRun.manifest(CONFIGURATION))) {
      new Sweep(CONFIGURATION, run, DATA).run(workload(null), executor, exchange, heard);
      Map<String, CellResult> byCell = new TreeMap<>();
      new SweepResults(run).cells().forEach(cell -> byCell.put(cell.cell().toString(), cell));
      return byCell;
    } finally {
      executor.close();
    }
  }

  private Map<String, CellResult> here(String name) {
    Exchange exchange = new DirectoryExchange(directory.resolve(name));
    return run(name, new LocalExecutor(exchange), exchange, new Heard());
  }

  /** All numbers but the seconds, of which no two runs have the same. */
  private static void assertSameNumbers(
      Map<String, CellResult> expected, Map<String, CellResult> actual) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach(
        (cell, result) -> {
          CellResult other = actual.get(cell);
          assertEquals(
              new CellResult(
                  result.cell(),
                  result.relativeError(),
                  result.leastEigenvalue(),
                  result.leastEigenvalueError(),
                  result.roundingBound(),
                  result.greatestEigenvalue(),
                  result.precisionError(),
                  result.gram(),
                  result.peakBytes(),
                  other.seconds(),
                  other.place()),
              other);
        });
  }

  @Test
  void workersElsewhereGiveTheSameBitsAndTellWhereTheySat() throws IOException {
    Map<String, CellResult> local = here("local");
    local.values().forEach(cell -> assertEquals(Place.HERE, cell.place().executor()));

    Exchange exchange = new DirectoryExchange(directory.resolve("elsewhere"));
    ElsewhereExecutor executor = new ElsewhereExecutor(3, exchange);
    Map<String, CellResult> elsewhere = run("elsewhere", executor, exchange, new Heard());

    assertSameNumbers(local, elsewhere);
    Set<String> processes = new HashSet<>();
    elsewhere.values().forEach(cell -> processes.add(cell.place().process()));
    assertEquals(Set.of("0 on host-0", "1 on host-1", "2 on host-2"), processes);
    for (String file : List.of("limit-ntk-tanh-depth-2.npy", "limit-nngp-softplus-depth-inf.npy")) {
      assertArrayEquals(
          Files.readAllBytes(directory.resolve("local").resolve(file)),
          Files.readAllBytes(directory.resolve("elsewhere").resolve(file)));
    }
    assertFalse(Files.exists(directory.resolve("elsewhere/units")));
    List<String> begun = executor.begun();
    assertEquals(4 + 24, begun.size());
    assertTrue(begun.subList(0, 4).stream().allMatch(unit -> unit.startsWith("limiting kernel")));
    // RK4 takes four times the work of Euler's method, and width 32 four times that of 16.
    assertTrue(
        begun.subList(4, 8).stream().allMatch(unit -> unit.contains("width 32")), "" + begun);
    assertTrue(begun.subList(26, 28).stream().allMatch(unit -> unit.contains("width 8")));
  }

  @Test
  void filesReachTheRunDirectoryFromAnExchangeApartFromIt() throws IOException {
    Map<String, CellResult> local = here("local");
    Path apart = Files.createDirectory(directory.resolve("apart"));
    Exchange exchange = new DirectoryExchange(apart);
    Map<String, CellResult> elsewhere =
        run("run", new ElsewhereExecutor(2, exchange), exchange, new Heard());
    assertSameNumbers(local, elsewhere);
    for (String file : List.of("inputs.npy", "limit-ntk-softplus-depth-inf.npy")) {
      assertArrayEquals(
          Files.readAllBytes(directory.resolve("local").resolve(file)),
          Files.readAllBytes(directory.resolve("run").resolve(file)));
    }
  }

  @Test
  void anExchangeApartIsLeftEmpty() throws IOException {
    Path apart = Files.createDirectory(directory.resolve("apart"));
    Exchange exchange = new DirectoryExchange(apart);
    run("run", new ElsewhereExecutor(2, exchange), exchange, new Heard());
    try (Stream<Path> left = Files.list(apart)) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void aRunThatWasBegunHereGoesOnByAnExchangeThatHasNoneOfItsFiles() throws IOException {
    Map<String, CellResult> once = here("run");
    try (RunDirectory run = RunDirectory.open(directory.resolve("run"))) {
      run.keepLines(3);
    }
    Exchange exchange = new DirectoryExchange(Files.createDirectory(directory.resolve("apart")));
    Heard heard = new Heard();
    heard.finished = 3;
    Map<String, CellResult> twice = run("run", new ElsewhereExecutor(2, exchange), exchange, heard);
    assertSameNumbers(once, twice);
    assertTrue(heard.status.stream().noneMatch(line -> line.contains("limiting kernel")));
  }

  @Test
  void otherDataOrAnotherConfigurationAreOtherUnitsAndOtherMemoryIsNot() {
    SweepConfiguration other =
        SmallRun.configuration(
            List.of("softplus", "tanh"),
            List.of("euler", "rk4"),
            List.of(2),
            List.of(8, 32, 16),
            List.of(0L, 1L),
            Precision.FP64);
    assertNotEquals(Sweep.identity(CONFIGURATION, DATA), Sweep.identity(other, DATA));
    Dataset digits = DataSource.parse("digits").load(5, 0);
    assertNotEquals(Sweep.identity(CONFIGURATION, DATA), Sweep.identity(CONFIGURATION, digits));
    assertEquals(workload(null).identity(), workload("64m").identity());
    assertEquals(
        workload(null).identity(),
        Sweep.workload(CONFIGURATION, DATA, "cuda", null, MemoryBudget.shared(1)).identity());
  }

  @Test
  void everyWorkerPlansWithTheBudgetThatIsSettled() {
    Path path = directory.resolve("run");
    Exchange exchange = new DirectoryExchange(path);
    MemoryBudget small = MemoryBudget.shared(Long.parseLong(ofTheNarrowestOnly()));
    try (RunDirectory run = RunDirectory.create(path, SmallRun.manifest(CONFIGURATION));
        UnitExecutor executor = new LocalExecutor(exchange)) {
      Workload workload =
          Sweep.workload(CONFIGURATION, DATA, CONFIGURATION.backend(), "64m", small);
      assertThrows(
          OutOfMemory.class,
          () -> new Sweep(CONFIGURATION, run, DATA).run(workload, executor, exchange, new Heard()));
    }
  }

  @Test
  void whatAClusterLeftWhenItsDriverWasKilledIsNotComputedAgain() {
    Exchange exchange = new DirectoryExchange(directory.resolve("run"));
    Map<String, CellResult> once = here("run");
    // As if the driver had been killed: two results are in files and not in results.jsonl.
    SweepUnit first =
        new SweepUnit(CONFIGURATION.cells().get(0), SweepUnit.Part.KERNEL_BESIDE_FP64);
    SweepUnit last = new SweepUnit(CONFIGURATION.cells().get(23), SweepUnit.Part.KERNEL);
    UnitFiles files = new UnitFiles(exchange);
    for (SweepUnit unit : List.of(first, last)) {
      files.put(
          WorkUnit.of(workload(null), "", 0, unit),
          WorkUnit.tree(once.get(unit.cell().toString())));
    }
    try (RunDirectory run = RunDirectory.open(directory.resolve("run"))) {
      run.keepLines(1); // The first cell has both a line and a file.
    }
    Heard heard = new Heard();
    CountingExecutor counting = new CountingExecutor(new LocalExecutor(exchange));
    try (RunDirectory run = RunDirectory.open(directory.resolve("run"))) {
      heard.finished = 1;
      new Sweep(CONFIGURATION, run, DATA).run(workload(null), counting, exchange, heard);
      List<CellResult> cells = new SweepResults(run).cells();
      assertEquals(24, cells.size());
      CellResult taken =
          cells.stream().filter(c -> c.cell().equals(last.cell())).findFirst().orElseThrow();
      // To the seconds, so it was not computed again.
      assertEquals(once.get(last.cell().toString()), taken);
    }
    assertEquals(List.of(0, 23), counting.units);
    counting.close();
  }

  /** Counts the units that it is given at each call. */
  private static final class CountingExecutor implements UnitExecutor {
    private final UnitExecutor executor;
    private final List<Integer> units = new ArrayList<>();

    CountingExecutor(UnitExecutor executor) {
      this.executor = executor;
    }

    @Override
    public int slots() {
      return executor.slots();
    }

    @Override
    public Worker.Preparation prepare(Workload workload) {
      return executor.prepare(workload);
    }

    @Override
    public void run(Workload workload, List<WorkUnit> all, Sink sink, Listener listener) {
      units.add(all.size());
      executor.run(workload, all, sink, listener);
    }

    @Override
    public void close() {
      executor.close();
    }
  }

  @Test
  void aCellThatDoesNotFitIsRefusedBeforeAnythingIsWritten() {
    Path run = directory.resolve("run");
    try (UnitExecutor executor = new LocalExecutor(new DirectoryExchange(run))) {
      assertThrows(OutOfMemory.class, () -> executor.prepare(workload("1k")));
      assertEquals("cpu-vector", executor.prepare(workload("64m")).backend());
      assertEquals(64 << 20, executor.prepare(workload("64m")).budget().deviceBytes());
    }
    assertFalse(Files.exists(run));
  }

  /** The files of units that somebody else prepared: what they name would become names of files. */
  @Test
  void aResultThatAnswersNoUnitOfThisRunIsRefused() throws IOException {
    Exchange exchange = new DirectoryExchange(directory.resolve("run"));
    Map<String, CellResult> once = here("run");
    SweepUnit unit = new SweepUnit(CONFIGURATION.cells().get(23), SweepUnit.Part.KERNEL);
    new UnitFiles(exchange)
        .put(
            WorkUnit.of(workload(null), "", 0, unit),
            WorkUnit.tree(once.get(CONFIGURATION.cells().get(0).toString())));
    try (RunDirectory run = RunDirectory.open(directory.resolve("run"))) {
      run.keepLines(23);
      byte[] lines = Files.readAllBytes(run.file("results.jsonl"));
      assertRefused(run, exchange);
      assertArrayEquals(lines, Files.readAllBytes(run.file("results.jsonl")));
    }
    Path other = directory.resolve("other");
    Exchange elsewhere = new DirectoryExchange(other);
    SweepUnit limit = new SweepUnit(CONFIGURATION.cells().get(0), SweepUnit.Part.LIMIT);
    try (RunDirectory run = RunDirectory.create(other, SmallRun.manifest(CONFIGURATION))) {
      new UnitFiles(elsewhere)
          .put(
              WorkUnit.of(workload(null), "", 0, limit),
              WorkUnit.tree(new LimitSummary("x/../../outside", 0, 0, 1, 1, 0)));
      assertRefused(run, elsewhere);
    }
  }

  private static void assertRefused(RunDirectory run, Exchange exchange) {
    try (UnitExecutor executor = new LocalExecutor(exchange)) {
      String sentence =
          assertThrows(
                  DataFormat.class,
                  () ->
                      new Sweep(CONFIGURATION, run, DATA)
                          .run(workload(null), executor, exchange, new Heard()))
              .getMessage();
      assertEquals(
          run.file("units") + ": holds a result of another run; remove it and 'resume'", sentence);
    }
  }

  @Test
  void aUnitThatFailsIsNamedAndWhatIsFinishedIsKept() {
    Path path = directory.resolve("run");
    Exchange exchange = new DirectoryExchange(path);
    Heard heard = new Heard();
    try (RunDirectory run = RunDirectory.create(path, SmallRun.manifest(CONFIGURATION));
        UnitExecutor executor = new LocalExecutor(exchange)) {
      assertThrows(
          OutOfMemory.class,
          () ->
              new Sweep(CONFIGURATION, run, DATA)
                  .run(workload(ofTheNarrowestOnly()), executor, exchange, heard));
      List<CellResult> cells = new SweepResults(run).cells();
      assertTrue(!cells.isEmpty() && cells.size() < 24, cells.size() + " cells");
    }
    assertEquals(1, heard.failed.size());
    assertEquals(heard.begun.get(heard.begun.size() - 1), heard.failed.get(0));
  }

  /** A size of memory in which the narrowest networks fit, and the widest do not. */
  private static String ofTheNarrowestOnly() {
    for (long bytes = 512; bytes < 1 << 16; bytes += 64) {
      if (fits(8, bytes) && !fits(32, bytes)) {
        return bytes + "";
      }
    }
    throw new AssertionError("all networks take the same memory");
  }

  private static boolean fits(int width, long bytes) {
    Cell cell = new Cell("softplus", "euler", 2, width, 0);
    try {
      Sweep.plan(CONFIGURATION, cell, DATA.dimension(), MemoryBudget.shared(bytes));
      return true;
    } catch (OutOfMemory e) {
      return false;
    }
  }
}
