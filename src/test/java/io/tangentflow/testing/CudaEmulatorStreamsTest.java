package io.tangentflow.testing;

import static jcuda.driver.JCudaDriver.cuCtxSynchronize;
import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventElapsedTime;
import static jcuda.driver.JCudaDriver.cuEventQuery;
import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuEventSynchronize;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphGetNodes;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemcpy2D;
import static jcuda.driver.JCudaDriver.cuMemcpy2DAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoH;
import static jcuda.driver.JCudaDriver.cuMemsetD32;
import static jcuda.driver.JCudaDriver.cuMemsetD32Async;
import static jcuda.driver.JCudaDriver.cuMemsetD8;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuStreamQuery;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static jcuda.driver.JCudaDriver.cuStreamWaitEvent;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jcuda.Pointer;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Order between streams, capture and copies, held to what CUDA promises and to no more. */
@Tag("emulator")
class CudaEmulatorStreamsTest extends EmulatedDriver {

  private static final int THREAD_LOCAL = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;

  @Test
  void aBlockingStreamIsOrderedWithTheDefaultStreamAndAnotherIsNot() {
    for (boolean blocking : new boolean[] {true, false}) {
      CUstream stream = new CUstream();
      int flags =
          blocking ? CUstream_flags.CU_STREAM_DEFAULT : CUstream_flags.CU_STREAM_NON_BLOCKING;
      ok(cuStreamCreate(stream, flags));
      CUdeviceptr x = memory(1);
      ok(cuMemsetD32(x, 0, 1));
      ok(cuCtxSynchronize());
      ok(cuMemsetD32Async(x, 5, 1, stream));
      int[] seen = new int[1];
      ok(cuMemcpyDtoH(Pointer.to(seen), x, 4)); // runs on the default stream
      assertEquals(blocking ? 5 : 0, seen[0]);
      ok(cuCtxSynchronize());
      ok(cuStreamDestroy(stream));
      free(x);
    }
  }

  @Test
  void aFillOfTheDefaultStreamIsNotWaitedFor() {
    CUdeviceptr x = memory(1);
    ok(cuMemsetD8(x, (byte) 0, 4));
    assertEquals(1, CudaEmulator.pendingOperations());
    assertEquals(0, download(x, 1)[0]);
    free(x);
  }

  @Test
  void queriesAnswerNotReadyUntilTheWorkIsDoneAndPollingEnds() {
    CUstream stream = stream();
    CUdeviceptr x = memory(1);
    CUevent event = event();
    for (int i = 0; i < 3; i++) {
      ok(cuMemsetD32Async(x, i, 1, stream));
    }
    ok(cuEventRecord(event, stream));
    assertEquals(CUresult.CUDA_ERROR_NOT_READY, cuEventQuery(event));
    assertEquals(CUresult.CUDA_ERROR_NOT_READY, cuStreamQuery(stream));
    int polls = 2;
    while (cuEventQuery(event) == CUresult.CUDA_ERROR_NOT_READY) {
      polls++;
    }
    assertEquals(4, polls);
    ok(cuStreamQuery(stream));
    ok(cuEventDestroy(event));
    ok(cuStreamDestroy(stream));
    free(x);
  }

  @Test
  void theTimeBetweenEventsIsKnownOnceBothHavePassed() {
    CUstream stream = stream();
    CUevent first = event();
    CUevent second = event();
    float[] milliseconds = {-1};
    ok(cuEventRecord(first, stream));
    ok(cuEventRecord(second, stream));
    assertEquals(CUresult.CUDA_ERROR_NOT_READY, cuEventElapsedTime(milliseconds, first, second));
    ok(cuEventSynchronize(second));
    ok(cuEventElapsedTime(milliseconds, first, second));
    assertTrue(milliseconds[0] >= 0);
    ok(cuEventDestroy(first));
    ok(cuEventDestroy(second));
    ok(cuStreamDestroy(stream));
  }

  @Test
  void aGraphHoldsCopiesAndFillsOfTwoStreamsThatForkAndJoin() {
    CUstream origin = stream();
    CUstream other = stream();
    CUevent fork = event();
    CUevent join = event();
    CUdeviceptr x = ones(4);
    CUdeviceptr y = memory(4);
    CUdeviceptr z = memory(4);
    ok(cuStreamBeginCapture(origin, THREAD_LOCAL));
    ok(cuMemsetD32Async(y, 0, 4, origin));
    ok(cuEventRecord(fork, origin));
    ok(cuStreamWaitEvent(other, fork, 0));
    ok(cuMemcpyDtoDAsync(z, y, 16, other));
    ok(cuEventRecord(join, other));
    ok(cuMemcpyDtoDAsync(y, x, 8, origin));
    ok(cuStreamWaitEvent(origin, join, 0));
    CUgraph graph = new CUgraph();
    ok(cuStreamEndCapture(origin, graph));
    long[] nodes = new long[1];
    ok(cuGraphGetNodes(graph, null, nodes));
    assertEquals(3, nodes[0]);
    CUgraphExec instance = new CUgraphExec();
    ok(cuGraphInstantiate(instance, graph, 0));
    ok(cuGraphDestroy(graph));
    ok(cuGraphLaunch(instance, origin));
    ok(cuStreamSynchronize(origin));
    assertArrayEquals(new float[] {1, 1, 0, 0}, download(y, 4));
    assertArrayEquals(new float[4], download(z, 4));
    assertEquals(5, CudaEmulator.copies(), "an upload, two of the graph, two downloads");
    ok(cuGraphExecDestroy(instance));
    ok(cuStreamDestroy(origin));
    ok(cuStreamDestroy(other));
    ok(cuEventDestroy(fork));
    ok(cuEventDestroy(join));
    free(x, y, z);
  }

  @Test
  void whatACaptureForbidsIsRefusedAndBreaksIt() {
    CUdeviceptr x = memory(1);
    CUevent outside = event();
    CUstream elsewhere = stream();
    ok(cuEventRecord(outside, elsewhere));
    CUstream captured = stream();
    broken(
        captured,
        CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
        () -> cuMemAlloc(new CUdeviceptr(), 4));
    broken(captured, CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, () -> cuMemFree(x));
    broken(
        captured,
        CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
        () -> cuMemcpyDtoH(Pointer.to(new float[1]), x, 4));
    broken(captured, CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, () -> cuCtxSynchronize());
    broken(
        captured,
        CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
        () -> cuEventSynchronize(outside));
    broken(
        captured,
        CUresult.CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
        () -> cuStreamWaitEvent(captured, outside, 0));
    assertEquals(
        CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
        cuStreamBeginCapture(new CUstream(), THREAD_LOCAL));
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_STATE, cuStreamEndCapture(captured, new CUgraph()));
    ok(cuStreamDestroy(captured));
    ok(cuStreamDestroy(elsewhere));
    ok(cuEventDestroy(outside));
    free(x);
  }

  @Test
  void aForkThatIsNotJoinedGivesNoGraph() {
    CUstream origin = stream();
    CUstream other = stream();
    CUevent fork = event();
    CUdeviceptr x = memory(1);
    ok(cuStreamBeginCapture(origin, THREAD_LOCAL));
    ok(cuEventRecord(fork, origin));
    ok(cuStreamWaitEvent(other, fork, 0));
    ok(cuMemsetD32Async(x, 0, 1, other));
    assertEquals(
        CUresult.CUDA_ERROR_STREAM_CAPTURE_UNJOINED, cuStreamEndCapture(origin, new CUgraph()));
    ok(cuStreamDestroy(origin));
    ok(cuStreamDestroy(other));
    ok(cuEventDestroy(fork));
    free(x);
  }

  @Test
  void aGraphWhoseMemoryWasFreedFails() {
    CUstream stream = stream();
    CUdeviceptr x = memory(1);
    ok(cuStreamBeginCapture(stream, THREAD_LOCAL));
    ok(cuMemsetD32Async(x, 0, 1, stream));
    CUgraph graph = new CUgraph();
    ok(cuStreamEndCapture(stream, graph));
    CUgraphExec instance = new CUgraphExec();
    ok(cuGraphInstantiate(instance, graph, 0));
    free(x);
    ok(cuGraphLaunch(instance, stream));
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, cuStreamSynchronize(stream));
  }

  @Test
  void aCopyOfRowsHonoursBothPitches() {
    CUdeviceptr x = memory(12);
    ok(cuMemsetD32(x, 0, 12));
    CUDA_MEMCPY2D copy = rows(new float[] {1, 2, 9, 3, 4, 9}, 12, x, 16, 8, 2);
    copy.dstXInBytes = 4;
    copy.dstY = 1;
    ok(cuMemcpy2D(copy));
    assertArrayEquals(new float[] {0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0}, download(x, 12));
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, cuMemcpy2DAsync(copy, null), "pageable memory");
    copy.dstY = 2;
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(copy), "beyond the allocation");
    copy.dstY = 1;
    copy.dstPitch = 8;
    assertEquals(CUresult.CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(copy), "beyond the pitch");
    free(x);
  }

  @Test
  void theDeviceIsAsLargeAsItWasTold() {
    CudaEmulator.freeMemory(1000);
    CUdeviceptr x = memory(200);
    long[] free = new long[1];
    long[] total = new long[1];
    ok(cuMemGetInfo(free, total));
    assertEquals(200, free[0]);
    assertEquals(1000, total[0]);
    assertEquals(
        CUresult.CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(new CUdeviceptr(), 201), "one too many");
    assertEquals(1, CudaEmulator.liveAllocations());
    assertEquals(800, CudaEmulator.liveBytes());
    free(x);
    CudaEmulator.resetPeak();
    assertEquals(0, CudaEmulator.peakBytes());
  }

  private interface DriverCall {
    int code();
  }

  private static void broken(CUstream stream, int code, DriverCall call) {
    ok(cuStreamBeginCapture(stream, THREAD_LOCAL));
    assertEquals(code, call.code());
    assertEquals(
        CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, new CUgraph()));
  }

  private static CUevent event() {
    CUevent event = new CUevent();
    ok(cuEventCreate(event, 0));
    return event;
  }

  private static CUDA_MEMCPY2D rows(
      float[] source, long sourcePitch, CUdeviceptr target, long targetPitch, long width, long n) {
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
    copy.srcHost = Pointer.to(source);
    copy.srcPitch = sourcePitch;
    copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
    copy.dstDevice = target;
    copy.dstPitch = targetPitch;
    copy.WidthInBytes = width;
    copy.Height = n;
    return copy;
  }
}
