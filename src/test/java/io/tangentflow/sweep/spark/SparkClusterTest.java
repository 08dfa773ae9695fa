package io.tangentflow.sweep.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.sweep.Clusters;
import io.tangentflow.sweep.DirectoryExchange;
import io.tangentflow.sweep.LocalExecutor;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.UnitFiles;
import io.tangentflow.sweep.WorkUnit;
import io.tangentflow.sweep.Worker;
import io.tangentflow.sweep.Workload;
import io.tangentflow.sweep.spark.TrialUnits.Act;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real standalone master, two workers that offer a device each, and their executor processes. One
 * application serves all tests but the last, as its start takes seconds.
 */
@Tag("cluster")
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SparkClusterTest {

  private static final int LAST = Integer.MAX_VALUE;

  private Path root;
  private LoopbackCluster cluster;
  private Path run;
  private UnitExecutor executor;
  private Path attempts;
  private Workload workload;

  @BeforeAll
  void start(@TempDir Path directory) throws IOException {
    root = directory;
    cluster =
        new LoopbackCluster(
            Files.createDirectory(root.resolve("cluster")), List.of("--workers", "2", "--gpus"));
    run = Files.createDirectory(root.resolve("run"));
    executor = Clusters.open(cluster.master(), run.toString(), "cuda", 1);
    assertEquals(2, executor.slots());
    assertEquals(5, processes().size(), "a master, two workers and two executors");
  }

  @AfterAll
  void stop() throws IOException {
    if (executor != null) {
      executor.close();
    }
    if (cluster != null) {
      cluster.close();
      assertEquals(List.of(), processes(), "processes of the cluster that are left");
    }
  }

  /** Of master, workers and executors. */
  private List<String> processes() {
    return ProcessHandle.allProcesses()
        .map(SparkClusterTest::commandLine)
        .filter(line -> line.contains(root.toString()) || line.contains(cluster.master()))
        .toList();
  }

  /** In full: that of {@link ProcessHandle.Info} is cut where it is long. */
  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
    } catch (IOException e) {
      return ""; // It has ended meanwhile.
    }
  }

  @BeforeEach
  void freshWorkload() throws IOException {
    attempts = Files.createTempDirectory(root, "attempts");
    workload = TrialUnits.workload(attempts);
  }

  private WorkUnit unit(int number, Act act) {
    return TrialUnits.unit(workload, number, act, 0, 1);
  }

  private List<WorkUnit> units(int count, long millis) {
    return IntStream.range(0, count)
        .mapToObj(n -> TrialUnits.unit(workload, n, Act.COMPUTE, millis, 7 * n % count))
        .toList();
  }

  private Heard computed(List<WorkUnit> units) {
    Heard heard = new Heard();
    executor.run(workload, units, heard, heard);
    return heard;
  }

  private TangentFlowException failure(Heard heard, WorkUnit unit) {
    TangentFlowException failure =
        assertThrows(
            TangentFlowException.class, () -> executor.run(workload, List.of(unit), heard, heard));
    assertEquals(List.of(unit), heard.failed);
    assertEquals(List.of(), heard.results);
    return failure;
  }

  @Test
  void resultsAreThoseOfThisProcessAndTheLongestUnitsAreBegunFirst() throws IOException {
    List<WorkUnit> units = units(16, 60);
    Heard there = computed(units);
    Heard here = new Heard();
    Path elsewhere = Files.createTempDirectory(root, "here");
    try (LocalExecutor local = new LocalExecutor(new DirectoryExchange(elsewhere))) {
      local.run(workload, units, here, here);
    }
    assertEquals(16, here.results.size());
    assertEquals(here.values(), there.values());
    List<Integer> inOrderOfLaunch =
        there.results.stream()
            .sorted(Comparator.comparingLong(result -> result.get("launched").asLong()))
            .map(result -> result.get("number").asInt())
            .toList();
    List<Integer> longestFirst =
        IntStream.range(0, 16)
            .boxed()
            .sorted(Comparator.comparingInt((Integer n) -> 7 * n % 16).reversed())
            .toList();
    assertEquals(longestFirst, inOrderOfLaunch);
  }

  @Test
  void eachProcessHasADeviceOfItsOwn() {
    awaitBoth();
    Map<Long, Set<Integer>> devices = new HashMap<>();
    for (JsonNode result : computed(units(12, 100)).results) {
      devices
          .computeIfAbsent(result.get("process").asLong(), process -> new HashSet<>())
          .add(result.get("device").asInt());
    }
    assertEquals(
        Set.of(Set.of(0), Set.of(1)), devices.values().stream().collect(Collectors.toSet()));
  }

  @Test
  void aWorkerOfAnExecutorIsPrepared() {
    Worker.Preparation preparation = executor.prepare(workload);
    assertEquals("trial", preparation.backend());
    assertTrue(preparation.device().matches("cuda:[01]"), preparation.device());
  }

  @Test
  void aResultThatIsThereIsNotComputedAgain() {
    List<WorkUnit> units = units(6, 0);
    new UnitFiles(new DirectoryExchange(run))
        .put(units.get(2), Wire.value("{\"number\": 2, \"value\": 99.5}", JsonNode.class));
    assertEquals(99.5, computed(units).values().get(2));
    assertEquals(99.5, computed(units).values().get(2));
    assertEquals(0, TrialUnits.attempts(attempts, 2));
    assertEquals(1, TrialUnits.attempts(attempts, 3));
  }

  @Test
  void anExecutorThatIsKilledIsReplacedAndNothingIsLostOrToldTwice() {
    List<WorkUnit> units = units(24, 150);
    Heard heard =
        new Heard() {
          @Override
          public void accept(JsonNode result) {
            super.accept(result);
            if (results.size() == 5) {
              kill(result);
            }
          }
        };
    executor.run(workload, units, heard, heard);
    assertEquals(IntStream.range(0, 24).boxed().toList(), new ArrayList<>(heard.values().keySet()));
    assertTrue(heard.warnings.stream().anyMatch(w -> w.contains("executor")), "" + heard.warnings);
    awaitBoth();
  }

  /** Until the executor that another test has ended is replaced. */
  private void awaitBoth() {
    int slots = 0;
    while (slots != 2) {
      slots = executor.slots();
    }
  }

  private static void kill(JsonNode result) {
    assertTrue(ProcessHandle.of(result.get("process").asLong()).orElseThrow().destroyForcibly());
  }

  @Test
  void aUnitThatFailsTwiceIsComputedAtTheThirdAttempt() {
    Heard heard = computed(List.of(unit(1, Act.COMPUTE), unit(2, Act.FAIL_TWICE)));
    assertEquals(Map.of(1, Math.sin(1) / 3, 2, Math.sin(2) / 3), heard.values());
    assertEquals(3, TrialUnits.attempts(attempts, 2));
    assertEquals(2, heard.warnings.size(), "" + heard.warnings);
    assertTrue(
        heard
            .warnings
            .get(1)
            .matches(
                "unit 2: attempt 2 failed on executor \\d+ \\(127\\.0\\.0\\.1\\): .*attempt 1 is"
                    + " not to succeed"),
        heard.warnings.get(1));
  }

  @Test
  void aUnitThatAlwaysFailsIsTriedFourTimes() {
    TangentFlowException failure = failure(new Heard(), unit(3, Act.FAIL));
    assertEquals(12, failure.exitCode());
    assertTrue(
        failure.getMessage().matches("unit 3 failed 4 times, .*never to succeed.*"),
        failure.getMessage());
    assertEquals(4, TrialUnits.attempts(attempts, 3));
  }

  @Test
  void aFailureThatIsForeseenAndMayPassIsTriedAgainAndKeepsItsExitCode() {
    TangentFlowException failure = failure(new Heard(), unit(4, Act.FIND_THE_DISK_FULL));
    assertEquals(11, failure.exitCode());
    assertTrue(failure.getMessage().contains("the disk is full"), failure.getMessage());
    assertEquals(4, TrialUnits.attempts(attempts, 4));
  }

  @Test
  void aFailureThatAnyProcessWouldMeetIsNotTriedAgain() {
    TangentFlowException failure = failure(new Heard(), unit(5, Act.DIVERGE));
    assertEquals(9, failure.exitCode());
    assertTrue(
        failure
            .getMessage()
            .matches("on executor \\d+ \\(127\\.0\\.0\\.1\\): the loss is NaN at step 7; .*"),
        failure.getMessage());
    assertEquals(1, TrialUnits.attempts(attempts, 5));
  }

  @Test
  void anExecutorWhoseDeviceIsBrokenEndsAndAnotherComputesTheUnit() {
    Heard heard = computed(List.of(unit(6, Act.BREAK_THE_DEVICE_ONCE)));
    assertEquals(Set.of(6), heard.values().keySet());
    assertEquals(2, TrialUnits.attempts(attempts, 6));
    assertEquals(1, heard.warnings.size(), "" + heard.warnings);
    assertTrue(
        heard.warnings.get(0).contains("its CUDA context was broken"), heard.warnings.get(0));
  }

  @Test
  void warningsOfWorkersReachTheDriver() {
    Heard heard = computed(List.of(unit(8, Act.WARN)));
    assertEquals(1, heard.warnings.size());
    assertTrue(
        heard.warnings.get(0).matches("on executor \\d+ \\(.*\\): the number 8 is small"),
        heard.warnings.get(0));
  }

  @Test
  void theScriptTellsWhatItRunsAndStartsNoSecondCluster() throws IOException {
    String status = cluster.script(List.of("status"));
    assertTrue(
        status.matches(
            "(?s)master runs .*worker-1 runs .*worker-2 runs .*--on " + cluster.master() + "\n"),
        status);
    IOException refusal = assertThrows(IOException.class, () -> cluster.script(List.of("start")));
    assertTrue(refusal.getMessage().contains("running already"), refusal.getMessage());
  }

  @Test
  @Order(LAST)
  void anExecutorThatNoMachineCanHoldIsMissedInOneSentence() {
    executor.close();
    System.setProperty("spark.executor.memory", "64g");
    System.setProperty("spark.executor.resource.gpu.amount", "1");
    System.setProperty(SparkSettings.PATIENCE, "2s");
    try (UnitExecutor tooLarge = Clusters.open(cluster.master(), run.toString(), "cuda", 1)) {
      ClusterFailure failure = assertThrows(ClusterFailure.class, tooLarge::slots);
      assertTrue(
          failure
              .getMessage()
              .matches("no executor has come for 2 s; .* 64g of memory .* and 1 GPU\\(s\\) .*"),
          failure.getMessage());
    } finally {
      System.clearProperty("spark.executor.memory");
      System.clearProperty("spark.executor.resource.gpu.amount");
      System.clearProperty(SparkSettings.PATIENCE);
    }
  }
}
