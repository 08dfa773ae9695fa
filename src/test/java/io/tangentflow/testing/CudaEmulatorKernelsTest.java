package io.tangentflow.testing;

import static jcuda.driver.JCudaDriver.cuCtxSynchronize;
import static jcuda.driver.JCudaDriver.cuFuncSetAttribute;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoH;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;
import static jcuda.driver.JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.LongStream;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * That CUDA C++ means on the emulated device what it means on a real one, and is counted exactly.
 */
@Tag("emulator")
class CudaEmulatorKernelsTest extends EmulatedDriver {

  @Test
  void aStructIsReadAndWrittenOnceWithItsTrueSize() {
    CUdeviceptr from = doubles(3 * 32);
    CUdeviceptr to = doubles(3 * 32);
    CudaEmulator.reset();
    ok(launch("test_copy_triples", 1, 32, 0, null, from, to));
    ok(cuCtxSynchronize());
    assertEquals(24 * 32, CudaEmulator.bytesRead());
    assertEquals(24 * 32, CudaEmulator.bytesWritten());
    free(from, to);
  }

  @Test
  void aStructOfPointersAndWeightsIsPassedByValueAndCostsNoTraffic() {
    int count = 100;
    CUdeviceptr x = ones(count);
    CUdeviceptr to = memory(count);
    ByteBuffer sum = ByteBuffer.allocateDirect(40).order(ByteOrder.nativeOrder());
    for (int t = 0; t < 2; t++) {
      sum.putLong(8 * t, address(x));
      sum.putFloat(24 + 4 * t, 3 * t - 0.5f);
    }
    sum.putInt(36, 2);
    CudaEmulator.reset();
    ok(launch("test_add_up_f32", 1, 64, 0, null, new long[] {count}, Pointer.to(sum), to));
    ok(cuCtxSynchronize());
    assertEquals(2L * 4 * count, CudaEmulator.bytesRead());
    assertEquals(4L * count, CudaEmulator.bytesWritten());
    for (float value : download(to, count)) {
      assertEquals(2, value);
    }
    free(x, to);
  }

  @ParameterizedTest
  @EnumSource(CudaEmulator.Order.class)
  void atomicsReachTheirResultInEveryOrder(CudaEmulator.Order order) {
    inOrder(
        order,
        () -> {
          long[] values = LongStream.range(0, 64).map(i -> (i * 37 + 11) % 64 + 5).toArray();
          CUdeviceptr x = doubles(64);
          CUdeviceptr results = doubles(2);
          ok(cuMemcpyHtoD(x, Pointer.to(values), 8 * 64));
          ok(cuMemcpyHtoD(results, Pointer.to(new long[] {-1, 0}), 16));
          CudaEmulator.reset();
          ok(launch("test_atomics", 1, 64, 0, null, x, results, results.withByteOffset(8)));
          ok(cuCtxSynchronize());
          assertEquals(3 * 8 * 64, CudaEmulator.bytesRead());
          assertEquals(2 * 8 * 64, CudaEmulator.bytesWritten());
          long[] found = new long[2];
          ok(cuMemcpyDtoH(Pointer.to(found), results, 16));
          assertArrayEquals(new long[] {5, 64}, found);
          free(x, results);
        });
  }

  @Test
  void dynamicSharedMemoryEndsWhereTheLaunchSaid() {
    CUdeviceptr sum = doubles(3);
    ok(launch("test_dynamic_sum", 3, 128, 8 * 128, null, sum));
    ok(cuCtxSynchronize());
    assertArrayEquals(new double[] {128, 128, 128}, downloadDoubles(sum, 3));
    ok(launch("test_dynamic_sum", 1, 128, 8 * 128 - 8, null, sum));
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
  }

  @Test
  void noBlockFindsWhatAnotherLeftInSharedMemory() {
    CUdeviceptr sum = doubles(4);
    ok(launch("test_stale_shared", 4, 1, 0, null, sum));
    ok(cuCtxSynchronize());
    for (double left : downloadDoubles(sum, 4)) {
      assertTrue(Double.isNaN(left));
    }
    free(sum);
  }

  @ParameterizedTest
  @EnumSource(CudaEmulator.Order.class)
  void aReadThatTheNextRoundOverwritesIsARaceInEveryOrder(CudaEmulator.Order order) {
    inOrder(
        order,
        () -> {
          ok(launch("test_rotate_with_one_barrier", 1, 64, 0, null, ones(64), new long[] {1}));
          assertEquals(CUresult.CUDA_ERROR_LAUNCH_FAILED, cuCtxSynchronize());
          assertEquals(1, CudaEmulator.races());
        });
  }

  @ParameterizedTest
  @EnumSource(CudaEmulator.Order.class)
  void lanesAreOrderedByTheirWarpsBarrierOnly(CudaEmulator.Order order) {
    inOrder(
        order,
        () -> {
          CUdeviceptr x = ones(32);
          ok(launch("test_swap_in_warp", 1, 32, 0, null, x, new long[] {1}));
          ok(cuCtxSynchronize());
          assertEquals(0, CudaEmulator.races());
          ok(launch("test_swap_in_warp", 1, 32, 0, null, x, new long[] {0}));
          assertEquals(CUresult.CUDA_ERROR_LAUNCH_FAILED, cuCtxSynchronize());
          assertEquals(1, CudaEmulator.races());
        });
  }

  @Test
  void functionsThatTheCLibraryLacksHaveTheirValues() {
    CUdeviceptr x = doubles(1);
    CUdeviceptr y = doubles(6);
    ok(cuMemcpyHtoD(x, Pointer.to(new double[] {1.5}), 8));
    ok(launch("test_functions", 1, 1, 0, null, x, y));
    ok(cuCtxSynchronize());
    assertArrayEquals(
        new double[] {-1, 0, 1 / Math.sqrt(1.5), 3, 7, 1}, downloadDoubles(y, 6), 1e-15);
    free(x, y);
  }

  @Test
  void freshMemoryIsNotANumber() {
    CUdeviceptr x = memory(100);
    for (float value : download(x, 100)) {
      assertTrue(Float.isNaN(value));
    }
    free(x);
  }

  /**
   * By threads 2048 / 256, by shared memory 164 KiB / (40 + 1) KiB; none above what may be asked.
   */
  @Test
  void occupancyFollowsFromThreadsAndSharedMemory() {
    int[] blocks = new int[1];
    ok(cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function("test_sum"), 256, 0));
    assertEquals(8, blocks[0]);
    ok(cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function("test_sum"), 256, 40 << 10));
    assertEquals(4, blocks[0]);
    ok(cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function("test_sum"), 256, 80 << 10));
    assertEquals(0, blocks[0]);
    ok(
        cuFuncSetAttribute(
            function("test_sum"),
            CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
            80 << 10));
    ok(cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function("test_sum"), 256, 80 << 10));
    assertEquals(2, blocks[0]);
    ok(cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function("test_sum"), 288, 0));
    assertEquals(0, blocks[0], "above the launch bound");
  }
}
