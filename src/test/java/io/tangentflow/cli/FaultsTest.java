package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.Dataset;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.sweep.CellResult;
import io.tangentflow.sweep.DirectoryExchange;
import io.tangentflow.sweep.ElsewhereExecutor;
import io.tangentflow.sweep.Exchange;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.SmallRun;
import io.tangentflow.sweep.Sweep;
import io.tangentflow.sweep.SweepConfiguration;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.WorkUnit;
import io.tangentflow.testing.FaultyDisk;
import io.tangentflow.testing.FaultyDisk.Fault;
import io.tangentflow.testing.FaultyDisk.Loss;
import io.tangentflow.testing.Reliability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Commands whose disk fails at any one of the calls by which they change it, or read it, end by
 * their exit code and one sentence, lose nothing that is finished, and end with the results of an
 * undisturbed run when they are told to go on.
 */
@Tag("faults")
@ExtendWith(FaultyDisk.Required.class)
@Tag("reliability")
class FaultsTest {

  private static final int TRIED_IN_EVERY_BUILD = 6;
  private static final int CANNOT_BE_WRITTEN = 11;
  private static final int DATA_FORMAT = 3;

  private static final List<Object> HERE = List.of("--backend", "cpu-vector", "--threads", 1, "-q");

  /** What is run. */
  private enum Workload {
    SWEEP(
        "run",
        "sweep --samples 4 --width 4,6 --depth 1 --solver euler --seeds 2 --activation relu,tanh"),
    STORE("store", "ntk --samples 6 --width 4 --depth 1 --gram structured --tile 2"),
    TRAINING(
        "run",
        "train --samples 4 --test-samples 2 --width 4 --depth 1 --learning-rate 0.01 --steps 6"
            + " --checkpoint-every 2 --kernel-every 3"),
    EXCHANGE("run", ""),
    LIMIT("ntk.npy", "limit --samples 5 --depth 2 --no-eigenvalues"),
    NTK("ntk.npy", "ntk --samples 5 --width 4 --depth 1");

    private final String target;
    private final String words;

    Workload(String target, String words) {
      this.target = target;
      this.words = words;
    }

    /** Begins it in a directory. */
    Invocation first(Path directory) {
      List<Object> all = new ArrayList<>(Arrays.asList((Object[]) words.split(" ", -1)));
      all.addAll(HERE);
      all.addAll(List.of(this == STORE ? "--store" : "--out", directory.resolve(target)));
      if (this == LIMIT) {
        all.addAll(List.of("--nngp-out", directory.resolve("nngp.npy")));
      }
      return Invocation.of(all.toArray());
    }

    /** Goes on with it, or begins it where it was not begun. */
    Invocation again(Path directory) {
      if (this == EXCHANGE) {
        return byExchange(directory);
      }
      return Files.exists(directory.resolve(target).resolve("run.json"))
          ? Invocation.of("resume", directory.resolve(target), "-q")
          : first(directory);
    }

    /** Whether its results are in a directory that can be gone on with. */
    boolean goesOn() {
      return this != LIMIT && this != NTK;
    }

    /** What it has finished. */
    Set<String> finished(Path directory) {
      Path path = directory.resolve(target);
      return switch (this) {
        case SWEEP, EXCHANGE -> new HashSet<>(RunFiles.lines(path.resolve("results.jsonl")));
        case STORE -> names(path, ".tile");
        case TRAINING -> names(path, "checkpoint.json.sha256");
        case LIMIT, NTK -> Set.of();
      };
    }

    /** A sweep whose workers and driver meet in a directory beside the run's. */
    private static Invocation byExchange(Path directory) {
      SweepConfiguration sweep =
          SmallRun.configuration(
              List.of("relu"),
              List.of("euler"),
              List.of(1),
              List.of(4, 6),
              List.of(0L),
              Precision.FP64);
      Dataset data = sweep.load();
      Path path = directory.resolve("run");
      Exchange exchange = new DirectoryExchange(directory.resolve("exchange"));
      try (RunDirectory run =
              Files.exists(path.resolve("run.json"))
                  ? RunDirectory.open(path)
                  : RunDirectory.create(path, SmallRun.manifest(sweep));
          UnitExecutor executor = new ElsewhereExecutor(1, exchange)) {
        new Sweep(sweep, run, data)
            .run(
                Sweep.workload(sweep, data, sweep.backend(), null, null),
                executor,
                exchange,
                new Silent());
        return new Invocation(0, "", "");
      } catch (TangentFlowException e) {
        return new Invocation(e.exitCode(), "", "tangentflow: " + e.getMessage());
      }
    }

    private static Set<String> names(Path directory, String end) {
      return RunFiles.contents(directory).keySet().stream()
          .filter(name -> name.endsWith(end))
          .collect(Collectors.toSet());
    }
  }

  /** Says nothing of its progress. */
  private static final class Silent implements Sweep.Listener {
    @Override
    public void begin(WorkUnit unit) {}

    @Override
    public void status(String line) {}

    @Override
    public void warning(String line) {}

    @Override
    public void progress(double fraction, String words) {}

    @Override
    public void failed(WorkUnit unit) {}

    @Override
    public void cell(CellResult result, int finished, int of) {}
  }

  /** A fault, and what becomes of what is not synced: null for nothing. */
  private record Blow(Fault fault, Loss loss) {

    static final List<Blow> OF_CHANGES =
        Stream.concat(
                Stream.of(Fault.NO_SPACE, Fault.IO_ERROR, Fault.FULL, Fault.DEAD)
                    .map(fault -> new Blow(fault, null)),
                Arrays.stream(Loss.values()).map(loss -> new Blow(Fault.DEAD, loss)))
            .toList();

    static final Blow OF_READS = new Blow(Fault.UNREADABLE, null);

    @Override
    public String toString() {
      return loss == null ? fault.toString() : "POWER_CUT_" + loss;
    }
  }

  /** One trial: the k-th call is struck. */
  private record Trial(Blow blow, long call) {}

  @TempDir private Path parent;

  private final Map<String, Integer> counts = new TreeMap<>();
  private int directories;

  @ParameterizedTest
  @EnumSource
  void begunOnADiskThatFails(Workload workload) throws IOException {
    Path old = Files.createDirectory(parent.resolve("old"));
    if (!workload.goesOn()) {
      // A file that is there is replaced as a whole or stays as it is.
      for (String name : List.of("ntk.npy", "nngp.npy")) {
        Npy.write(old.resolve(name), DenseMatrix.zeros(1, 1), ElementType.FP64);
      }
    }
    tryAll(workload, old, "");
  }

  @ParameterizedTest
  @EnumSource(names = {"SWEEP", "STORE", "TRAINING"})
  void goneOnWithOnADiskThatFails(Workload workload) throws IOException {
    Path counted = Files.createDirectory(parent.resolve("counted"));
    FaultyDisk.begin(counted, Fault.NONE, 0);
    workload.first(counted).ended(0);
    FaultyDisk.end();
    Path half = parent.resolve("half");
    long changes = FaultyDisk.changes();
    for (long call = 1; workload.finished(half).isEmpty(); call += 1 + changes / 20) {
      RunFiles.delete(half);
      Files.createDirectory(half);
      FaultyDisk.begin(half, Fault.DEAD, call);
      workload.first(half).ended(CANNOT_BE_WRITTEN);
      FaultyDisk.end();
    }
    assertFalse(workload.finished(half).containsAll(workload.finished(counted)));
    tryAll(workload, half, ", gone on with");
  }

  private void tryAll(Workload workload, Path old, String more) {
    Path whole = fresh(old);
    FaultyDisk.begin(whole, Fault.NONE, 0);
    workload.again(whole).ended(0);
    FaultyDisk.end();
    long changes = FaultyDisk.changes();
    long reads = FaultyDisk.reads();
    List<Trial> all = new ArrayList<>();
    for (Blow blow : Blow.OF_CHANGES) {
      // After the last change there is still the power that may be cut.
      for (long call = 1; call <= changes + (blow.loss() == null ? 0 : 1); call++) {
        all.add(new Trial(blow, call));
      }
    }
    for (long call = 1; call <= reads; call++) {
      all.add(new Trial(Blow.OF_READS, call));
    }
    int tried = Reliability.count(TRIED_IN_EVERY_BUILD, all.size());
    for (int i = 0; i < tried; i++) {
      Trial trial = all.get((int) ((2L * i + 1) * all.size() / (2L * tried)));
      tryOne(workload, old, whole, trial);
    }
    Reliability.figures(
        "faults, " + workload + more,
        String.format("%d changes, %d reads; %d faults: %s", changes, reads, tried, counts));
  }

  private Path fresh(Path old) {
    Path directory = parent.resolve("disk-" + directories++);
    RunFiles.copy(old, directory);
    return directory;
  }

  private void tryOne(Workload workload, Path old, Path whole, Trial trial) {
    Path directory = fresh(old);
    FaultyDisk.begin(directory, trial.blow().fault(), trial.call());
    Invocation struck = workload.again(directory);
    FaultyDisk.end();
    List<String> log = FaultyDisk.log();
    String what =
        workload
            + " "
            + trial
            + (trial.call() <= log.size() ? " (" + log.get((int) trial.call() - 1) + ")" : "");
    // A training writes what has waited for a second: on a slow machine more often than when
    // counted.
    assertTrue(
        FaultyDisk.struck() || trial.blow().loss() != null || workload == Workload.TRAINING, what);
    assertEnded(struck, trial.blow(), what);
    Set<String> before = workload.finished(directory);
    if (trial.blow().loss() != null) {
      FaultyDisk.lose(trial.blow().loss());
    }
    Set<String> lost = new HashSet<>(before);
    lost.removeAll(workload.finished(directory));
    // The one that was being put in its place had not been told of.
    assertTrue(lost.size() <= (struck.code() == 0 ? 0 : 1), what + " lost " + lost);
    if (struck.code() == 0) {
      Set<String> differences = RunFiles.differences(whole, directory);
      // Files on their way that a power cut brings back go with the next run.
      differences.removeIf(name -> name.startsWith("exchange/"));
      assertEquals(Set.of(), differences, what);
    }
    if (!workload.goesOn()) {
      assertOldOrNew(old, whole, directory, what);
    }
    Invocation again = workload.again(directory);
    assertEquals(0, again.code(), what + ": " + again.err());
    assertEquals(Set.of(), RunFiles.differences(whole, directory), what);
    if (workload != Workload.SWEEP && workload != Workload.TRAINING) {
      // Where others may be writing too, what is left goes when it is old.
      RunFiles.age(directory);
      workload.again(directory).ended(0);
    }
    assertEquals(List.of(), RunFiles.leftovers(directory), what);
    counts.merge(trial.blow() + " ends by " + struck.code(), 1, Integer::sum);
    RunFiles.delete(directory);
  }

  private static void assertEnded(Invocation struck, Blow blow, String what) {
    Set<Integer> codes =
        blow.fault() == Fault.UNREADABLE
            ? Set.of(0, DATA_FORMAT, CANNOT_BE_WRITTEN)
            : Set.of(0, CANNOT_BE_WRITTEN);
    assertTrue(codes.contains(struck.code()), what + ": " + struck);
    List<String> said = struck.err().lines().filter(line -> !line.startsWith("warning: ")).toList();
    assertEquals(struck.code() == 0 ? 0 : 1, said.size(), what + ": " + struck);
    assertTrue(said.stream().allMatch(line -> line.startsWith("tangentflow: ")), what + said);
  }

  private static void assertOldOrNew(Path old, Path whole, Path directory, String what) {
    Map<String, String> before = RunFiles.contents(old);
    Map<String, String> after = RunFiles.contents(whole);
    RunFiles.contents(directory)
        .forEach(
            (name, content) ->
                assertTrue(
                    content.equals(before.get(name)) || content.equals(after.get(name)),
                    what + ": " + name + " is neither old nor new"));
  }
}
