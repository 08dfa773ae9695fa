package io.tangentflow.backend.cpu;

import io.tangentflow.backend.Transpose;

/** The definition, as loops: the reference that the fast products are tested against. */
final class PlainProducts implements Products {

  @Override
  public String description() {
    return "plain loops";
  }

  @Override
  public void gemm(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      CpuMatrix a,
      CpuMatrix b,
      double beta,
      CpuMatrix c) {
    int depth = transposeA == Transpose.NO ? a.columns() : a.rows();
    double[] x = a.doubles();
    double[] y = b.doubles();
    double[] z = c.doubles();
    int stepA = transposeA == Transpose.NO ? a.leadingDimension() : 1;
    int rowStepA = transposeA == Transpose.NO ? 1 : a.leadingDimension();
    int stepB = transposeB == Transpose.NO ? 1 : b.leadingDimension();
    int columnStepB = transposeB == Transpose.NO ? b.leadingDimension() : 1;
    for (int j = 0; j < c.columns(); j++) {
      for (int i = 0; i < c.rows(); i++) {
        double sum = 0;
        for (int l = 0; l < depth; l++) {
          sum +=
              x[a.start() + i * rowStepA + l * stepA] * y[b.start() + j * columnStepB + l * stepB];
        }
        int at = c.start() + i + j * c.leadingDimension();
        z[at] = alpha * sum + (beta == 0 ? 0 : beta * z[at]);
      }
    }
  }

  @Override
  public void syrk(CpuMatrix a, CpuMatrix c) {
    gemm(Transpose.YES, Transpose.NO, 1, a, a, 0, c);
  }
}
