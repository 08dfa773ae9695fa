package io.tangentflow.backend.cuda;

import static io.tangentflow.backend.cuda.Driver.check;

import io.tangentflow.backend.Releases;
import io.tangentflow.model.DenseMatrix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUevent;
import jcuda.driver.CUmemorytype;
import jcuda.driver.JCudaDriver;

/**
 * Copies between host matrices and the device through two page-locked buffers: while one travels
 * the other is rounded to the device's precision, or read. The caller of an upload goes on when the
 * last of it lies in a buffer.
 */
final class Transfers {

  /** Bytes of one buffer: at some 10 GB/s under a millisecond, far above a copy's latency. */
  static final int BUFFER_BYTES = 4 << 20;

  private final Streams streams;
  private final Buffer[] buffers;
  private int next;

  Transfers(Streams streams, Releases releases) {
    this.streams = streams;
    buffers = new Buffer[] {new Buffer(releases), new Buffer(releases)};
  }

  /** A page-locked buffer and the event after its last copy. */
  private static final class Buffer {
    private final Pointer pointer = new Pointer();
    private final ByteBuffer bytes;
    private final CUevent travelled = new CUevent();
    private boolean used;

    Buffer(Releases releases) {
      check(JCudaDriver.cuMemAllocHost(pointer, BUFFER_BYTES), "cuMemAllocHost");
      releases.add(() -> check(JCudaDriver.cuMemFreeHost(pointer), "cuMemFreeHost"));
      bytes = pointer.getByteBuffer(0, BUFFER_BYTES).order(ByteOrder.nativeOrder());
      Streams.open(travelled, releases);
    }

    void await() {
      if (used) {
        check(JCudaDriver.cuEventSynchronize(travelled), "cuEventSynchronize");
      }
    }
  }

  /** A rectangle of a matrix that fits into a buffer. */
  private record Part(long row, long column, int rows, int columns) {}

  /** target ← source, of equal shapes. */
  void upload(DenseMatrix source, CudaMatrix target) {
    streams.beforeCopy(target.memory());
    for (Part part : parts(target)) {
      Buffer buffer = take();
      buffer.await();
      for (int j = 0; j < part.columns(); j++) {
        write(source, at(part, j, target), buffer, j * part.rows(), part.rows(), target);
      }
      enqueue(part, buffer, target, true);
    }
    streams.afterCopy(target.memory());
  }

  /** The bits of whole numbers into a column of 32-bit entries. */
  void uploadBits(int[] source, CudaMatrix target) {
    streams.beforeCopy(target.memory());
    for (Part part : parts(target)) {
      Buffer buffer = take();
      buffer.await();
      buffer.bytes.asIntBuffer().put(0, source, (int) part.row(), part.rows());
      enqueue(part, buffer, target, true);
    }
    streams.afterCopy(target.memory());
  }

  /** target ← source, of equal shapes; returns when it is there. */
  void download(CudaMatrix source, DenseMatrix target) {
    streams.beforeCopy(source.memory());
    List<Part> parts = parts(source);
    List<Buffer> travelling = new ArrayList<>();
    for (int p = 0; p < parts.size() + buffers.length; p++) {
      if (p >= buffers.length && p - buffers.length < parts.size()) {
        Part part = parts.get(p - buffers.length);
        Buffer buffer = travelling.get(p - buffers.length);
        buffer.await();
        for (int j = 0; j < part.columns(); j++) {
          read(target, at(part, j, source), buffer, j * part.rows(), part.rows(), source);
        }
      }
      if (p < parts.size()) {
        Buffer buffer = take();
        buffer.await();
        enqueue(parts.get(p), buffer, source, false);
        travelling.add(buffer);
      }
    }
  }

  /** target ← 0. */
  void clear(DeviceMemory target) {
    if (target.bytes() > 0) {
      streams.beforeCopy(target);
      check(
          JCudaDriver.cuMemsetD8Async(
              target.pointer(0), (byte) 0, target.bytes(), streams.copies()),
          "cuMemsetD8Async");
      streams.afterCopy(target);
    }
  }

  private Buffer take() {
    next = (next + 1) % buffers.length;
    return buffers[next];
  }

  /** The index in the host's array of the first entry of the part's column j. */
  private static int at(Part part, int j, CudaMatrix matrix) {
    return (int)
        (wholeColumn(matrix) ? part.row() : part.row() + (part.column() + j) * matrix.rows());
  }

  /** Whether it is copied as one long column. */
  private static boolean wholeColumn(CudaMatrix matrix) {
    return matrix.contiguous();
  }

  private static List<Part> parts(CudaMatrix matrix) {
    long rows = wholeColumn(matrix) ? matrix.entries() : matrix.rows();
    long columns = wholeColumn(matrix) ? 1 : matrix.columns();
    List<Part> parts = new ArrayList<>();
    if (rows == 0 || columns == 0) {
      return parts;
    }
    long capacity = BUFFER_BYTES / matrix.precision().bytes();
    long rowStep = Math.min(rows, capacity);
    long columnStep = capacity / rowStep;
    for (long j = 0; j < columns; j += columnStep) {
      for (long i = 0; i < rows; i += rowStep) {
        parts.add(
            new Part(
                i, j, (int) Math.min(rowStep, rows - i), (int) Math.min(columnStep, columns - j)));
      }
    }
    return parts;
  }

  private static void write(
      DenseMatrix source, int from, Buffer buffer, int at, int count, CudaMatrix like) {
    if (like.precision().single()) {
      FloatBuffer floats = buffer.bytes.asFloatBuffer();
      for (int i = 0; i < count; i++) {
        floats.put(at + i, (float) source.values()[from + i]);
      }
    } else {
      buffer.bytes.asDoubleBuffer().put(at, source.values(), from, count);
    }
  }

  private static void read(
      DenseMatrix target, int to, Buffer buffer, int at, int count, CudaMatrix like) {
    if (like.precision().single()) {
      FloatBuffer floats = buffer.bytes.asFloatBuffer();
      for (int i = 0; i < count; i++) {
        target.values()[to + i] = floats.get(at + i);
      }
    } else {
      DoubleBuffer doubles = buffer.bytes.asDoubleBuffer();
      doubles.get(at, target.values(), to, count);
    }
  }

  /** Enqueues the copy of a part from its buffer to the matrix, or back. */
  private void enqueue(Part part, Buffer buffer, CudaMatrix matrix, boolean toDevice) {
    int bytes = matrix.precision().bytes();
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.WidthInBytes = (long) part.rows() * bytes;
    copy.Height = part.columns();
    long hostPitch = copy.WidthInBytes;
    if (toDevice) {
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
      copy.srcHost = buffer.pointer;
      copy.srcPitch = hostPitch;
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.dstDevice = matrix.pointer(part.row(), part.column());
      copy.dstPitch = part.columns() == 1 ? hostPitch : matrix.pitch();
    } else {
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.srcDevice = matrix.pointer(part.row(), part.column());
      copy.srcPitch = part.columns() == 1 ? hostPitch : matrix.pitch();
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
      copy.dstHost = buffer.pointer;
      copy.dstPitch = hostPitch;
    }
    check(JCudaDriver.cuMemcpy2DAsync(copy, streams.copies()), "cuMemcpy2DAsync");
    check(JCudaDriver.cuEventRecord(buffer.travelled, streams.copies()), "cuEventRecord");
    buffer.used = true;
  }
}
