package io.tangentflow.backend.cuda;

import static io.tangentflow.backend.cuda.Driver.check;

import io.tangentflow.backend.Releases;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * The two streams of a backend: kernels and products run on one, copies between host and device on
 * the other, so that the inputs of the next piece of work travel while this one is computed. An
 * operation on memory waits for the last operation of the other stream on that memory, and for no
 * more.
 */
final class Streams {

  private final CUstream compute = new CUstream();
  private final CUstream copies = new CUstream();
  private final CUevent computed = new CUevent();
  private final CUevent copied = new CUevent();

  private long operation;
  private long operationSeenByCopies;
  private long copy;
  private long copySeenByCompute;
  private long operationAwaited;
  private long copyAwaited;
  private boolean recording;

  /** Makes the streams in the current context; {@code releases} learns how to end them. */
  Streams(Releases releases) {
    open(compute, releases);
    open(copies, releases);
    open(computed, releases);
    open(copied, releases);
  }

  private static void open(CUstream stream, Releases releases) {
    check(
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "cuStreamCreate");
    releases.add(() -> check(JCudaDriver.cuStreamDestroy(stream), "cuStreamDestroy"));
  }

  /** Makes an event that orders streams and takes no time of day. */
  static void open(CUevent event, Releases releases) {
    check(JCudaDriver.cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING), "cuEventCreate");
    releases.add(() -> check(JCudaDriver.cuEventDestroy(event), "cuEventDestroy"));
  }

  CUstream compute() {
    return compute;
  }

  CUstream copies() {
    return copies;
  }

  /** Called before a kernel or product on that memory is enqueued. */
  void beforeOperation(DeviceMemory memory) {
    memory.lastOperation = ++operation;
    if (memory.lastCopy > copySeenByCompute) {
      seeCopies();
    }
  }

  private void seeCopies() {
    check(JCudaDriver.cuStreamWaitEvent(compute, copied, 0), "cuStreamWaitEvent");
    copySeenByCompute = copy;
  }

  /** Called before a copy from or to that memory, or a fill of it, is enqueued. */
  void beforeCopy(DeviceMemory memory) {
    requireNotRecording();
    if (memory.lastOperation > operationSeenByCopies) {
      check(JCudaDriver.cuEventRecord(computed, compute), "cuEventRecord");
      check(JCudaDriver.cuStreamWaitEvent(copies, computed, 0), "cuStreamWaitEvent");
      operationSeenByCopies = operation;
    }
  }

  /** Called after a copy into that memory, or a fill of it, is enqueued. */
  void afterCopy(DeviceMemory memory) {
    memory.lastCopy = ++copy;
    check(JCudaDriver.cuEventRecord(copied, copies), "cuEventRecord");
  }

  /** Waits for all kernels and products. */
  void awaitCompute() {
    requireNotRecording();
    check(JCudaDriver.cuStreamSynchronize(compute), "cuStreamSynchronize");
    operationAwaited = operation;
  }

  /** Waits until nothing that was enqueued uses that memory. */
  void await(DeviceMemory memory) {
    requireNotRecording();
    if (memory.lastOperation > operationAwaited) {
      awaitCompute();
    }
    if (memory.lastCopy > copyAwaited) {
      check(JCudaDriver.cuStreamSynchronize(copies), "cuStreamSynchronize");
      copyAwaited = copy;
    }
  }

  /** Waits for whatever is under way, on a path where another failure is already known. */
  void drain() {
    JCudaDriver.cuStreamSynchronize(compute);
    JCudaDriver.cuStreamSynchronize(copies);
  }

  private void requireNotRecording() {
    if (recording) {
      throw new IllegalStateException(
          "a repeated step may not allocate, copy to or from the host, or wait for an answer");
    }
  }

  /** Whether operations are being recorded rather than enqueued. */
  boolean recording() {
    return recording;
  }

  /** Records the operations of a step as a graph and launches it that many times. */
  void replay(int times, Runnable step) {
    if (copy > copySeenByCompute) {
      seeCopies(); // A recorded operation cannot wait for one that is not in the graph.
    }
    CUgraph graph = new CUgraph();
    check(
        JCudaDriver.cuStreamBeginCapture(
            compute, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "cuStreamBeginCapture");
    recording = true;
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      recording = false;
      // A capture that a failure broke ends without a graph; the failure says more than that.
      if (JCudaDriver.cuStreamEndCapture(compute, graph) == 0) {
        JCudaDriver.cuGraphDestroy(graph);
      }
      throw e;
    }
    recording = false;
    check(JCudaDriver.cuStreamEndCapture(compute, graph), "cuStreamEndCapture");
    try (Releases releases = new Releases()) {
      releases.add(() -> check(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy"));
      CUgraphExec instance = new CUgraphExec();
      check(JCudaDriver.cuGraphInstantiate(instance, graph, 0), "cuGraphInstantiate");
      releases.add(() -> check(JCudaDriver.cuGraphExecDestroy(instance), "cuGraphExecDestroy"));
      for (int i = 0; i < times; i++) {
        check(JCudaDriver.cuGraphLaunch(instance, compute), "cuGraphLaunch");
      }
    }
  }
}
