package io.tangentflow.backend.cuda;

import io.tangentflow.TangentFlowException.CudaFailure;
import io.tangentflow.TangentFlowException.OutOfMemory;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.cublasStatus;
import jcuda.jcurand.curandStatus;

/** What calls of the driver and of its libraries answer, as exceptions. */
final class Driver {

  private Driver() {}

  /**
   * Checks the answer of a driver call.
   *
   * @throws OutOfMemory if the device is out of memory, or the host of page-locked memory
   * @throws CudaFailure if it is any other failure
   */
  static void check(int code, String call) {
    if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      throw OutOfMemory.ofCall(call, "CUDA_ERROR_OUT_OF_MEMORY");
    }
    if (code != CUresult.CUDA_SUCCESS) {
      throw new CudaFailure(code, name(code), call);
    }
  }

  /** Checks the answer of a cuBLAS call. */
  static void checkCublas(int code, String call) {
    if (code == cublasStatus.CUBLAS_STATUS_ALLOC_FAILED) {
      throw OutOfMemory.ofCall(call, "CUBLAS_STATUS_ALLOC_FAILED");
    }
    if (code != cublasStatus.CUBLAS_STATUS_SUCCESS) {
      throw new CudaFailure(code, cublasStatus.stringFor(code), call);
    }
  }

  /** Checks the answer of a cuRAND call. */
  static void checkCurand(int code, String call) {
    if (code == curandStatus.CURAND_STATUS_ALLOCATION_FAILED) {
      throw OutOfMemory.ofCall(call, "CURAND_STATUS_ALLOCATION_FAILED");
    }
    if (code != curandStatus.CURAND_STATUS_SUCCESS) {
      throw new CudaFailure(code, curandStatus.stringFor(code), call);
    }
  }

  /** NVIDIA's name of a driver code. */
  static String name(int code) {
    String[] name = new String[1];
    int answer = JCudaDriver.cuGetErrorName(code, name);
    return answer == CUresult.CUDA_SUCCESS && name[0] != null ? name[0] : "an unknown error";
  }
}
