package io.tangentflow.backend.cuda;

import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.StridedMatrix;
import jcuda.driver.CUdeviceptr;

/** A matrix, or a view of one, in device memory. */
final class CudaMatrix extends StridedMatrix {

  private final DeviceMemory memory;

  private CudaMatrix(
      DeviceMemory memory,
      Precision precision,
      long offset,
      int rows,
      int columns,
      int leadingDimension) {
    super(precision, offset, rows, columns, leadingDimension);
    this.memory = memory;
  }

  /** All of an allocation, read as a matrix. */
  static CudaMatrix whole(DeviceMemory memory, int rows, int columns, Precision precision) {
    return new CudaMatrix(memory, precision, 0, rows, columns, rows);
  }

  @Override
  protected Matrix view(long offset, int rows, int columns, int leadingDimension) {
    return new CudaMatrix(memory, precision(), offset, rows, columns, leadingDimension);
  }

  DeviceMemory memory() {
    return memory;
  }

  /** The address of entry (0, 0), for kernels. */
  long address() {
    return memory.address() + offset() * precision().bytes();
  }

  /** The address of entry (i, j), for the libraries and for copies. */
  CUdeviceptr pointer(long i, long j) {
    return memory.pointer((offset() + i + j * leadingDimension()) * precision().bytes());
  }

  /** Bytes from one column to the next. */
  long pitch() {
    return (long) leadingDimension() * precision().bytes();
  }
}
