package io.tangentflow.backend.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Roofline;
import io.tangentflow.backend.check.OperationRate.Limit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class OperationRateTest {

  /** Of a device that moves 100 GB/s. */
  private static final Roofline PEAK = new Roofline(100, 1000, 500, 8000, 700);

  private static Optional<Double> fraction(Limit limit, Precision precision) {
    // 10 GB/s and 400 GFLOP/s.
    return new OperationRate("", 0.5, 5e9, 2e11, limit).fractionOf(PEAK, precision);
  }

  @Test
  void eachOperationIsSetAgainstThePeakThatBoundsIt() {
    assertEquals(0.4, fraction(Limit.ARITHMETIC, Precision.FP32).orElseThrow(), 1e-15);
    assertEquals(0.4, fraction(Limit.ARITHMETIC, Precision.TF32).orElseThrow(), 1e-15);
    assertEquals(0.8, fraction(Limit.ARITHMETIC, Precision.FP64).orElseThrow(), 1e-15);
    assertEquals(0.8, fraction(Limit.FP64_SUMS, Precision.FP32).orElseThrow(), 1e-15);
    assertEquals(0.4, fraction(Limit.PRODUCTS, Precision.FP32).orElseThrow(), 1e-15);
    assertEquals(4.0 / 7, fraction(Limit.PRODUCTS, Precision.FP64).orElseThrow(), 1e-15);
    // 400 of 8000 GFLOP/s is less than 10 of 100 GB/s.
    assertEquals(0.1, fraction(Limit.PRODUCTS, Precision.TF32).orElseThrow(), 1e-15);
    assertTrue(fraction(Limit.BUS, Precision.FP32).isEmpty());
  }

  /**
   * Iterations of limiting kernels end where they have converged: bytes and FLOPs are not known.
   */
  @Test
  void everyHotOperationIsTimed() {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP32, 1))) {
      List<OperationRate> rates = OperationRate.measure(backend, 4L << 20);
      Set<String> timed =
          rates.stream()
              .map(rate -> rate.name().replaceFirst("[ ,].*", ""))
              .collect(Collectors.toSet());
      for (OperationCheck check : OperationChecks.all()) {
        for (String method : check.methods()) {
          assertEquals(
              !Set.of("allocate", "firstNonFinite", "repeat", "twoTimeKernels").contains(method),
              timed.contains(method),
              method);
        }
      }
      for (OperationRate rate : rates) {
        assertTrue(rate.seconds() > 0 && rate.bytes() > 0, rate.toString());
      }
    }
  }
}
