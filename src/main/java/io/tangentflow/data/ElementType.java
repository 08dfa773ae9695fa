package io.tangentflow.data;

import java.nio.ByteBuffer;

/** How a number is stored in a file: IEEE 754, little-endian. */
public enum ElementType {
  /** Four bytes; {@code <f4} in NumPy. Finite numbers beyond its range are stored as infinite. */
  FP32(Float.BYTES, "<f4"),

  /** Eight bytes; {@code <f8} in NumPy. */
  FP64(Double.BYTES, "<f8");

  private final int bytes;
  private final String descriptor;

  ElementType(int bytes, String descriptor) {
    this.bytes = bytes;
    this.descriptor = descriptor;
  }

  /** Bytes per number. */
  public int bytes() {
    return bytes;
  }

  /**
   * Appends numbers to a little-endian buffer, rounded to the type.
   *
   * @param values those from {@code from} to before {@code to}; not modified
   */
  public void put(double[] values, int from, int to, ByteBuffer buffer) {
    for (int k = from; k < to; k++) {
      switch (this) {
        case FP32 -> buffer.putFloat((float) values[k]);
        case FP64 -> buffer.putDouble(values[k]);
      }
    }
  }

  /** NumPy's name of the type. */
  String descriptor() {
    return descriptor;
  }
}
