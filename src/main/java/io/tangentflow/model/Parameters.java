package io.tangentflow.model;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/** The parameters U (n×d), W (n×n), V (m×n) of a network, before they are placed on a device. */
public sealed interface Parameters {

  /** The Philox stream of U. */
  int STREAM_U = 0;

  /** That of W. */
  int STREAM_W = 1;

  /** That of V. */
  int STREAM_V = 2;

  /** Independent standard normal entries: the same for a seed on every backend, up to rounding. */
  @API(status = Status.STABLE, since = "0.1")
  record Seeded(long seed) implements Parameters {}

  /**
   * Parameters given entry by entry.
   *
   * @param u n×d
   * @param w n×n
   * @param v m×n
   */
  @API(status = Status.STABLE, since = "0.1")
  record Given(DenseMatrix u, DenseMatrix w, DenseMatrix v) implements Parameters {
    public Given {
      if (w.rows() != w.columns() || u.rows() != w.rows() || v.columns() != w.rows()) {
        throw new InvalidConfiguration(
            "parameters",
            String.format(
                "U is %dx%d, W is %dx%d, V is %dx%d, but they must be n x d, n x n and m x n",
                u.rows(), u.columns(), w.rows(), w.columns(), v.rows(), v.columns()));
      }
    }
  }

  /** The numbers of a Philox stream as a matrix, entry e in column-major order being number e. */
  static DenseMatrix gaussian(int rows, int columns, long seed, int stream) {
    DenseMatrix m = DenseMatrix.zeros(rows, columns);
    Philox.gaussian(seed, stream, 0, m.values().length, (i, z) -> m.values()[i] = z);
    return m;
  }
}
