package io.tangentflow.experiment.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.sweep.DirectoryExchange;
import io.tangentflow.sweep.ElsewhereExecutor;
import io.tangentflow.sweep.Exchange;
import io.tangentflow.sweep.LocalExecutor;
import io.tangentflow.sweep.Manifest;
import io.tangentflow.sweep.Place;
import io.tangentflow.sweep.RunDirectory;
import io.tangentflow.sweep.UnitExecutor;
import io.tangentflow.sweep.WorkUnit;
import io.tangentflow.sweep.Workload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tasks of figures, trainings among them, give the same numbers wherever they are computed. */
class TaskWorkerTest {

  private static final Reproduction REPRODUCTION =
      new Reproduction(List.of("fig5", "fig13"), PaperScale.SMOKE, null, 0, "cpu-vector", 1);

  @TempDir private Path directory;

  /** Hears that the work grows from 0 to 1. */
  private static final class Heard implements UnitExecutor.Listener {
    private double reached;

    @Override
    public void begin(WorkUnit unit) {}

    @Override
    public void status(String line) {}

    @Override
    public void warning(String line) {
      throw new AssertionError(line);
    }

    @Override
    public void progress(double fraction, String words) {
      assertTrue(fraction <= 1 + 1e-12, words + ": " + fraction);
      reached = fraction;
    }

    @Override
    public void failed(WorkUnit unit) {
      throw new AssertionError(unit.words());
    }
  }

  private Map<String, TaskLine> run(Path path, UnitExecutor executor, Exchange exchange) {
    Workload workload =
        ReproductionRun.workload(REPRODUCTION, REPRODUCTION.backend(), "256m", null, path);
    try (executor) {
      Manifest manifest =
          Manifest.of(
              ReproductionRun.KIND,
              "reproduce",
              REPRODUCTION,
              List.of(),
              executor.prepare(workload).device(),
              MemoryBudget.shared(1L << 28));
      try (RunDirectory run = RunDirectory.create(path, manifest)) {
        Heard heard = new Heard();
        ReproductionRun.run(REPRODUCTION, run, workload, executor, exchange, heard);
        assertEquals(1, heard.reached);
        Map<String, TaskLine> lines = new TreeMap<>();
        run.lines(TaskLine.class).forEach(line -> lines.put(line.key(), line));
        return lines;
      }
    }
  }

  /** All numbers but those of a clock. */
  private static Map<String, List<Double>> numbers(TaskLine line) {
    Map<String, List<Double>> numbers = new HashMap<>(line.numbers());
    numbers.remove(TrainingTask.SECONDS);
    return numbers;
  }

  @Test
  void twoWorkersElsewhereGiveTheNumbersOfOneHere() {
    Path local = directory.resolve("local");
    Exchange here = new DirectoryExchange(local);
    Map<String, TaskLine> expected = run(local, new LocalExecutor(here), here);
    Path path = directory.resolve("elsewhere");
    Exchange exchange = new DirectoryExchange(path);
    Map<String, TaskLine> lines = run(path, new ElsewhereExecutor(2, exchange), exchange);
    assertEquals(expected.keySet(), lines.keySet());
    expected.forEach(
        (key, line) -> {
          assertEquals(numbers(line), numbers(lines.get(key)), key);
          assertEquals(Place.HERE, line.place().process());
        });
    assertEquals(
        Set.of("0 on host-0", "1 on host-1"),
        lines.values().stream().map(line -> line.place().process()).collect(Collectors.toSet()));
    assertFalse(Files.exists(path.resolve("units")));
  }
}
