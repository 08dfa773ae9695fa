package io.tangentflow.backend.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StopwatchTest {

  private final Backend backend =
      Backends.open("cpu-vector", new BackendOptions(Precision.FP32, 1));

  @AfterEach
  void close() {
    backend.close();
  }

  /** Nanoseconds of a clock that only work moves on, so that no load of the machine counts. */
  private long now;

  private void work(long nanoseconds) {
    now += nanoseconds;
  }

  @Test
  void bestMedianAndGreatestAreThoseOfTheRuns() {
    Runs runs = new Runs(List.of(3.0, 1.0, 2.0, 10.0));
    assertEquals(1, runs.best());
    assertEquals(2.5, runs.median());
    assertEquals(10, runs.greatest());
    assertThrows(IllegalArgumentException.class, () -> new Runs(List.of()));
  }

  /** What becomes faster and faster is warm only when it does not any more. */
  @Test
  void timedRunsBeginWhenWorkIsWarm() {
    List<Integer> run = new ArrayList<>();
    List<Integer> warm = new ArrayList<>();
    List<Integer> told = new ArrayList<>();
    try (Stopwatch watch = new Stopwatch(backend, () -> now)) {
      Runs runs =
          watch.runs(
              () -> {
                run.add(run.size());
                work(1_000_000L * Math.max(10, 60 - 20 * run.size()));
              },
              3,
              () -> warm.add(run.size()),
              told::add);
      assertEquals(3, runs.seconds().size());
      assertTrue(runs.best() >= 0.010, runs.toString());
    }
    assertEquals(List.of(1, 2, 3), told);
    assertEquals(List.of(run.size() - 3), warm);
    // 40, 20 and 10 ms are gains; then two runs without one.
    assertTrue(warm.get(0) >= 5, warm.toString());
  }

  @Test
  void aCallTakesItsShareOfTheMeasurement() {
    long[] calls = new long[1];
    try (Stopwatch watch = new Stopwatch(backend, () -> now)) {
      double seconds =
          watch.secondsOfCall(
              () -> {
                calls[0]++;
                work(2_000_000);
              });
      assertTrue(seconds >= 0.002, "" + seconds);
    }
    // 1, 1, 4, 16 calls to find a measurement's length, then four more.
    assertTrue(calls[0] >= 1 + 1 + 4 + 16 + 4 * 16, "" + calls[0]);
  }
}
