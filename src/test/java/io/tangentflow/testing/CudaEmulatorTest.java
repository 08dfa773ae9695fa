package io.tangentflow.testing;

import static jcuda.driver.JCudaDriver.cuCtxSynchronize;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuFuncSetAttribute;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemAllocHost;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD32;
import static jcuda.driver.JCudaDriver.cuModuleUnload;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static jcuda.driver.JCudaDriver.cuStreamWaitEvent;
import static jcuda.driver.JCudaDriver.cuTexObjectDestroy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUtexObject;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * That the emulated driver catches what a program can get wrong, and counts what it does. The
 * kernels are those of {@code src/test/cuda-emulator/kernels}, right or wrong on purpose.
 */
@Tag("emulator")
class CudaEmulatorTest extends EmulatedDriver {

  private static final int BLOCK = 256;

  // Faults of kernels.

  @ParameterizedTest
  @EnumSource(CudaEmulator.Order.class)
  void aSumWithItsBarriersIsRightInEveryOrder(CudaEmulator.Order order) {
    inOrder(
        order,
        () -> {
          CUdeviceptr x = ones(BLOCK);
          CUdeviceptr sum = ones(1);
          ok(launch("test_sum", 1, BLOCK, 0, null, x, sum));
          ok(cuCtxSynchronize());
          assertEquals(BLOCK, download(sum, 1)[0]);
          free(x, sum);
        });
  }

  @ParameterizedTest
  @EnumSource(CudaEmulator.Order.class)
  void aMissingBarrierIsARaceInEveryOrder(CudaEmulator.Order order) {
    inOrder(
        order,
        () -> {
          ok(launch("test_sum_without_barriers", 1, BLOCK, 0, null, ones(BLOCK), ones(1)));
          assertEquals(CUresult.CUDA_ERROR_LAUNCH_FAILED, cuCtxSynchronize());
          assertEquals(1, CudaEmulator.races());
        });
  }

  @Test
  void aDivergentBarrierFailsTheLaunch() {
    ok(launch("test_divergent_barrier", 1, 32, 0, null, ones(32)));
    assertEquals(CUresult.CUDA_ERROR_LAUNCH_FAILED, cuCtxSynchronize());
  }

  @Test
  void aShuffleOverLanesThatAreNotThereGivesNaN() {
    CUdeviceptr x = ones(64);
    CUdeviceptr sum = ones(1);
    ok(launch("test_warp_sum", 1, 32, 0, null, x, sum));
    ok(cuCtxSynchronize());
    assertEquals(32, download(sum, 1)[0]);
    ok(launch("test_warp_sum", 1, 20, 0, null, x, sum));
    ok(cuCtxSynchronize());
    assertTrue(Float.isNaN(download(sum, 1)[0]));
    free(x, sum);
  }

  @Test
  void aWriteBehindAnAllocationIsRefusedBeforeItHappens() {
    CUdeviceptr to = ones(10);
    CUdeviceptr neighbour = ones(10);
    copy(ones(11), to, 11, 0, 0);
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
    CudaEmulator.reset();
    assertArrayEquals(download(neighbour, 10), download(to, 10));
  }

  @Test
  void aReadBehindOrBeforeAnAllocationIsRefused() {
    for (long shift : new long[] {1, -1, 1 << 20}) {
      copy(ones(10), ones(10), 10, shift, 0);
      assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize(), "shift " + shift);
      CudaEmulator.reset();
    }
  }

  @Test
  void aUseAfterFreeIsRefused() {
    CUdeviceptr from = ones(10);
    CUdeviceptr to = ones(10);
    copy(from, to, 10, 0, 0);
    free(from); // Nothing has run yet: freeing does not wait.
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
  }

  @Test
  void aVectorLoadOffItsAlignmentIsRefused() {
    CUdeviceptr from = ones(9);
    CUdeviceptr to = ones(9);
    ok(launch("test_copy_vectors", 1, 32, 0, null, from, to, new long[] {2}));
    ok(cuCtxSynchronize());
    ok(launch("test_copy_vectors", 1, 32, 0, null, from.withByteOffset(4), to, new long[] {2}));
    assertEquals(CUresult.CUDA_ERROR_MISALIGNED_ADDRESS, cuCtxSynchronize());
  }

  @Test
  void aFaultIsStickyUntilTheContextEnds() {
    copy(ones(10), ones(10), 11, 0, 0);
    cuCtxSynchronize();
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, cuMemAlloc(new CUdeviceptr(), 4));
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
  }

  // Faults of the host.

  @Test
  void withoutSynchronisationTheHostSeesOldData() {
    CUstream stream = stream();
    Pointer pinned = new Pointer();
    ok(cuMemAllocHost(pinned, 4));
    FloatBuffer host = pinned.getByteBuffer(0, 4).order(ByteOrder.nativeOrder()).asFloatBuffer();
    host.put(0, -7);
    CUdeviceptr x = ones(1);
    ok(cuMemcpyDtoHAsync(pinned, x, 4, stream));
    assertEquals(-7, host.get(0));
    assertTrue(CudaEmulator.pendingOperations() > 0);
    ok(cuStreamSynchronize(stream));
    assertEquals(1, host.get(0));
    ok(cuMemFreeHost(pinned));
    ok(cuStreamDestroy(stream));
    free(x);
  }

  @Test
  void withoutAnEventTheOtherStreamReadsOldData() {
    for (boolean waits : new boolean[] {false, true}) {
      CUstream producer = stream();
      CUstream consumer = stream();
      CUdeviceptr from = ones(1);
      CUdeviceptr middle = memory(1);
      CUdeviceptr to = memory(1);
      ok(cuMemsetD32(middle, 0, 1));
      ok(cuCtxSynchronize());
      ok(launch("test_copy", 1, 32, 0, producer, from, middle, one(), zero(), zero()));
      CUevent event = new CUevent();
      ok(cuEventCreate(event, 0));
      ok(cuEventRecord(event, producer));
      if (waits) {
        ok(cuStreamWaitEvent(consumer, event, 0));
      }
      ok(launch("test_copy", 1, 32, 0, consumer, middle, to, one(), zero(), zero()));
      ok(cuStreamSynchronize(consumer));
      assertEquals(waits ? 1 : 0, download(to, 1)[0]);
      ok(cuEventDestroy(event));
      ok(cuStreamDestroy(producer));
      ok(cuStreamDestroy(consumer));
      ok(cuCtxSynchronize());
      free(from, middle, to);
    }
  }

  @Test
  void anAsynchronousCopyOfPageableMemoryIsRefused() {
    CUstream stream = stream();
    CUdeviceptr x = ones(4);
    assertEquals(
        CUresult.CUDA_ERROR_INVALID_VALUE,
        cuMemcpyHtoDAsync(x, Pointer.to(new float[4]), 16, stream));
    ok(cuStreamDestroy(stream));
    free(x);
  }

  @Test
  void aCopyLargerThanItsAllocationIsRefused() {
    CUdeviceptr x = ones(4);
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(x, Pointer.to(new float[5]), 20));
    free(x);
  }

  @Test
  void whatIsAliveWhenTheContextEndsIsCountedAsALeak() {
    ok(cuDevicePrimaryCtxRetain(new CUcontext(), device));
    ok(cuDevicePrimaryCtxRelease(device));
    assertEquals(0, CudaEmulator.leaks(), "another reference holds the context");
    ones(3);
    stream();
    ok(cuModuleUnload(module));
    ok(cuDevicePrimaryCtxRelease(device));
    assertEquals(2, CudaEmulator.leaks());
    assertEquals(0, CudaEmulator.liveBytes());
    begin();
  }

  @Test
  void aCallThatNothingStandsInForIsAnsweredAndCounted() {
    assertEquals(CUresult.CUDA_ERROR_NOT_SUPPORTED, cuTexObjectDestroy(new CUtexObject()));
    assertEquals(1, CudaEmulator.unsupportedCalls());
  }

  @Test
  void launchesBeyondTheirLimitsAreRefused() {
    CUdeviceptr x = ones(1);
    assertNotEquals(0, launch("test_sum", 0, BLOCK, 0, null, x, x));
    assertNotEquals(0, launch("test_sum", 1, BLOCK + 32, 0, null, x, x), "launch bound");
    assertNotEquals(0, launch("test_warp_sum", 1, 2048, 0, null, x, x));
    assertNotEquals(0, launch("test_warp_sum", 1, 32, 49_153, null, x, x));
    ok(
        cuFuncSetAttribute(
            function("test_warp_sum"),
            CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
            65_536));
    CUdeviceptr lanes = ones(32);
    ok(launch("test_warp_sum", 1, 32, 49_153, null, lanes, x));
    ok(cuCtxSynchronize());
    free(x, lanes);
  }

  // Graphs and counts.

  @Test
  void aRecordedOperationRunsOnceForEachLaunchAndNotBefore() {
    CUstream stream = stream();
    CUdeviceptr from = ones(8);
    CUdeviceptr to = memory(8);
    ok(cuMemsetD32(to, 0, 8));
    ok(cuCtxSynchronize());
    ok(cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    ok(launch("test_copy", 1, 32, 0, stream, from, to, new long[] {8}, zero(), zero()));
    assertEquals(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cuStreamSynchronize(stream));
    CUgraph graph = new CUgraph();
    assertNotEquals(0, cuStreamEndCapture(stream, graph), "the synchronisation broke the capture");

    ok(cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    ok(launch("test_copy", 1, 32, 0, stream, from, to, new long[] {8}, zero(), zero()));
    ok(cuStreamEndCapture(stream, graph));
    ok(cuStreamSynchronize(stream));
    assertEquals(0, download(to, 1)[0]);
    CUgraphExec instance = new CUgraphExec();
    ok(cuGraphInstantiate(instance, graph, 0));
    CudaEmulator.reset();
    ok(cuGraphLaunch(instance, stream));
    ok(cuGraphLaunch(instance, stream));
    assertEquals(0, CudaEmulator.graphLaunches());
    ok(cuStreamSynchronize(stream));
    assertEquals(2, CudaEmulator.graphLaunches());
    assertEquals(2, CudaEmulator.kernelLaunches());
    assertEquals(2 * 8 * 4, CudaEmulator.bytesRead());
    assertEquals(2 * 8 * 4, CudaEmulator.bytesWritten());
    assertEquals(1, download(to, 1)[0]);
    ok(cuGraphExecDestroy(instance));
    ok(cuGraphDestroy(graph));
    ok(cuStreamDestroy(stream));
    free(from, to);
  }

  @Test
  void vectorAccessesCountTheirTrueSize() {
    CUdeviceptr from = ones(32);
    CUdeviceptr to = ones(32);
    CudaEmulator.reset();
    ok(launch("test_copy_vectors", 1, 32, 0, null, from, to, new long[] {8}));
    ok(cuCtxSynchronize());
    assertEquals(128, CudaEmulator.bytesRead());
    assertEquals(128, CudaEmulator.bytesWritten());
    free(from, to);
  }

  @Test
  void anInjectedFailureAnswersAndDoesNothing() {
    CudaEmulator.failCall(2, CUresult.CUDA_ERROR_UNKNOWN);
    CUdeviceptr first = new CUdeviceptr();
    ok(cuMemAlloc(first, 4));
    long before = CudaEmulator.liveBytes();
    assertEquals(CUresult.CUDA_ERROR_UNKNOWN, cuMemAlloc(new CUdeviceptr(), 4));
    assertEquals(before, CudaEmulator.liveBytes());
    free(first);
  }

  @Test
  void anAllocationIsMadeToFindNoMemoryOnTheDeviceOrPageLocked() {
    CudaEmulator.failAllocation(2);
    CUdeviceptr first = new CUdeviceptr();
    ok(cuMemAlloc(first, 4));
    assertEquals(CUresult.CUDA_ERROR_OUT_OF_MEMORY, cuMemAllocHost(new Pointer(), 4));
    assertEquals(2, CudaEmulator.allocationsSince());
    CudaEmulator.failAllocation(1);
    assertEquals(CUresult.CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(new CUdeviceptr(), 4));
    CUdeviceptr second = new CUdeviceptr();
    ok(cuMemAlloc(second, 4));
    free(first, second);
  }
}
