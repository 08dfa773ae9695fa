package io.tangentflow.backend.cuda;

import static io.tangentflow.backend.cuda.Driver.check;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;

/**
 * One allocation on the device, with the last operations on it that the two {@link Streams} were
 * given, so that each waits for the other only where it must.
 */
final class DeviceMemory {

  private final Handle handle = new Handle();
  private final long bytes;
  private boolean live;

  /** Number of the last kernel or product that takes part of it. */
  long lastOperation;

  /** Number of the last copy or fill of part of it. */
  long lastCopy;

  /** Its contents are undefined. Nothing is allocated for zero bytes. */
  DeviceMemory(long bytes) {
    this.bytes = bytes;
    if (bytes > 0) {
      check(JCudaDriver.cuMemAlloc(handle, bytes), "cuMemAlloc of " + bytes + " bytes");
    }
    live = true;
  }

  /** Gives it back; all that was enqueued before has then run. */
  void free() {
    if (live && bytes > 0) {
      live = false;
      check(JCudaDriver.cuMemFree(handle), "cuMemFree");
    }
    live = false;
  }

  long bytes() {
    return bytes;
  }

  /** The device address, for kernels. */
  long address() {
    requireLive();
    return handle.address();
  }

  /** The device address so many bytes on, for the libraries. */
  CUdeviceptr pointer(long byteOffset) {
    requireLive();
    return handle.withByteOffset(byteOffset);
  }

  private void requireLive() {
    if (!live) {
      throw new IllegalStateException("this device memory was freed");
    }
  }

  /** JCuda shows the address to subclasses only. */
  private static final class Handle extends CUdeviceptr {
    long address() {
      return getNativePointer() + getByteOffset();
    }
  }
}
