package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException;
import io.tangentflow.TangentFlowException.BackendUnavailable;
import io.tangentflow.TangentFlowException.CudaFailure;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.empirical.EmpiricalNtk;
import io.tangentflow.kernel.empirical.GramPlan;
import io.tangentflow.kernel.empirical.GramStrategy;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.Parameters;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import io.tangentflow.testing.CudaEmulator;
import io.tangentflow.testing.Networks;
import java.util.regex.Pattern;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Device memory is planned for, never exceeded, and given back whatever happens. */
@Tag("emulator")
class DeviceMemoryTest {

  private static final NeuralOde MODEL = new NeuralOde(5, 64, StandardActivation.SOFTPLUS);
  private static final TimeGrid GRID = new TimeGrid(Tableau.RK4, 3);
  private static final int SAMPLES = 24;

  @AfterEach
  void restoreTheDevice() {
    if (CudaEmulator.available()) {
      CudaEmulator.reset();
    }
  }

  @Test
  void thePlanAgreesWithTheDevicesHighWaterMark() {
    for (GramStrategy strategy : GramStrategy.values()) {
      for (Precision precision : new Precision[] {Precision.FP32, Precision.FP64}) {
        try (Backend backend = Emulated.open(precision)) {
          long before = CudaEmulator.liveBytes();
          CudaEmulator.resetPeak();
          GramPlan plan = plan(strategy, backend, 1L << 30);
          gram(plan, backend);
          long mark = CudaEmulator.peakBytes() - before;
          System.out.printf(
              "%s Gram, %s: planned %d bytes, high-water mark %d%n",
              strategy, precision, plan.deviceBytes(), mark);
          assertEquals((double) mark, (double) plan.deviceBytes(), 0.05 * mark);
          assertEquals(before, CudaEmulator.liveBytes());
        }
      }
    }
  }

  @Test
  void aBudgetTooSmallIsRefusedWithThePlanBeforeTheFirstAllocation() {
    try (Backend backend = Emulated.open(Precision.FP32)) {
      long calls = CudaEmulator.callsSince();
      OutOfMemory refusal =
          assertThrows(OutOfMemory.class, () -> plan(GramStrategy.STRUCTURED, backend, 10_000));
      assertEquals(calls, CudaEmulator.callsSince());
      for (String part :
          new String[] {"24 samples at width 64", "of device memory", "budget is 9.7 KiB"}) {
        assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
      }
    }
  }

  @Test
  void theDevicesFreeMemoryBoundsWhatIsAvailable() {
    try (Backend backend = Emulated.open(Precision.FP32)) {
      CudaEmulator.freeMemory(CudaEmulator.liveBytes() + (1 << 20));
      assertTrue(backend.availableBytes() <= 1 << 20);
      try (Workspace workspace = backend.workspace("a test", 1L << 30)) {
        OutOfMemory refusal = assertThrows(OutOfMemory.class, () -> workspace.allocate(1024, 1024));
        assertTrue(refusal.getMessage().contains("CUDA_ERROR_OUT_OF_MEMORY"), refusal.getMessage());
        assertEquals(0, workspace.peakBytes() - (4L << 20));
        Matrix fits = workspace.allocate(100, 100);
        assertEquals(0, backend.dot(fits, fits));
      }
    }
  }

  /** Every call of the driver and its libraries fails once, on the way in, in work and out. */
  @Test
  void whicheverCallFailsTheFailureIsNamedAndAllMemoryIsGivenBack() {
    try (Backend backend = Emulated.open(Precision.FP32, GaussianSource.CURAND)) {
      work(backend);
    }
    long calls = CudaEmulator.callsSince();
    assertEquals(0, CudaEmulator.leaks());
    assertEquals(0, CudaEmulator.liveBytes());
    assertTrue(calls > 100, calls + " calls");
    for (long k = 1; k <= calls; k++) {
      CudaEmulator.reset();
      CudaEmulator.failCall(k, CUresult.CUDA_ERROR_UNKNOWN);
      TangentFlowException failure =
          assertThrows(TangentFlowException.class, DeviceMemoryTest::openAndWork);
      assertTrue(
          failure instanceof BackendUnavailable
              || (failure instanceof CudaFailure cuda
                  && cuda.code() == CUresult.CUDA_ERROR_UNKNOWN
                  && cuda.exitCode() == 6),
          k + ": " + failure);
      if (failure.getMessage().startsWith("cuDevicePrimaryCtxRelease")) {
        // It did nothing, so the context is still there.
        Driver.check(JCudaDriver.cuDevicePrimaryCtxRelease(new CUdevice()), "release");
      }
      if (!RELEASE.matcher(failure.getMessage()).lookingAt()) {
        assertEquals(0, CudaEmulator.leaks(), "after call " + k + ": " + failure.getMessage());
      }
      assertEquals(0, CudaEmulator.liveBytes(), "after call " + k);
    }
  }

  /** Calls whose failure leaves alive what they should have ended. */
  private static final Pattern RELEASE =
      Pattern.compile(
          "(cuMemFree|cuStreamEndCapture|cu\\w+(Destroy|Unload|Release)|cublasDestroy|curandDestroy)");

  private static void openAndWork() {
    try (Backend backend =
        Backends.open("cuda", new BackendOptions(Precision.FP32, 1, 0, GaussianSource.CURAND))) {
      work(backend);
    }
  }

  /** A little of everything that allocates, copies, records or waits. */
  private static void work(Backend backend) {
    try (Workspace workspace = backend.workspace("a test", 1 << 26)) {
      Matrix a = workspace.allocate(7, 3);
      backend.gaussian(a, 1, 2);
      backend.upload(Parameters.gaussian(7, 3, 1, 1), a);
      Matrix b = workspace.allocate(3, 3);
      backend.repeat(5, () -> backend.syrk(a, b));
      backend.download(b);
      backend.dot(a, a);
      NeuralOde model = MODEL.withWidth(5);
      for (int samples : new int[] {2, 9}) {
        Matrix x = workspace.allocate(5, samples);
        Matrix f = workspace.allocate(samples, 3);
        Ensemble ensemble = new Ensemble(model, Ensemble.Method.EULER, 5, 0, 3);
        backend.ensemble(ensemble, x, f, workspace);
        backend.firstNonFinite(f);
      }
    }
  }

  private static GramPlan plan(GramStrategy strategy, Backend backend, long budget) {
    return GramPlan.of(
        strategy, MODEL, GRID, SAMPLES, backend.precision(), MemoryBudget.of(backend, budget));
  }

  private static void gram(GramPlan plan, Backend backend) {
    new EmpiricalNtk(MODEL, GRID, plan)
        .gram(new Parameters.Seeded(1), Networks.inputs(MODEL, SAMPLES), backend, fraction -> {});
  }
}
