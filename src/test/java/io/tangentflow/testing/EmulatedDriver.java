package io.tangentflow.testing;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoH;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A test that calls the emulated driver as any program would, through JCuda. Each test has a
 * context of its own, which ends with it.
 */
abstract class EmulatedDriver {

  final CUdevice device = new CUdevice();
  final CUmodule module = new CUmodule();

  @BeforeEach
  void begin() {
    assumeTrue(CudaEmulator.available(), CudaEmulator.reason());
    CudaEmulator.reset();
    ok(cuInit(0));
    ok(cuDeviceGet(device, 0));
    CUcontext context = new CUcontext();
    ok(cuDevicePrimaryCtxRetain(context, device));
    ok(cuCtxSetCurrent(context));
    ok(cuModuleLoadData(module, "// .version 7.0\0".getBytes(StandardCharsets.UTF_8)));
  }

  /** The context ends with each test, and with it whatever fault was found. */
  @AfterEach
  void end() {
    if (CudaEmulator.available()) {
      CudaEmulator.reset();
      cuModuleUnload(module);
      ok(cuDevicePrimaryCtxRelease(device));
    }
  }

  static void inOrder(CudaEmulator.Order order, Runnable work) {
    CudaEmulator.order(order);
    try {
      work.run();
    } finally {
      CudaEmulator.order(CudaEmulator.Order.FORWARD);
    }
  }

  static void ok(int code) {
    assertEquals(CUresult.CUDA_SUCCESS, code, () -> CUresult.stringFor(code));
  }

  static CUstream stream() {
    CUstream stream = new CUstream();
    ok(cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
    return stream;
  }

  static CUdeviceptr memory(int floats) {
    CUdeviceptr memory = new CUdeviceptr();
    ok(cuMemAlloc(memory, 4L * floats));
    return memory;
  }

  static CUdeviceptr ones(int floats) {
    CUdeviceptr memory = memory(floats);
    float[] values = new float[floats];
    Arrays.fill(values, 1);
    ok(cuMemcpyHtoD(memory, Pointer.to(values), 4L * floats));
    return memory;
  }

  static float[] download(CUdeviceptr memory, int floats) {
    float[] values = new float[floats];
    ok(cuMemcpyDtoH(Pointer.to(values), memory, 4L * floats));
    return values;
  }

  static void free(CUdeviceptr... memory) {
    for (CUdeviceptr pointer : memory) {
      ok(cuMemFree(pointer));
    }
  }

  static CUdeviceptr doubles(int count) {
    return memory(2 * count);
  }

  static double[] downloadDoubles(CUdeviceptr memory, int count) {
    double[] values = new double[count];
    ok(cuMemcpyDtoH(Pointer.to(values), memory, 8L * count));
    return values;
  }

  /** The address that a device pointer holds, for structs of pointers. */
  static long address(CUdeviceptr pointer) {
    return new Address(pointer).value();
  }

  /** JCuda shows the address to subclasses only. */
  private static final class Address extends CUdeviceptr {
    Address(CUdeviceptr pointer) {
      super(pointer);
    }

    long value() {
      return getNativePointer() + getByteOffset();
    }
  }

  static long[] one() {
    return new long[] {1};
  }

  static long[] zero() {
    return new long[] {0};
  }

  void copy(CUdeviceptr from, CUdeviceptr to, long count, long read, long write) {
    ok(
        launch(
            "test_copy",
            1,
            32,
            0,
            null,
            from,
            to,
            new long[] {count},
            new long[] {read},
            new long[] {write}));
  }

  CUfunction function(String name) {
    CUfunction function = new CUfunction();
    ok(cuModuleGetFunction(function, module, name));
    return function;
  }

  /** Launches a kernel on device pointers, whole numbers, and structs in host memory. */
  int launch(
      String name, int blocks, int threads, int sharedBytes, CUstream stream, Object... arguments) {
    Pointer[] parameters = new Pointer[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      parameters[i] =
          arguments[i] instanceof CUdeviceptr device
              ? Pointer.to(device)
              : arguments[i] instanceof Pointer bytes ? bytes : Pointer.to((long[]) arguments[i]);
    }
    return cuLaunchKernel(
        function(name),
        blocks,
        1,
        1,
        threads,
        1,
        1,
        sharedBytes,
        stream,
        Pointer.to(parameters),
        null);
  }
}
