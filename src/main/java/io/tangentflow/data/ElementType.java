package io.tangentflow.data;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** How a number is stored in a file: IEEE 754, little-endian. */
public enum ElementType {
  /** Four bytes; {@code <f4} in NumPy. Finite numbers beyond its range are stored as infinite. */
  FP32(Float.BYTES, "<f4"),

  /** Eight bytes; {@code <f8} in NumPy. */
  FP64(Double.BYTES, "<f8");

  /** The least number that rounds to an infinite one: half a unit in the last place above. */
  private static final double BEYOND_FP32 = 0x1.ffffffp127;

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

  /** Whether all numbers stay finite in this type, if they are. */
  public boolean holds(double[] values) {
    return this == FP64 || Arrays.stream(values).noneMatch(v -> Math.abs(v) >= BEYOND_FP32);
  }

  /** NumPy's name of the type. */
  String descriptor() {
    return descriptor;
  }
}
