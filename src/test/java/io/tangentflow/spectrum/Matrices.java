package io.tangentflow.spectrum;

import io.tangentflow.model.DenseMatrix;

/** Matrices with known eigenvalues. */
final class Matrices {

  private Matrices() {}

  /** (1 − ρ)I + ρ11ᵀ. */
  static DenseMatrix equicorrelated(int n, double rho) {
    DenseMatrix k = DenseMatrix.zeros(n, n);
    for (int j = 0; j < n; j++) {
      for (int i = 0; i < n; i++) {
        k.set(i, j, i == j ? 1 : rho);
      }
    }
    return k;
  }
}
