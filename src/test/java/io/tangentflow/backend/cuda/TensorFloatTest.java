package io.tangentflow.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.DenseMatrix;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** TF32 rounds the factors of products, in matrices of that precision and in no other. */
@Tag("emulator")
class TensorFloatTest {

  /** 1 + 2⁻¹² has twelve bits after the leading one: FP32 keeps it, TF32 rounds it to 1. */
  private static final double FINE = 1 + 0x1p-12;

  @Test
  void onlyMatricesInTf32AreMultipliedOnTensorCores() {
    try (Backend backend = Emulated.open(Precision.TF32);
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      for (int round = 0; round < 2; round++) { // The mode is switched back and forth.
        assertEquals(1, product(Precision.TF32, workspace));
        assertEquals(FINE, product(Precision.FP32, workspace));
        assertEquals(FINE, product(Precision.FP64, workspace));
      }
      assertEquals(Precision.TF32, workspace.allocate(1, 1).precision());
      assertTrue(backend.description().startsWith("tf32"), backend.description());
    }
  }

  @Test
  void nothingElseIsRounded() {
    try (Backend backend = Emulated.open(Precision.TF32);
        Workspace workspace = backend.workspace("a test", 1 << 24)) {
      Matrix a = scalar(FINE, Precision.TF32, workspace);
      Matrix b = scalar(FINE, Precision.FP32, workspace);
      backend.addScaled(1, a, a);
      assertEquals(2 * FINE, value(a, backend));
      backend.copy(b, a);
      assertEquals(FINE, value(a, backend));
    }
  }

  private static double product(Precision precision, Workspace workspace) {
    Matrix c = workspace.allocate(1, 1, precision);
    workspace
        .backend()
        .gemm(
            Transpose.NO,
            Transpose.NO,
            1,
            scalar(FINE, precision, workspace),
            scalar(1, precision, workspace),
            0,
            c);
    return workspace.backend().download(c).get(0, 0);
  }

  private static Matrix scalar(double value, Precision precision, Workspace workspace) {
    Matrix m = workspace.allocate(1, 1, precision);
    workspace.backend().upload(new DenseMatrix(1, 1, new double[] {value}), m);
    return m;
  }

  private static double value(Matrix m, Backend backend) {
    return backend.download(m).get(0, 0);
  }
}
