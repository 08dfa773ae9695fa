package io.tangentflow.backend.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Roofline;
import io.tangentflow.backend.check.OperationRate.Limit;
import java.util.ArrayList;
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
    return new OperationRate("", 0.5, 5e9, 2e11, limit, 0).fractionOf(PEAK, precision);
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

  @Test
  void whatBoundsAnOperationIsThatOfTheGreaterFraction() {
    // 10 of 100 GB/s, and 400 GFLOP/s.
    OperationRate products = new OperationRate("", 0.5, 5e9, 2e11, Limit.PRODUCTS, 0);
    assertFalse(products.boundByMemory(PEAK, Precision.FP64));
    assertTrue(products.boundByMemory(PEAK, Precision.TF32));
    OperationRate bus = new OperationRate("", 0.5, 5e9, 0, Limit.BUS, 0);
    assertFalse(bus.boundByMemory(PEAK, Precision.FP64));
  }

  @Test
  void anEntryTakesEachThreadItsShareOfTheTime() {
    OperationRate pass = new OperationRate("", 0.5, 1, 1, Limit.ARITHMETIC, 1_000_000_000);
    assertEquals(1, pass.nanosecondsPerEntry(2).orElseThrow(), 1e-15);
    OperationRate other = new OperationRate("", 0.5, 1, 1, Limit.PRODUCTS, 0);
    assertTrue(other.nanosecondsPerEntry(2).isEmpty());
  }

  /**
   * Iterations of limiting kernels end where they have converged: bytes and FLOPs are not known.
   */
  @Test
  void everyHotOperationIsTimed() {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP32, 1))) {
      List<String> begun = new ArrayList<>();
      List<OperationRate> rates = OperationRate.measure(backend, 4L << 20, 64, begun::add);
      assertEquals(rates.stream().map(OperationRate::name).toList(), begun);
      assertEquals(OperationRate.OPERATIONS, rates.size());
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
