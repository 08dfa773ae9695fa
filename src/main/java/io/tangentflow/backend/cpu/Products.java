package io.tangentflow.backend.cpu;

import io.tangentflow.backend.Transpose;

/** Matrix products over views of equal precision whose shapes were checked. */
interface Products {

  /** What computes them, for {@code info}. */
  String description();

  /** C ← α op(A) op(B) + β C. */
  void gemm(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      CpuMatrix a,
      CpuMatrix b,
      double beta,
      CpuMatrix c);

  /** The upper triangle of C ← AᵀA. */
  void syrk(CpuMatrix a, CpuMatrix c);
}
