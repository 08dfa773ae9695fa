package io.tangentflow.backend.cuda;

import static io.tangentflow.backend.cuda.Driver.check;

import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.JCudaDriver;

/**
 * One kernel launch in the making: its arguments in the order of the kernel's parameters. The
 * driver copies them at the launch, so one instance serves all launches of a backend in turn.
 */
final class Launch {

  /** Terms of a linear combination that a kernel takes; the methods in use have at most six. */
  static final int MOST_TERMS = 8;

  private static final int MOST_ARGUMENT_BYTES = 1024;

  private final Streams streams;
  private final ByteBuffer values =
      ByteBuffer.allocateDirect(MOST_ARGUMENT_BYTES).order(ByteOrder.nativeOrder());
  private final Pointer start = Pointer.to(values);
  private final NativePointerObject[] slots = new NativePointerObject[32];
  private int arguments;

  Launch(Streams streams) {
    this.streams = streams;
  }

  /** Begins anew. */
  Launch begin() {
    values.clear();
    arguments = 0;
    return this;
  }

  private void slot() {
    values.position((values.position() + 7) & ~7);
    slots[arguments++] = start.withByteOffset(values.position());
  }

  Launch integer(int value) {
    slot();
    values.putInt(value);
    return this;
  }

  Launch size(long value) {
    slot();
    values.putLong(value);
    return this;
  }

  /** A number of the scalar type of that precision. */
  Launch scalar(double value, Precision precision) {
    slot();
    put(value, precision);
    return this;
  }

  /** The address of a matrix on which the kernel works. */
  Launch matrix(CudaMatrix matrix) {
    slot();
    put(matrix);
    return this;
  }

  /** The address of memory on which the kernel works. */
  Launch memory(DeviceMemory memory) {
    streams.beforeOperation(memory);
    slot();
    values.putLong(memory.address());
    return this;
  }

  /** A matrix with gaps, as the address and its leading dimension. */
  Launch strided(CudaMatrix matrix) {
    return matrix(matrix).size(matrix.leadingDimension());
  }

  /** The structure {@code Terms} of the kernels. */
  Launch terms(List<Term> terms, Precision precision) {
    if (terms.size() > MOST_TERMS) {
      throw new IllegalArgumentException(
          terms.size() + " terms; a kernel combines at most " + MOST_TERMS);
    }
    slot();
    for (int r = 0; r < MOST_TERMS; r++) {
      if (r < terms.size()) {
        put((CudaMatrix) terms.get(r).matrix());
      } else {
        values.putLong(0);
      }
    }
    for (int r = 0; r < MOST_TERMS; r++) {
      put(r < terms.size() ? terms.get(r).weight() : 0, precision);
    }
    values.putInt(terms.size());
    return this;
  }

  private void put(CudaMatrix matrix) {
    streams.beforeOperation(matrix.memory());
    values.putLong(matrix.address());
  }

  private void put(double value, Precision precision) {
    if (precision.single()) {
      values.putFloat((float) value);
    } else {
      values.putDouble(value);
    }
  }

  /** Enqueues the kernel on the compute stream. */
  void run(CUfunction kernel, String name, int blocks, int threads, int sharedBytes) {
    NativePointerObject[] used = Arrays.copyOf(slots, arguments);
    check(
        JCudaDriver.cuLaunchKernel(
            kernel,
            blocks,
            1,
            1,
            threads,
            1,
            1,
            sharedBytes,
            streams.compute(),
            Pointer.to(used),
            null),
        "cuLaunchKernel " + name);
  }
}
