package io.tangentflow.backend;

/**
 * The most that a device can do, computed from its clocks and units.
 *
 * @param gigabytesPerSecond to and from its memory
 * @param gigaflopsFp32 fused multiply-adds outside tensor cores, two operations each
 * @param gigaflopsFp64 likewise in FP64
 */
public record Roofline(double gigabytesPerSecond, double gigaflopsFp32, double gigaflopsFp64) {

  /** The rate of that precision's arithmetic. */
  public double gigaflops(Precision precision) {
    return precision == Precision.FP64 ? gigaflopsFp64 : gigaflopsFp32;
  }
}
