package io.tangentflow.kernel.limit;

import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;

/**
 * Inputs as directions x/‖x‖, zero for an input of zeros, and norms ‖x‖/√d.
 *
 * @param directions d×N
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record UnitInputs(DenseMatrix directions, double[] norms) {

  static UnitInputs of(DenseMatrix inputs) {
    int d = inputs.rows();
    double[] x = inputs.values();
    DenseMatrix directions = DenseMatrix.zeros(d, inputs.columns());
    double[] norms = new double[inputs.columns()];
    for (int j = 0; j < norms.length; j++) {
      double greatest = 0;
      for (int i = 0; i < d; i++) {
        greatest = Math.max(greatest, Math.abs(x[j * d + i]));
      }
      if (greatest == 0) {
        continue;
      }
      double squares = 0; // of numbers up to 1, so that none overflows
      for (int i = 0; i < d; i++) {
        double part = x[j * d + i] / greatest;
        squares += part * part;
      }
      double root = Math.sqrt(squares);
      norms[j] = greatest * root / Math.sqrt(d);
      for (int i = 0; i < d; i++) {
        directions.values()[j * d + i] = x[j * d + i] / greatest / root;
      }
    }
    return new UnitInputs(directions, norms);
  }

  int count() {
    return norms.length;
  }

  double least() {
    return Arrays.stream(norms).min().orElse(0);
  }

  double greatest() {
    return Arrays.stream(norms).max().orElse(0);
  }

  double[] norms(int first, int count) {
    return Arrays.copyOfRange(norms, first, first + count);
  }
}
