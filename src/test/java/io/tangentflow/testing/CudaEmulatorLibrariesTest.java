package io.tangentflow.testing;

import static jcuda.driver.JCudaDriver.cuCtxSynchronize;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static jcuda.jcublas.JCublas2.cublasCreate;
import static jcuda.jcublas.JCublas2.cublasDestroy;
import static jcuda.jcublas.JCublas2.cublasGemmEx_new;
import static jcuda.jcublas.JCublas2.cublasSetMathMode;
import static jcuda.jcublas.JCublas2.cublasSetPointerMode;
import static jcuda.jcublas.JCublas2.cublasSetStream;
import static jcuda.jcublas.JCublas2.cublasSgemm;
import static jcuda.jcublas.JCublas2.cublasSgemmStridedBatched;
import static jcuda.jcublas.JCublas2.cublasSsyrk;
import static jcuda.jcublas.JCublas2.cublasStrsm;
import static jcuda.jcurand.JCurand.curandCreateGenerator;
import static jcuda.jcurand.JCurand.curandDestroyGenerator;
import static jcuda.jcurand.JCurand.curandGenerateNormal;
import static jcuda.jcurand.JCurand.curandSetGeneratorOffset;
import static jcuda.jcurand.JCurand.curandSetPseudoRandomGeneratorSeed;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUgraph;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasMath;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasPointerMode;
import jcuda.jcublas.cublasStatus;
import jcuda.jcurand.curandGenerator;
import jcuda.jcurand.curandRngType;
import jcuda.jcurand.curandStatus;
import jcuda.runtime.cudaStream_t;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The stand-ins of cuBLAS and cuRAND: small integers, so that equality is exact. */
@Tag("emulator")
class CudaEmulatorLibrariesTest extends EmulatedDriver {

  private static final int N = cublasOperation.CUBLAS_OP_N;
  private static final int T = cublasOperation.CUBLAS_OP_T;
  private static final Pointer ONE = Pointer.to(new float[] {1});
  private static final Pointer ZERO = Pointer.to(new float[] {0});

  private final cublasHandle handle = new cublasHandle();

  @BeforeEach
  void create() {
    ok(cublasCreate(handle));
  }

  @AfterEach
  void destroy() {
    if (CudaEmulator.available()) {
      CudaEmulator.reset();
      ok(cublasDestroy(handle));
    }
  }

  @Test
  void aProductOfAnyTransposesReadsStridesAndKeepsWhatBetaSays() {
    int m = 5;
    int n = 3;
    int k = 7;
    for (int opA : new int[] {N, T}) {
      for (int opB : new int[] {N, T}) {
        int lda = (opA == N ? m : k) + 2;
        int ldb = (opB == N ? k : n) + 1;
        int ldc = m + 3;
        float[] a = integers(lda * (opA == N ? k : m), 1);
        float[] b = integers(ldb * (opB == N ? n : k), 2);
        float[] c = integers(ldc * n, 3);
        float[] expected = c.clone();
        for (int j = 0; j < n; j++) {
          for (int i = 0; i < m; i++) {
            float sum = 0;
            for (int l = 0; l < k; l++) {
              sum +=
                  a[opA == N ? i + l * lda : l + i * lda] * b[opB == N ? l + j * ldb : j + l * ldb];
            }
            expected[i + j * ldc] = 2 * sum + 3 * c[i + j * ldc];
          }
        }
        CUdeviceptr x = upload(a);
        CUdeviceptr y = upload(b);
        CUdeviceptr z = upload(c);
        Pointer two = Pointer.to(new float[] {2});
        Pointer three = Pointer.to(new float[] {3});
        ok(cublasSgemm(handle, opA, opB, m, n, k, two, x, lda, y, ldb, three, z, ldc));
        assertEquals(1, CudaEmulator.pendingOperations(), "queued, not run");
        assertArrayEquals(expected, download(z, c.length));
        free(x, y, z);
      }
    }
    assertEquals(4, CudaEmulator.gemms());
  }

  @Test
  void withBetaZeroTheOldResultIsNotRead() {
    CUdeviceptr x = upload(new float[] {3});
    CUdeviceptr fresh = memory(1); // NaN
    ok(cublasSgemm(handle, N, N, 1, 1, 1, ONE, x, 1, x, 1, ZERO, fresh, 1));
    assertEquals(9, download(fresh, 1)[0]);
    free(x, fresh);
  }

  @Test
  void aStridedBatchIsOneProductOfManyMatrices() {
    CUdeviceptr a = upload(new float[] {1, 2, 3, 4, 5, 6});
    CUdeviceptr b = upload(new float[] {10, 100, 1000});
    CUdeviceptr c = memory(6);
    ok(cublasSgemmStridedBatched(handle, N, N, 2, 1, 1, ONE, a, 2, 2, b, 1, 1, ZERO, c, 2, 2, 3));
    assertArrayEquals(new float[] {10, 20, 300, 400, 5000, 6000}, download(c, 6));
    assertEquals(1, CudaEmulator.gemms());
    free(a, b, c);
  }

  @Test
  void aSymmetricProductWritesItsTriangleOnly() {
    CUdeviceptr a = upload(new float[] {1, 2});
    for (int triangle = 0; triangle < 2; triangle++) { // lower, upper
      CUdeviceptr c = upload(new float[] {7, 7, 7, 7});
      ok(cublasSsyrk(handle, triangle, N, 2, 1, ONE, a, 2, ZERO, c, 2));
      float[] expected = triangle == 0 ? new float[] {1, 2, 7, 4} : new float[] {1, 7, 2, 4};
      assertArrayEquals(expected, download(c, 4));
      free(c);
    }
    free(a);
  }

  @Test
  void scalarsOnTheDeviceAreReadWhenTheProductRuns() {
    CUdeviceptr x = upload(new float[] {3});
    CUdeviceptr scalars = upload(new float[] {1, 0});
    CUdeviceptr c = memory(1);
    ok(cublasSetPointerMode(handle, cublasPointerMode.CUBLAS_POINTER_MODE_DEVICE));
    CUdeviceptr beta = scalars.withByteOffset(4);
    ok(cublasSgemm(handle, N, N, 1, 1, 1, scalars, x, 1, x, 1, beta, c, 1));
    assertEquals(9, download(c, 1)[0]);
    assertEquals(
        cublasStatus.CUBLAS_STATUS_EXECUTION_FAILED,
        cublasSgemm(handle, N, N, 1, 1, 1, scalars.withByteOffset(8), x, 1, x, 1, beta, c, 1),
        "alpha outside its allocation");
    free(x, scalars, c);
  }

  /**
   * 1 + 2⁻¹² has eleven more bits than TF32 keeps; its square differs from 1 unless it is rounded.
   */
  @Test
  void tensorFloatsReallyRoundTheFactors() {
    float x = 1 + 0x1p-12f;
    CUdeviceptr a = upload(new float[] {x});
    CUdeviceptr c = memory(1);
    ok(cublasSgemm(handle, N, N, 1, 1, 1, ONE, a, 1, a, 1, ZERO, c, 1));
    assertEquals(x * x, download(c, 1)[0]);
    product(a, c, cublasComputeType.CUBLAS_COMPUTE_32F);
    assertEquals(x * x, download(c, 1)[0]);
    product(a, c, cublasComputeType.CUBLAS_COMPUTE_32F_FAST_TF32);
    assertEquals(1, download(c, 1)[0]);
    ok(cublasSetMathMode(handle, cublasMath.CUBLAS_TF32_TENSOR_OP_MATH));
    ok(cublasSgemm(handle, N, N, 1, 1, 1, ONE, a, 1, a, 1, ZERO, c, 1));
    assertEquals(1, download(c, 1)[0]);
    free(a, c);
  }

  @Test
  void operandsOutsideDeviceMemoryAndWrongLeadingDimensionsAreRefused() {
    CUdeviceptr x = upload(new float[] {1, 2, 3, 4});
    assertEquals(
        cublasStatus.CUBLAS_STATUS_EXECUTION_FAILED,
        cublasSgemm(handle, N, N, 2, 2, 2, ONE, x.withByteOffset(4), 2, x, 2, ZERO, x, 2));
    assertEquals(
        cublasStatus.CUBLAS_STATUS_INVALID_VALUE,
        cublasSgemm(handle, N, N, 2, 2, 2, ONE, x, 1, x, 2, ZERO, x, 2));
    free(x);
  }

  @Test
  void aProductOnFreedMemoryFailsWhenItRuns() {
    CUdeviceptr x = upload(new float[] {1});
    CUdeviceptr c = memory(1);
    ok(cublasSgemm(handle, N, N, 1, 1, 1, ONE, x, 1, x, 1, ZERO, c, 1));
    free(x);
    assertEquals(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
  }

  @Test
  void productsFollowTheirStreamAndAreCaptured() {
    CUstream stream = stream();
    CUdeviceptr x = upload(new float[] {2});
    CUdeviceptr c = upload(new float[] {0});
    ok(cublasSetStream(handle, new cudaStream_t(stream)));
    ok(cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    ok(cublasSgemm(handle, N, N, 1, 1, 1, ONE, x, 1, x, 1, ZERO, c, 1));
    ok(cuStreamEndCapture(stream, new CUgraph()));
    ok(cuStreamSynchronize(stream));
    assertEquals(0, CudaEmulator.gemms());
    ok(cublasSgemm(handle, N, N, 1, 1, 1, ONE, x, 1, x, 1, ZERO, c, 1));
    assertEquals(0, download(c, 1)[0], "the default stream does not wait for this one");
    ok(cuStreamSynchronize(stream));
    assertEquals(4, download(c, 1)[0]);
    ok(cuStreamDestroy(stream));
    free(x, c);
  }

  @Test
  void aCallThatNothingStandsInForIsAnsweredAndCounted() {
    CUdeviceptr x = upload(new float[] {1});
    assertEquals(
        cublasStatus.CUBLAS_STATUS_NOT_SUPPORTED,
        cublasStrsm(handle, 0, 0, 0, 0, 1, 1, ONE, x, 1, x, 1));
    assertEquals(1, CudaEmulator.unsupportedCalls());
    free(x);
  }

  @Test
  void injectedFailuresReachTheLibraries() {
    CudaEmulator.failCall(1, cublasStatus.CUBLAS_STATUS_ALLOC_FAILED);
    assertEquals(cublasStatus.CUBLAS_STATUS_ALLOC_FAILED, cublasCreate(new cublasHandle()));
  }

  @Test
  void normalNumbersComeInPairsFromSeedAndOffset() {
    int count = 20_000;
    curandGenerator generator = new curandGenerator();
    ok(curandCreateGenerator(generator, curandRngType.CURAND_RNG_PSEUDO_PHILOX4_32_10));
    ok(curandSetPseudoRandomGeneratorSeed(generator, 42));
    CUdeviceptr x = memory(count);
    CUdeviceptr tail = memory(count - 100);
    ok(curandGenerateNormal(generator, x, count, 1, 2));
    ok(curandSetPseudoRandomGeneratorSeed(generator, 42));
    ok(curandSetGeneratorOffset(generator, 100));
    ok(curandGenerateNormal(generator, tail, count - 100, 1, 2));
    float[] values = download(x, count);
    assertArrayEquals(Arrays.copyOfRange(values, 100, count), download(tail, count - 100));
    double mean = 0;
    double square = 0;
    for (float value : values) {
      mean += value / (double) count;
      square += (value - 1.0) * (value - 1.0) / count;
    }
    // Five standard deviations of the mean, 2/√count, and of the mean square, 4√(2/count).
    assertEquals(1, mean, 5 * 2 / Math.sqrt(count));
    assertEquals(4, square, 5 * 4 * Math.sqrt(2.0 / count));
    assertEquals(
        curandStatus.CURAND_STATUS_LENGTH_NOT_MULTIPLE,
        curandGenerateNormal(generator, x, 3, 0, 1));
    assertTrue(curandGenerateNormal(generator, x, count + 2, 0, 1) != 0, "beyond the target");
    ok(curandDestroyGenerator(generator));
    free(x, tail);
  }

  private void product(CUdeviceptr a, CUdeviceptr c, int computeType) {
    ok(
        cublasGemmEx_new(
            handle,
            N,
            N,
            1,
            1,
            1,
            ONE,
            a,
            cudaDataType.CUDA_R_32F,
            1,
            a,
            cudaDataType.CUDA_R_32F,
            1,
            ZERO,
            c,
            cudaDataType.CUDA_R_32F,
            1,
            computeType,
            cublasGemmAlgo.CUBLAS_GEMM_DEFAULT));
  }

  private static float[] integers(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt(19) - 9;
    }
    return values;
  }

  private static CUdeviceptr upload(float[] values) {
    CUdeviceptr memory = memory(values.length);
    ok(cuMemcpyHtoD(memory, Pointer.to(values), 4L * values.length));
    return memory;
  }
}
