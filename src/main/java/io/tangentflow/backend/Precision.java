package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.Locale;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/** The floating-point format that a matrix is stored and computed in. */
@API(status = Status.STABLE, since = "0.1")
public enum Precision {
  /** IEEE binary32. */
  FP32(Float.BYTES, 0x1p-24),
  /**
   * Stored as binary32; products round their factors to eleven bits and sum in binary32, on the
   * tensor cores of a GPU. Never a default.
   */
  TF32(Float.BYTES, 0x1p-11),
  /** IEEE binary64. */
  FP64(Double.BYTES, 0x1p-53);

  private final int bytes;
  private final double unitRoundoff;

  Precision(int bytes, double unitRoundoff) {
    this.bytes = bytes;
    this.unitRoundoff = unitRoundoff;
  }

  /**
   * The precision of that name.
   *
   * @param name {@code fp32}, {@code tf32} or {@code fp64}, in any case
   * @return that precision
   * @throws InvalidConfiguration if there is none
   */
  public static Precision named(String name) {
    for (Precision p : values()) {
      if (p.name().equals(name.toUpperCase(Locale.ROOT))) {
        return p;
      }
    }
    throw new InvalidConfiguration(
        "--precision", "must be fp32, fp64 or, on cuda, tf32, not '" + name + "'");
  }

  /** {@return whether numbers are stored as binary32} */
  public boolean single() {
    return bytes == Float.BYTES;
  }

  /** {@return bytes of one number} */
  public int bytes() {
    return bytes;
  }

  /** {@return u, half the distance from 1 to the next larger number} */
  public double unitRoundoff() {
    return unitRoundoff;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
