package io.tangentflow.backend.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Roofline;
import io.tangentflow.backend.check.MeasuredRoofline.Rates;
import org.junit.jupiter.api.Test;

class MeasuredRooflineTest {

  @Test
  void ofTwoMeasurementsTheBetterCounts() {
    MeasuredRoofline measured =
        new MeasuredRoofline(64, 1 << 20, new Rates(100, 60, 9), new Rates(120, 50, 10));
    assertEquals(new Rates(120, 60, 10), measured.best());
    Roofline roofline = measured.roofline();
    assertEquals(10, roofline.gigabytesPerSecond());
    assertEquals(120, roofline.gigaflops(Precision.FP32));
    assertEquals(120, roofline.gigaflopsOfProducts(Precision.FP32));
    assertEquals(120, roofline.gigaflopsOfProducts(Precision.TF32));
    assertEquals(60, roofline.gigaflops(Precision.FP64));
    assertEquals(60, roofline.gigaflopsOfProducts(Precision.FP64));
  }

  /** 3 n² numbers of 4 bytes have to fit: n = 128 of 256 KiB, as 256 takes 768. */
  @Test
  void productAndCopyStayWithinTheirMemory() {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP32, 2))) {
      long budget = 256 << 10;
      assertEquals(128, new LargeProduct(backend, Precision.FP32, budget).order());
      assertEquals(64, new LargeProduct(backend, Precision.FP64, 128 << 10).order());
      assertTrue(new CopyBandwidth(backend, 2, budget).bytes() <= budget / 2);
      int[] times = new int[1];
      MeasuredRoofline measured = MeasuredRoofline.around(backend, 2, budget, () -> times[0]++);
      assertEquals(1, times[0]);
      assertTrue(measured.first().gigaflops() > 0 && measured.last().gigabytesPerSecond() > 0);
    }
  }
}
