package io.tangentflow.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tangentflow.testing.CudaEmulator;
import io.tangentflow.testing.Reliability;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Commands on an emulated device that has no memory at some moment, or little of it: each ends with
 * its result, or with one sentence and nothing of it left on the device; the next one in the same
 * process works. DIR in a command is a directory of its own.
 */
@Tag("emulator")
@Tag("reliability")
class ExhaustedDeviceTest {

  private static final String ON_DEVICE =
      " --backend cuda --threads 1 --samples 3 --width 8 --depth 2 ";
  private static final String NTK = "ntk" + ON_DEVICE + "--out DIR/K.npy";
  private static final String EXPLICIT = "ntk" + ON_DEVICE + "--gram explicit --out DIR/K.npy";
  private static final String STORE = "ntk" + ON_DEVICE + "--store DIR/store --tile 2";
  private static final String CURAND = "ntk" + ON_DEVICE + "--rng curand --out DIR/K.npy";
  private static final String LIMIT = "limit --backend cuda --samples 3 --out DIR/K.npy";
  private static final String FEW =
      "ensemble --backend cuda --networks 6 --width 8 --depth 2 --samples 2 --out DIR/f.npy";
  private static final String MANY =
      "ensemble --backend cuda --networks 6 --width 8 --depth 6 --samples 9 --out DIR/f.npy";
  private static final String TRAIN =
      "train"
          + ON_DEVICE
          + "--targets indicator --steps 2 --checkpoint-every 1 --predict none --out DIR/run";
  private static final String SWEEP =
      "sweep --backend cuda --width 8,9 --seeds 1 --samples 3 --depth 2 --out DIR/run";

  @TempDir private Path directory;

  @BeforeEach
  void requireEmulator() {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    CudaEmulator.reset();
  }

  @AfterEach
  void restoreTheDevice() {
    if (CudaEmulator.available()) {
      CudaEmulator.reset();
    }
  }

  /** As often as commands held it whose own release was refused. */
  private static void releaseTheDevice() {
    CudaEmulator.reset(); // Nothing is to be refused any more.
    CUdevice device = new CUdevice();
    JCudaDriver.cuDeviceGet(device, 0);
    int code;
    do {
      code = JCudaDriver.cuDevicePrimaryCtxRelease(device);
    } while (code == CUresult.CUDA_SUCCESS);
    assertEquals(CUresult.CUDA_ERROR_INVALID_CONTEXT, code);
  }

  private Invocation run(String line) {
    String words = line.replace("DIR", directory.toString()) + " -q";
    return Invocation.of((Object[]) words.split(" +", -1));
  }

  /** The result where there is memory enough. */
  private Written unhindered(String line) {
    run(line).ended(0);
    Written result = Written.in(directory);
    Written.clear(directory);
    return result;
  }

  private static void assertNothingLeft(String after) {
    assertEquals(0, CudaEmulator.liveBytes(), after);
    assertEquals(0, CudaEmulator.liveAllocations(), after);
    assertEquals(0, CudaEmulator.leaks(), after);
    assertEquals(0, CudaEmulator.pendingOperations(), after);
  }

  /** One sentence, whose exit code is one of these. */
  private static void assertRefused(Invocation invocation, String codes, String when) {
    assertTrue(codes.contains(" " + invocation.code() + " "), when + ": " + invocation);
    assertEquals(1, invocation.err().lines().count(), when + ": " + invocation.err());
    assertTrue(invocation.err().startsWith("tangentflow: "), when + ": " + invocation.err());
  }

  /** Goes on with what the command has left, or repeats it. */
  private void assertGoneOnWith(String line, Written expected, String when) {
    Path run = directory.resolve("run");
    boolean begun = Files.exists(run.resolve("run.json"));
    run(begun ? "resume " + run : line).ended(0);
    expected.assertSame(Written.in(directory), when);
  }

  @ParameterizedTest
  @ValueSource(strings = {NTK, EXPLICIT, STORE, CURAND, LIMIT, FEW, MANY, TRAIN, SWEEP})
  void whicheverAllocationFindsNoMemoryTheCommandSaysSoAndTheNextOneWorks(String line) {
    Written expected = unhindered(line);
    long allocations = CudaEmulator.allocationsSince();
    assertTrue(allocations > 7, allocations + " allocations");
    long stride = Reliability.full() ? 1 : (allocations - 1) / 2;
    Map<Integer, Integer> codes = new TreeMap<>();
    int failures = 0;
    for (long k = 1; k <= allocations; k += stride) {
      String when = line + ", allocation " + k;
      CudaEmulator.reset();
      CudaEmulator.failAllocation(k);
      Invocation hindered = run(line);
      codes.merge(hindered.code(), 1, Integer::sum);
      failures++;
      if (hindered.code() == 0) {
        // What it could not compute beside its result it says, or shows as missing.
        expected.assertPartOf(Written.in(directory), 0, when);
      } else {
        assertRefused(hindered, " 5 ", when);
        assertTrue(hindered.err().contains("OUT_OF_MEMORY"), hindered.err());
        Written.in(directory).assertPartOf(expected, 0, when);
        assertNothingLeft(when);
        assertGoneOnWith(line, expected, when);
      }
      assertNothingLeft(when);
      Written.clear(directory);
    }
    if (Reliability.full()) {
      Reliability.figures(
          "each allocation of '" + line.substring(0, line.indexOf(' ')) + "' on the device failed",
          failures + " of " + allocations + ", by exit code " + codes + " (" + line + ")");
    }
  }

  @Test
  void whicheverCallAnswersThatThereIsNoMemoryTheCommandSaysSo() {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("ntk", NTK);
    lines.put("ensemble", MANY);
    for (Map.Entry<String, String> command : lines.entrySet()) {
      Written expected = unhindered(command.getValue());
      long calls = CudaEmulator.callsSince();
      Map<Integer, Integer> codes = new TreeMap<>();
      for (long k = 1; k <= calls; k += Reliability.full() ? 1 : calls / 5) {
        String when = command.getKey() + ", call " + k;
        CudaEmulator.reset();
        CudaEmulator.failCall(k, CUresult.CUDA_ERROR_OUT_OF_MEMORY);
        Invocation hindered = run(command.getValue());
        codes.merge(hindered.code(), 1, Integer::sum);
        if (hindered.code() == 0) {
          expected.assertPartOf(Written.in(directory), 0, when);
        } else {
          assertRefused(hindered, " 4 5 6 ", when);
        }
        releaseTheDevice();
        Written.clear(directory);
      }
      if (Reliability.full()) {
        Reliability.figures(
            "each call of '" + command.getKey() + "' answered that there is no memory",
            calls + " calls, by exit code " + codes);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {NTK, EXPLICIT, LIMIT, FEW, MANY})
  void onADeviceOfAnySizeTheResultIsRightOrRefused(String line) {
    CudaEmulator.resetPeak();
    Written expected = unhindered(line);
    long peak = CudaEmulator.peakBytes();
    int sizes = Reliability.count(3, 60);
    Map<Integer, Integer> codes = new TreeMap<>();
    // What lies below a backend's own four megabytes is one case; the rest is what is computed in.
    long own = 4L << 20;
    for (int i = 0; i <= sizes; i++) {
      long size = i == 0 ? own / 2 : own + (peak + (peak - own) / 2 - own) * i / sizes;
      String when = line + ", on " + size + " bytes";
      CudaEmulator.reset();
      CudaEmulator.freeMemory(size);
      Invocation hindered = run(line);
      codes.merge(hindered.code(), 1, Integer::sum);
      if (hindered.code() == 0) {
        Written.in(directory).assertPartOf(expected, 1e-5, when);
      } else {
        assertRefused(hindered, " 5 ", when);
        assertEquals(0, Written.in(directory).matrices().size(), when);
      }
      assertNothingLeft(when);
      Written.clear(directory);
    }
    assertTrue(codes.containsKey(0) && codes.containsKey(5), codes.toString());
    if (Reliability.full()) {
      Reliability.figures(
          "devices of " + sizes + " sizes up to 1.5 times what is used beside the first 4 MiB",
          "by exit code " + codes + " (" + line + ")");
    }
  }
}
