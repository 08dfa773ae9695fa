package io.tangentflow.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MemoryBudgetTest {

  @Test
  void aSharedBudgetHoldsMatricesAndArraysTogether() {
    MemoryBudget shared = MemoryBudget.shared(100);
    assertTrue(shared.admits(60, 40));
    assertFalse(shared.admits(60, 41));
    String refusal = shared.refusal("a plan", 60, 4096).getMessage();
    assertTrue(refusal.contains("a plan needs 4.1 KiB"), refusal);
    assertTrue(refusal.contains("-Xmx"), refusal);
  }

  @Test
  void aDeviceAndTheHeapHaveBudgetsOfTheirOwn() {
    MemoryBudget apart = new MemoryBudget(100, 50);
    assertTrue(apart.admits(100, 50));
    assertFalse(apart.admits(101, 0));
    assertFalse(apart.admits(0, 51));
    String device = apart.refusal("a plan", 4096, 0).getMessage();
    assertTrue(device.contains("a plan needs 4.0 KiB of device memory"), device);
    assertFalse(device.contains("-Xmx"), device);
    String host = apart.refusal("a plan", 1, 4096).getMessage();
    assertTrue(host.contains("in host memory") && host.contains("-Xmx"), host);
    assertEquals(5, apart.refusal("a plan", 4096, 0).exitCode());
  }

  @Test
  void nothingOverflowsWhereNothingIsBounded() {
    assertTrue(MemoryBudget.shared(Long.MAX_VALUE).admits(Long.MAX_VALUE - 1, 1));
    assertFalse(MemoryBudget.shared(Long.MAX_VALUE).admits(Long.MAX_VALUE, 1));
  }

  @Test
  void whatIsLeftBesideArraysAdmitsSoMuchLess() {
    MemoryBudget shared = MemoryBudget.shared(100).beside(30);
    assertTrue(shared.admits(50, 20));
    assertFalse(shared.admits(51, 20));
    MemoryBudget apart = new MemoryBudget(100, 50).beside(30);
    assertTrue(apart.admits(100, 20));
    assertFalse(apart.admits(100, 21));
  }
}
