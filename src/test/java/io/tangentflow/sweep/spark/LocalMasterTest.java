package io.tangentflow.sweep.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.ClusterFailure;
import io.tangentflow.sweep.Clusters;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.Workload;
import io.tangentflow.sweep.spark.TrialUnits.Act;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.SparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Spark in this process, where tasks share one worker. */
@Tag("cluster")
@Timeout(60)
class LocalMasterTest {

  @TempDir private Path root;

  @Test
  void tasksOfOneProcessTakeTurnsWithItsWorkerAndFilesGoThroughHadoop() throws IOException {
    Path attempts = Files.createDirectory(root.resolve("attempts"));
    Path run = root.resolve("run");
    Workload workload = TrialUnits.workload(attempts);
    Heard heard = new Heard();
    try (UnitExecutor executor = Clusters.open("local[2]", run.toUri().toString(), "auto", 1)) {
      assertEquals(1, executor.slots());
      executor.run(
          workload,
          List.of(
              TrialUnits.unit(workload, 1, Act.COMPUTE, 30, 1),
              TrialUnits.unit(workload, 2, Act.COMPUTE, 30, 2),
              TrialUnits.unit(workload, 3, Act.COMPUTE, 30, 3)),
          heard,
          heard);
    }
    assertEquals(Set.of(1, 2, 3), heard.values().keySet());
    assertEquals(1, TrialUnits.attempts(attempts, 1));
    try (Stream<Path> files = Files.list(attempts)) {
      assertEquals(1, files.filter(f -> f.getFileName().toString().startsWith("closed-")).count());
    }
    try (Stream<Path> files = Files.list(run.resolve("units"))) {
      List<String> names = files.map(f -> f.getFileName().toString()).toList();
      assertEquals(3, names.size(), "" + names);
      assertTrue(names.stream().allMatch(n -> n.matches("[0-9a-f]{64}\\.json")), "" + names);
    }
  }

  @Test
  void aBrokenDeviceDoesNotEndTheProcessOfTheDriver() throws IOException {
    Workload workload = TrialUnits.workload(Files.createDirectory(root.resolve("attempts")));
    Heard heard = new Heard();
    try (UnitExecutor executor = Clusters.open("local[1]", root.toString(), "auto", 1)) {
      TangentFlowException failure =
          assertThrows(
              TangentFlowException.class,
              () ->
                  executor.run(
                      workload,
                      List.of(TrialUnits.unit(workload, 1, Act.BREAK_THE_DEVICE, 0, 1)),
                      heard,
                      heard));
      assertEquals(6, failure.exitCode());
      assertTrue(failure.getMessage().contains("cuStreamSynchronize"), failure.getMessage());
    }
  }

  @Test
  void anExecutorOfAnotherVersionIsRefused() {
    try (UnitExecutor executor = Clusters.open("local[1]", root.toString(), "auto", 1)) {
      ClusterFailure failure =
          assertThrows(ClusterFailure.class, () -> executor.prepare(TrialUnits.ofVersion("0.0.1")));
      assertTrue(failure.getMessage().contains("is 0.0.1, and "), failure.getMessage());
    }
  }

  @Test
  void aDirectoryThatIsNotSharedIsRefusedAtOnce() throws IOException {
    Path attempts = Files.createDirectory(root.resolve("attempts"));
    Workload workload = TrialUnits.workload(attempts);
    SparkContext context = new SparkContext(SparkSettings.of("local[1]", "auto", 1));
    try {
      ClusterJob job =
          new ClusterJob(context, new Executors(context), List.of("unit 1"), new Unheard());
      UnitTask task =
          new UnitTask(Wire.text(workload), root.toString(), "units/of-another-disk.driver");
      TangentFlowException failure =
          assertThrows(
              TangentFlowException.class,
              () ->
                  job.run(
                      task, List.of(Wire.text(TrialUnits.unit(workload, 1, Act.COMPUTE, 0, 1)))));
      assertEquals(12, failure.exitCode());
      assertTrue(
          failure.getMessage().contains("is not the directory that the driver sees"),
          failure.getMessage());
    } finally {
      context.stop();
    }
    assertEquals(0, TrialUnits.attempts(attempts, 1));
  }

  private static final class Unheard implements ClusterJob.Listener {
    @Override
    public void answered(int index, Outcome outcome) {
      JsonNode result = outcome.result();
      throw new AssertionError("computed: " + result);
    }

    @Override
    public void failed(int index) {}

    @Override
    public void warning(String line) {
      throw new AssertionError(line);
    }
  }
}
