package io.tangentflow.testing;

/**
 * The emulated CUDA driver that tests run on: what it does, counts and finds. It is built into the
 * directory that the property {@code cuda.emulator.dir} names, and JVMs that shall see it have that
 * directory in {@code LD_LIBRARY_PATH}; for their environment see {@code src/test/cuda-emulator}.
 * Counters are those of the whole JVM.
 */
public final class CudaEmulator {

  /** In which order the threads of a block are run, and the blocks of a grid. */
  public enum Order {
    FORWARD(0),
    REVERSE(1),
    RANDOM(2);

    private final int code;

    Order(int code) {
      this.code = code;
    }
  }

  private static final String ABSENT =
      BuiltLibrary.load(
          "cuda.emulator.dir", "the CUDA emulation runs in a JVM of its own", "libcuda.so.1");

  private CudaEmulator() {}

  /** Whether it is there. */
  public static boolean available() {
    return ABSENT == null;
  }

  /** Why it is not there. */
  public static String reason() {
    return ABSENT;
  }

  /** Sets the order from now on; it begins as the environment's TF_CUDA_ORDER says, or forward. */
  public static void order(Order order) {
    setOrder(order.code);
  }

  private static native void setOrder(int order);

  /** Forgets counts, faults, injected failures and a changed size; allocations remain. */
  public static native void reset();

  /** Kernels that were run, those of graphs too. */
  public static native long kernelLaunches();

  /** Products that were run, those of graphs too; a batch is one. */
  public static native long gemms();

  /** Graphs that were run. */
  public static native long graphLaunches();

  /** Copies that were run. */
  public static native long copies();

  /** Bytes of device memory that kernels read. */
  public static native long bytesRead();

  /** Bytes of device memory that kernels wrote. */
  public static native long bytesWritten();

  /** Accesses of shared memory that no barrier orders. */
  public static native long races();

  /** Calls that nothing stands in for. */
  public static native long unsupportedCalls();

  /** Allocations of device memory that are alive. */
  public static native long liveAllocations();

  /** Bytes of device memory that are allocated. */
  public static native long liveBytes();

  /** The most bytes that were allocated at a time since {@link #resetPeak}. */
  public static native long peakBytes();

  public static native void resetPeak();

  /** Operations that are enqueued and have not run. */
  public static native long pendingOperations();

  /** What was still alive when contexts ended: allocations, streams, events, modules, handles. */
  public static native long leaks();

  /** Calls of the driver and its libraries since {@link #reset}. */
  public static native long callsSince();

  /** Makes the k-th call from now answer that code and do nothing. */
  public static native void failCall(long k, int code);

  /** Allocations that were asked for since {@link #reset}: device memory and page-locked memory. */
  public static native long allocationsSince();

  /** Makes the k-th allocation from now find no memory. */
  public static native void failAllocation(long k);

  /** What the device has in all. */
  public static native void freeMemory(long bytes);
}
