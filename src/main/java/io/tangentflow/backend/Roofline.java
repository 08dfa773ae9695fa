package io.tangentflow.backend;

/**
 * The most that a device can do, computed from its clocks and units.
 *
 * @param gigabytesPerSecond to and from its memory
 * @param fp32 fused multiply-adds outside tensor cores, two operations each, in GFLOP/s
 * @param fp64 likewise in FP64
 * @param tf32Products on tensor cores, of dense matrices
 * @param fp64Products likewise in FP64; that of {@code fp64} where tensor cores have none
 */
public record Roofline(
    double gigabytesPerSecond, double fp32, double fp64, double tf32Products, double fp64Products) {

  /** GFLOP/s of that precision's arithmetic; what is stored as TF32 is computed as FP32. */
  public double gigaflops(Precision precision) {
    return precision == Precision.FP64 ? fp64 : fp32;
  }

  /** GFLOP/s of that precision's products of matrices. */
  public double gigaflopsOfProducts(Precision precision) {
    return switch (precision) {
      case FP32 -> fp32;
      case TF32 -> tf32Products;
      case FP64 -> fp64Products;
    };
  }
}
