package io.tangentflow.backend.cuda;

import static io.tangentflow.backend.cuda.Driver.checkCublas;

import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Releases;
import io.tangentflow.backend.Transpose;
import jcuda.Pointer;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasFillMode;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasMath;
import jcuda.jcublas.cublasOperation;
import jcuda.runtime.cudaStream_t;

/**
 * Products by cuBLAS on the compute stream. FP32 stays FP32: the tensor cores' TF32 is used for
 * matrices of that precision only. cuBLAS gets its workspace once, as a recorded step may not
 * allocate.
 */
final class Products {

  /** NVIDIA's recommendation: 32 MiB from Hopper on, 4 MiB before. */
  private static final long HOPPER_WORKSPACE_BYTES = 32L << 20;

  private static final long WORKSPACE_BYTES = 4L << 20;

  private final Streams streams;
  private final cublasHandle handle = new cublasHandle();
  private int mathMode = cublasMath.CUBLAS_DEFAULT_MATH;

  Products(Streams streams, CudaDevice device, Releases releases) {
    this.streams = streams;
    checkCublas(JCublas2.cublasCreate(handle), "cublasCreate");
    releases.add(() -> checkCublas(JCublas2.cublasDestroy(handle), "cublasDestroy"));
    checkCublas(
        JCublas2.cublasSetStream(handle, new cudaStream_t(streams.compute())), "cublasSetStream");
    DeviceMemory workspace =
        new DeviceMemory(device.major() >= 9 ? HOPPER_WORKSPACE_BYTES : WORKSPACE_BYTES);
    releases.add(workspace::free);
    checkCublas(
        JCublas2.cublasSetWorkspace(handle, workspace.pointer(0), workspace.bytes()),
        "cublasSetWorkspace");
  }

  /** cuBLAS's own version, as 120600 for 12.6.0. */
  int version() {
    int[] version = new int[1];
    checkCublas(JCublas2.cublasGetVersion(handle, version), "cublasGetVersion");
    return version[0];
  }

  /** C ← α op(A) op(B) + β C. */
  void gemm(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      CudaMatrix a,
      CudaMatrix b,
      double beta,
      CudaMatrix c) {
    gemmStrided(transposeA, transposeB, alpha, a, 0, b, 0, beta, c, 0, 1);
  }

  /**
   * C_q ← α op(A_q) op(B_q) + β C_q for {@code count} products, each operand that many numbers
   * after the one before; a stride of 0 is one factor for all.
   */
  void gemmStrided(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      CudaMatrix a,
      long strideA,
      CudaMatrix b,
      long strideB,
      double beta,
      CudaMatrix c,
      long strideC,
      int count) {
    if (c.entries() == 0 || count == 0) {
      return;
    }
    Precision precision = c.precision();
    prepare(precision, a, b, c);
    int k = transposeA == Transpose.NO ? a.columns() : a.rows();
    int opA = operation(transposeA);
    int opB = operation(transposeB);
    int m = c.rows();
    int n = c.columns();
    Pointer alphaAt = scalar(alpha, precision);
    Pointer betaAt = scalar(beta, precision);
    if (count == 1) {
      Gemm gemm = precision.single() ? JCublas2::cublasSgemm : JCublas2::cublasDgemm;
      checkCublas(
          gemm.call(
              handle, opA, opB, m, n, k, alphaAt, at(a), stride(a), at(b), stride(b), betaAt, at(c),
              stride(c)),
          "cublasGemm");
    } else {
      StridedGemm gemm =
          precision.single()
              ? JCublas2::cublasSgemmStridedBatched
              : JCublas2::cublasDgemmStridedBatched;
      checkCublas(
          gemm.call(
              handle, opA, opB, m, n, k, alphaAt, at(a), stride(a), strideA, at(b), stride(b),
              strideB, betaAt, at(c), stride(c), strideC, count),
          "cublasGemmStridedBatched");
    }
  }

  /** The upper triangle of C ← AᵀA. */
  void syrkUpper(CudaMatrix a, CudaMatrix c) {
    if (c.entries() == 0) {
      return;
    }
    Precision precision = c.precision();
    prepare(precision, a, c);
    Syrk syrk = precision.single() ? JCublas2::cublasSsyrk : JCublas2::cublasDsyrk;
    checkCublas(
        syrk.call(
            handle,
            cublasFillMode.CUBLAS_FILL_MODE_UPPER,
            cublasOperation.CUBLAS_OP_T,
            c.rows(),
            a.rows(),
            scalar(1, precision),
            at(a),
            stride(a),
            scalar(0, precision),
            at(c),
            stride(c)),
        "cublasSyrk");
  }

  /** A product of either precision, as cuBLAS has it. */
  @FunctionalInterface
  private interface Gemm {
    int call(
        cublasHandle handle,
        int opA,
        int opB,
        int m,
        int n,
        int k,
        Pointer alpha,
        Pointer a,
        int lda,
        Pointer b,
        int ldb,
        Pointer beta,
        Pointer c,
        int ldc);
  }

  /** A batch of products of either precision. */
  @FunctionalInterface
  private interface StridedGemm {
    int call(
        cublasHandle handle,
        int opA,
        int opB,
        int m,
        int n,
        int k,
        Pointer alpha,
        Pointer a,
        int lda,
        long strideA,
        Pointer b,
        int ldb,
        long strideB,
        Pointer beta,
        Pointer c,
        int ldc,
        long strideC,
        int count);
  }

  /** A symmetric product of either precision. */
  @FunctionalInterface
  private interface Syrk {
    int call(
        cublasHandle handle,
        int fill,
        int op,
        int n,
        int k,
        Pointer alpha,
        Pointer a,
        int lda,
        Pointer beta,
        Pointer c,
        int ldc);
  }

  private static Pointer scalar(double value, Precision precision) {
    return precision.single()
        ? Pointer.to(new float[] {(float) value})
        : Pointer.to(new double[] {value});
  }

  private void prepare(Precision precision, CudaMatrix... operands) {
    for (CudaMatrix operand : operands) {
      streams.beforeOperation(operand.memory());
    }
    int mode =
        precision == Precision.TF32
            ? cublasMath.CUBLAS_TF32_TENSOR_OP_MATH
            : cublasMath.CUBLAS_DEFAULT_MATH;
    if (mode != mathMode) {
      checkCublas(JCublas2.cublasSetMathMode(handle, mode), "cublasSetMathMode");
      mathMode = mode;
    }
  }

  private static Pointer at(CudaMatrix matrix) {
    return matrix.pointer(0, 0);
  }

  /** A leading dimension that cuBLAS accepts also for empty factors. */
  private static int stride(CudaMatrix matrix) {
    return Math.max(1, matrix.leadingDimension());
  }

  private static int operation(Transpose transpose) {
    return transpose == Transpose.NO ? cublasOperation.CUBLAS_OP_N : cublasOperation.CUBLAS_OP_T;
  }
}
