package io.tangentflow.backend.cuda;

import static io.tangentflow.backend.cuda.Driver.check;

import io.tangentflow.backend.Roofline;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/**
 * A CUDA device as the driver describes it.
 *
 * @param ordinal from 0
 * @param name NVIDIA's
 * @param major of the compute capability
 * @param minor of the compute capability
 * @param multiprocessors SMs
 * @param clockKilohertz of an SM, at most
 * @param memoryClockKilohertz at most; 0 where the driver no longer tells
 * @param busWidthBits of the memory
 * @param memoryBytes in all
 * @param sharedBytesPerBlock dynamic shared memory that a kernel may ask for
 */
record CudaDevice(
    int ordinal,
    String name,
    int major,
    int minor,
    int multiprocessors,
    int clockKilohertz,
    int memoryClockKilohertz,
    int busWidthBits,
    long memoryBytes,
    int sharedBytesPerBlock) {

  /** The least compute capability of the kernel images, 7.5 (Turing). */
  private static final int LEAST_CAPABILITY = 75;

  /** All devices; the driver is initialised. */
  static List<CudaDevice> all() {
    int[] count = new int[1];
    check(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
    List<CudaDevice> devices = new ArrayList<>();
    for (int ordinal = 0; ordinal < count[0]; ordinal++) {
      devices.add(of(ordinal));
    }
    return devices;
  }

  private static CudaDevice of(int ordinal) {
    CUdevice handle = handle(ordinal);
    byte[] name = new byte[256];
    check(JCudaDriver.cuDeviceGetName(name, name.length, handle), "cuDeviceGetName");
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    long[] bytes = new long[1];
    check(JCudaDriver.cuDeviceTotalMem(bytes, handle), "cuDeviceTotalMem");
    return new CudaDevice(
        ordinal,
        new String(name, 0, length, StandardCharsets.UTF_8),
        attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, handle),
        attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, handle),
        attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, handle),
        attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_CLOCK_RATE, handle),
        attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, handle),
        attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, handle),
        bytes[0],
        attribute(
            CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, handle));
  }

  private static CUdevice handle(int ordinal) {
    CUdevice handle = new CUdevice();
    check(JCudaDriver.cuDeviceGet(handle, ordinal), "cuDeviceGet");
    return handle;
  }

  private static int attribute(int which, CUdevice handle) {
    int[] value = new int[1];
    check(JCudaDriver.cuDeviceGetAttribute(value, which, handle), "cuDeviceGetAttribute");
    return value[0];
  }

  CUdevice handle() {
    return handle(ordinal);
  }

  /** Whether the kernel images were built for it. */
  boolean supported() {
    return 10 * major + minor >= LEAST_CAPABILITY;
  }

  /** Whether tensor cores compute in TF32: from Ampere on. */
  boolean tensorFloat() {
    return major >= 8;
  }

  /** Whether it is a stand-in, as its name then says. */
  boolean emulated() {
    return name.startsWith("CPU emulation");
  }

  /**
   * Memory: two transfers per clock over the whole bus. Arithmetic: NVIDIA's table of operations
   * per clock and multiprocessor by compute capability; on tensor cores, those of its white papers
   * of each architecture. Empty where the driver hides the clocks.
   */
  Optional<Roofline> roofline() {
    if (clockKilohertz == 0 || memoryClockKilohertz == 0 || busWidthBits == 0) {
      return Optional.empty();
    }
    int capability = 10 * major + minor;
    double fp32PerClock = capability == 75 || capability == 80 ? 64 : 128;
    double fp64PerClock =
        switch (capability) {
          case 80 -> 32;
          case 90, 100 -> 64;
          default -> 2;
        };
    double tf32TensorPerClock =
        switch (capability) {
          case 80 -> 512;
          case 90 -> 1024;
          case 100 -> 2048;
          default -> 128;
        };
    double fp64TensorPerClock =
        switch (capability) {
          case 80 -> 64;
          case 90 -> 128;
          default -> fp64PerClock;
        };
    double gigaclocks = multiprocessors * (clockKilohertz * 1e-6);
    return Optional.of(
        new Roofline(
            2e-6 * memoryClockKilohertz * (busWidthBits / 8.0),
            2 * fp32PerClock * gigaclocks,
            2 * fp64PerClock * gigaclocks,
            2 * tf32TensorPerClock * gigaclocks,
            2 * fp64TensorPerClock * gigaclocks));
  }

  @Override
  public String toString() {
    return String.format(
        "%s, compute capability %d.%d, %d SMs, %.1f GiB",
        name, major, minor, multiprocessors, memoryBytes / (double) (1L << 30));
  }
}
