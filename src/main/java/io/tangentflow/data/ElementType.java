package io.tangentflow.data;

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

  /** NumPy's name of the type. */
  String descriptor() {
    return descriptor;
  }
}
