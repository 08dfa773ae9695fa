package io.tangentflow.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class CpuBackendTest {

  /** Of the largest Java array too, which no test holds. */
  @Test
  void everyTermOfASumIsInABlock() {
    assertEquals(0, CpuBackend.blocks(0));
    assertEquals(1, CpuBackend.blocks(1));
    int largest = Integer.MAX_VALUE - 8;
    int grain = 1 << 14;
    for (int size : new int[] {grain, grain + 1, largest - grain, largest}) {
      assertEquals((int) Math.ceil(size / (double) grain), CpuBackend.blocks(size), "" + size);
    }
  }
}
