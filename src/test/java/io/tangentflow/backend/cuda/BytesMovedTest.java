package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.StandardActivation;
import io.tangentflow.testing.CudaEmulator;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each fused kernel reads its operands once and writes its results once, and touches nothing else:
 * the emulator counts every access to device memory.
 */
@Tag("emulator")
class BytesMovedTest {

  private static final int ROWS = 33;
  private static final int COLUMNS = 7;
  private static final long ENTRIES = ROWS * COLUMNS;
  private static final StandardActivation PHI = StandardActivation.SOFTPLUS;

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "FP64"})
  void everyOperandCrossesTheBusOnce(Precision precision) {
    try (Backend backend = Emulated.open(precision);
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Matrix[] m = new Matrix[8];
      for (int i = 0; i < m.length; i++) {
        m[i] = Emulated.normal(ROWS, COLUMNS, i, workspace);
      }
      List<Term> three = List.of(new Term(0.5, m[4]), new Term(-1, m[5]), new Term(2, m[6]));
      Counted counted = new Counted(precision.bytes());

      counted.expect("activate", 1, 2, () -> backend.activate(PHI, m[0], m[1], m[2]));
      counted.expect("stage", 4, 2, () -> backend.stage(PHI, m[0], three, m[1], m[2]));
      counted.expect("step", 4, 3, () -> backend.step(PHI, m[0], three, m[1], m[2]));
      // D, nu, λ and the terms; nu among them is at hand already.
      List<Term> withNu = List.of(three.get(0), three.get(1), new Term(3, m[1]));
      counted.expect(
          "adjoint stage", 5, 2, () -> backend.adjointStage(m[0], m[1], 2, m[2], withNu, m[3]));
      counted.expect(
          "adjoint step", 6, 2, () -> backend.adjointStep(m[0], m[1], three, m[2], 2, m[3]));
      counted.expect("copy", 1, 1, () -> backend.copy(m[0], m[1]));
      counted.expect("add scaled", 2, 1, () -> backend.addScaled(2, m[0], m[1]));
      AdamStep adam = new AdamStep(0.1, 0.9, 0.999, 1e-8, 1);
      counted.expect("Adam", 4, 3, () -> backend.adam(adam, m[0], m[1], m[2], m[3]));
      counted.expect("Gaussian fill", 0, 1, () -> backend.gaussian(m[1], 3, 1));
    }
  }

  /** With m outputs D is read once for all of them. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "FP64"})
  void theSlopeIsReadOnceForAllOutputs(Precision precision) {
    try (Backend backend = Emulated.open(precision);
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Matrix slope = Emulated.normal(ROWS, COLUMNS, 0, workspace);
      Matrix[] m = new Matrix[4];
      for (int i = 0; i < m.length; i++) {
        m[i] = Emulated.normal(ROWS, 3 * COLUMNS, i + 1, workspace);
      }
      Counted counted = new Counted(precision.bytes());
      counted.expect(
          "adjoint stage",
          1 + 2 * 3,
          2 * 3,
          () -> backend.adjointStage(slope, m[0], 2, m[1], List.of(), m[2]));
      counted.expect(
          "adjoint step",
          1 + 3 * 3,
          2 * 3,
          () -> backend.adjointStep(slope, m[0], List.of(new Term(1, m[3])), m[1], 2, m[2]));
    }
  }

  /** P and R of every block once, K once there and once back, in FP64. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "FP64"})
  void aContractionReadsEachBlockOnce(Precision precision) {
    int blocks = 5;
    try (Backend backend = Emulated.open(precision);
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Matrix p = Emulated.normal(ROWS, COLUMNS * blocks, 0, workspace);
      Matrix r = Emulated.normal(ROWS, COLUMNS * blocks, 1, workspace);
      Matrix k = workspace.allocate(ROWS, COLUMNS, Precision.FP64);
      Emulated.settle();
      backend.contract(p, r, k);
      Emulated.await();
      assertEquals(
          ENTRIES * (2 * blocks * precision.bytes() + Double.BYTES), CudaEmulator.bytesRead());
      assertEquals(ENTRIES * Double.BYTES, CudaEmulator.bytesWritten());
      assertTrue(backend.download(k).norm() > 0);
    }
  }

  /**
   * Logits for their greatest, for the sum and for the softmax, targets for the latter two; from
   * the second time on they are in the cache. Then a number for each block, there and back, and the
   * total, which the host reads.
   */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "FP64"})
  void aCrossEntropyWritesItsCotangentsOnceAndAnswersOneNumber(Precision precision) {
    try (Backend backend = Emulated.open(precision);
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Matrix f = Emulated.normal(ROWS, COLUMNS, 0, workspace);
      Matrix t = Emulated.normal(ROWS, COLUMNS, 1, workspace);
      Matrix g = workspace.allocate(ROWS, COLUMNS);
      Emulated.settle();
      backend.softmaxCrossEntropy(f, t, g);
      // Seven columns are one block of eight warps.
      long partials = Double.BYTES;
      assertEquals(ENTRIES * precision.bytes() * 5 + partials, CudaEmulator.bytesRead());
      assertEquals(
          ENTRIES * precision.bytes() + partials + Double.BYTES, CudaEmulator.bytesWritten());
      assertEquals(2, CudaEmulator.kernelLaunches());
    }
  }

  /** The bytes that an operation moves, in units of one matrix. */
  private record Counted(int bytesPerNumber) {
    void expect(String what, int reads, int writes, Runnable operation) {
      Emulated.settle();
      operation.run();
      Emulated.await();
      long unit = ENTRIES * bytesPerNumber;
      assertEquals(reads * unit, CudaEmulator.bytesRead(), what + " reads");
      assertEquals(writes * unit, CudaEmulator.bytesWritten(), what + " writes");
      assertEquals(1, CudaEmulator.kernelLaunches(), what + " launches");
    }
  }
}
