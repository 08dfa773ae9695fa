package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.DataFormat;
import io.tangentflow.model.DenseMatrix;
import java.nio.file.Path;

/**
 * Targets as right-hand sides of systems with a kernel of order Nm, and the way back to the shape
 * of their file.
 *
 * @param columns Nm×k; row i·m + o belongs to output o of sample i
 * @param outputs m where the file is N×m, one system; 0 where it is Nm×k
 */
record TargetShape(DenseMatrix columns, int outputs) {

  /**
   * Targets that were read from a file.
   *
   * @throws DataFormat if they are neither Nm×k nor N×m
   */
  static TargetShape of(DenseMatrix targets, Path file, int order, int outputs) {
    if (targets.rows() == order && targets.columns() > 0) {
      return new TargetShape(targets, 0);
    }
    int samples = order / outputs;
    if (targets.rows() == samples && targets.columns() == outputs) {
      return new TargetShape(new DenseMatrix(order, 1, targets.transpose().values()), outputs);
    }
    throw new DataFormat(
        file,
        String.format(
            "is %d×%d, where targets of %d samples and %d output%s have %d rows%s",
            targets.rows(),
            targets.columns(),
            samples,
            outputs,
            outputs == 1 ? "" : "s",
            order,
            outputs == 1 ? "" : ", or are " + samples + "×" + outputs),
        null);
  }

  /** A solution, Nm×k, in the shape of the file. */
  DenseMatrix restored(DenseMatrix solution) {
    return outputs == 0
        ? solution
        : new DenseMatrix(outputs, solution.rows() / outputs, solution.values()).transpose();
  }
}
