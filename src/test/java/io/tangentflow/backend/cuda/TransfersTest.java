package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import io.tangentflow.testing.CudaEmulator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Copies wait for the work on their own matrix, and for no other. */
@Tag("emulator")
class TransfersTest {

  /** The emulator runs what is enqueued only when something waits for it. */
  @Test
  void inputsTravelWhileEarlierWorkIsStillToBeComputed() {
    try (Backend backend = Emulated.open(Precision.FP32);
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Matrix a = Emulated.normal(33, 7, 1, workspace);
      Matrix next = workspace.allocate(33, 7);
      Emulated.settle();
      backend.addScaled(1, a, a);
      DenseMatrix inputs = Parameters.gaussian(33, 7, 1, 2);
      backend.upload(inputs, next);
      DenseMatrix there = backend.download(next);
      for (int k = 0; k < there.values().length; k++) {
        assertEquals((float) inputs.values()[k], there.values()[k]);
      }
      assertEquals(0, CudaEmulator.kernelLaunches(), "the kernel has not run");
      assertTrue(CudaEmulator.pendingOperations() > 0);
      backend.download(a);
      assertEquals(1, CudaEmulator.kernelLaunches());
    }
  }

  @Test
  void anUploadWaitsForTheKernelThatReadsItsTarget() {
    try (Backend backend = Emulated.open(Precision.FP64);
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      DenseMatrix first = Parameters.gaussian(33, 7, 1, 2);
      DenseMatrix second = Parameters.gaussian(33, 7, 1, 3);
      Matrix a = workspace.allocate(33, 7);
      Matrix b = workspace.allocate(33, 7);
      backend.upload(first, a);
      backend.copy(a, b);
      backend.upload(second, a);
      assertArrayEquals(second.values(), backend.download(a).values());
      assertArrayEquals(first.values(), backend.download(b).values());
    }
  }

  /** Several buffers full, contiguous and with gaps, and columns longer than a buffer. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "FP64"})
  void matricesLargerThanTheBuffersTravelInParts(Precision precision) {
    int buffer = Transfers.BUFFER_BYTES / precision.bytes();
    try (Backend backend = Emulated.open(precision);
        Workspace workspace = backend.workspace("a test", 1 << 27)) {
      int[][] shapes = {{1000, 2 * buffer / 1000 + 7}, {buffer + 3, 2}};
      for (int[] shape : shapes) {
        for (int rows : new int[] {shape[0], shape[0] - 1}) {
          try (Workspace scope = workspace.scope()) {
            Matrix whole = scope.allocate(shape[0], shape[1]);
            Matrix view = whole.rowRange(shape[0] - rows, rows);
            DenseMatrix values = DenseMatrix.zeros(rows, shape[1]);
            for (int k = 0; k < values.values().length; k++) {
              values.values()[k] = k % 16_777_213;
            }
            backend.upload(values, view);
            assertArrayEquals(values.values(), backend.download(view).values());
            if (rows < shape[0]) {
              assertEquals(0, backend.download(whole.rowRange(0, 1)).norm());
            }
          }
        }
      }
    }
  }
}
