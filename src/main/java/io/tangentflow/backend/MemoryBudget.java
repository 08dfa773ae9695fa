package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.OutOfMemory;

/**
 * How much memory a computation may take.
 *
 * @param deviceBytes for matrices of the backend
 * @param hostBytes for arrays beside them; {@value #IN_DEVICE_BYTES} where they come out of {@code
 *     deviceBytes} too, as with backends whose matrices live in the JVM's heap
 */
public record MemoryBudget(long deviceBytes, long hostBytes) {

  private static final long IN_DEVICE_BYTES = -1;

  /** One budget for matrices and arrays. */
  public static MemoryBudget shared(long bytes) {
    return new MemoryBudget(bytes, IN_DEVICE_BYTES);
  }

  /** That many bytes for the matrices of that backend. */
  public static MemoryBudget of(Backend backend, long bytes) {
    return backend.sharesHostMemory() ? shared(bytes) : new MemoryBudget(bytes, freeHeap());
  }

  /** Bytes that the JVM's heap can still give. */
  public static long freeHeap() {
    Runtime vm = Runtime.getRuntime();
    return vm.maxMemory() - (vm.totalMemory() - vm.freeMemory());
  }

  /** Whether so much fits. */
  public boolean admits(long onDevice, long onHost) {
    return onDevice <= deviceBytesBeside(onHost)
        && (hostBytes == IN_DEVICE_BYTES || onHost <= hostBytes);
  }

  /** What is left for matrices of the backend beside so much on the host. */
  public long deviceBytesBeside(long onHost) {
    return hostBytes == IN_DEVICE_BYTES ? deviceBytes - onHost : deviceBytes;
  }

  /** What is left beside so much on the host. */
  public MemoryBudget beside(long onHost) {
    return hostBytes == IN_DEVICE_BYTES
        ? shared(deviceBytes - onHost)
        : new MemoryBudget(deviceBytes, hostBytes - onHost);
  }

  /** The refusal of a plan that does not fit. */
  public OutOfMemory refusal(String plan, long onDevice, long onHost) {
    if (hostBytes == IN_DEVICE_BYTES) {
      long sum = onDevice + onHost;
      return new OutOfMemory(plan, sum < 0 ? Long.MAX_VALUE : sum, deviceBytes);
    }
    return onDevice > deviceBytes
        ? OutOfMemory.ofDevice(plan, onDevice, deviceBytes)
        : new OutOfMemory(plan + ", in host memory,", onHost, hostBytes);
  }
}
