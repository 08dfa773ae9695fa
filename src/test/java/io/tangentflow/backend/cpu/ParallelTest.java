package io.tangentflow.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ParallelTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void eachNumberIsWorkedOnOnceInEachOfManyJobs(int threads) {
    try (Parallel parallel = new Parallel(threads)) {
      for (int job = 0; job < 20_000; job++) {
        int size = 1 + job % 97;
        int grain = 1 + job % 7;
        // Parts write next to each other, each a number that only this job writes.
        int[] seen = new int[size];
        int number = job + 1;
        parallel.run(
            size,
            grain,
            (from, to) -> {
              for (int i = from; i < to; i++) {
                seen[i] += number;
              }
            });
        int[] expected = new int[size];
        Arrays.fill(expected, number);
        assertArrayEquals(expected, seen);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void eachWorkerIsRunOnce(int threads) {
    try (Parallel parallel = new Parallel(threads)) {
      for (int job = 0; job < 20_000; job++) {
        AtomicIntegerArray runs = new AtomicIntegerArray(threads);
        parallel.workers(
            threads,
            (from, to) -> {
              for (int worker = from; worker < to; worker++) {
                runs.incrementAndGet(worker);
              }
            });
        for (int worker = 0; worker < threads; worker++) {
          assertEquals(1, runs.get(worker));
        }
      }
    }
  }

  @Test
  void aThreadForWhichThereIsNoRoomEndsTheJobAndNotTheNextOne() {
    AtomicInteger asked = new AtomicInteger();
    ThreadFactory second =
        helper -> {
          if (asked.incrementAndGet() == 1) {
            throw new OutOfMemoryError("unable to create native thread");
          }
          return new Thread(helper);
        };
    try (Parallel parallel = new Parallel(2, second)) {
      AtomicInteger done = new AtomicInteger();
      Parallel.Range work = (from, to) -> done.addAndGet(to - from);
      assertThrows(OutOfMemoryError.class, () -> parallel.run(100, 1, work));
      assertEquals(100, done.get(), "all parts are finished before it is said");
      parallel.run(100, 1, work);
      assertEquals(200, done.get());
      assertEquals(2, asked.get());
    }
  }

  /** Each part waits for the other, so that neither thread can do both. */
  @Test
  void aHelperIsThereForTheNextJobAtOnceAndAfterItHasSlept() throws Exception {
    try (Parallel parallel = new Parallel(2)) {
      Thread[] workers = new Thread[2];
      for (int pause : new int[] {0, 0, 1, 0, 20, 0, 1}) {
        TimeUnit.MILLISECONDS.sleep(pause);
        meet(parallel, workers);
        assertNotSame(workers[0], workers[1]);
      }
    }
  }

  private static void meet(Parallel parallel, Thread[] workers) {
    CyclicBarrier both = new CyclicBarrier(2);
    parallel.workers(
        2,
        (from, to) -> {
          workers[from] = Thread.currentThread();
          try {
            both.await();
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
  }

  @Test
  void whatAPartThrowsIsThrownToTheCallerAndTheNextJobIsUntouched() {
    try (Parallel parallel = new Parallel(2)) {
      for (int job = 0; job < 1000; job++) {
        RuntimeException failure = new RuntimeException("part");
        int bad = job % 16;
        RuntimeException thrown =
            assertThrows(
                RuntimeException.class,
                () ->
                    parallel.run(
                        16,
                        1,
                        (from, to) -> {
                          if (from <= bad && bad < to) {
                            throw failure;
                          }
                        }));
        assertSame(failure, thrown);
        AtomicIntegerArray runs = new AtomicIntegerArray(1);
        parallel.run(16, 1, (from, to) -> runs.addAndGet(0, to - from));
        assertEquals(16, runs.get(0));
      }
    }
  }

  @Test
  void aJobWithinAJobIsRefused() {
    try (Parallel parallel = new Parallel(2)) {
      assertThrows(
          IllegalStateException.class,
          () -> parallel.run(16, 1, (from, to) -> parallel.run(16, 1, (a, b) -> {})));
    }
  }

  @Test
  void aClosedOneLeavesNoThreadBehind() throws Exception {
    Thread[] workers = new Thread[2];
    try (Parallel parallel = new Parallel(2)) {
      meet(parallel, workers);
    }
    for (Thread worker : workers) {
      if (worker != Thread.currentThread()) {
        worker.join(30_000);
        assertFalse(worker.isAlive());
      }
    }
  }
}
