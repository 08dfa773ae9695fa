package io.tangentflow.backend.check;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Roofline;

/**
 * What a machine does at most, measured in the same process as what is set beside it: the rates of
 * large products in the backend's precision and in FP64, and the bandwidth of large copies.
 * Arithmetic outside products is set beside products too.
 *
 * @param order of the products in the backend's precision
 * @param copiedBytes of an array that is copied
 * @param first what was measured before the other work
 * @param last what was measured after it
 */
public record MeasuredRoofline(int order, long copiedBytes, Rates first, Rates last) {

  /**
   * One measurement.
   *
   * @param gigaflops of products in the backend's precision
   * @param gigaflopsOfFp64 of products in FP64
   * @param gigabytesPerSecond of copies
   */
  public record Rates(double gigaflops, double gigaflopsOfFp64, double gigabytesPerSecond) {}

  /** Measures before and after the work is done. */
  public static MeasuredRoofline around(
      Backend backend, int threads, long budgetBytes, Runnable work) {
    LargeProduct product = new LargeProduct(backend, backend.precision(), budgetBytes);
    LargeProduct fp64 =
        backend.precision() == Precision.FP64
            ? product
            : new LargeProduct(backend, Precision.FP64, budgetBytes);
    CopyBandwidth copy = new CopyBandwidth(backend, threads, budgetBytes);
    Rates first = rates(product, fp64, copy);
    work.run();
    return new MeasuredRoofline(product.order(), copy.bytes(), first, rates(product, fp64, copy));
  }

  private static Rates rates(LargeProduct product, LargeProduct fp64, CopyBandwidth copy) {
    double gigaflops = product.gigaflops();
    return new Rates(
        gigaflops, product == fp64 ? gigaflops : fp64.gigaflops(), copy.gigabytesPerSecond());
  }

  /** The better of the two. */
  public Rates best() {
    return new Rates(
        Math.max(first.gigaflops, last.gigaflops),
        Math.max(first.gigaflopsOfFp64, last.gigaflopsOfFp64),
        Math.max(first.gigabytesPerSecond, last.gigabytesPerSecond));
  }

  /** The better of the two, as the roofline of a backend of that precision. */
  public Roofline roofline() {
    Rates best = best();
    return new Roofline(
        best.gigabytesPerSecond,
        best.gigaflops,
        best.gigaflopsOfFp64,
        best.gigaflops,
        best.gigaflopsOfFp64);
  }
}
