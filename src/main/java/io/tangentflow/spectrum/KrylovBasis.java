package io.tangentflow.spectrum;

import io.tangentflow.backend.Precision;
import io.tangentflow.backend.cpu.DenseProducts;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.Parameters;
import java.util.Arrays;

/**
 * The orthonormal columns V that an eigen-solver has so far, N×p of at most N×capacity, and
 * Gram–Schmidt's orthogonalisation against them: classical, by two products, and twice, which
 * leaves orthogonality to rounding (Giraud, Langou, Rozložník and van den Eshof, Numer. Math. 101,
 * 2005).
 */
final class KrylovBasis {

  /** A stream of random numbers that nothing else has. */
  private static final int STREAM = 19;

  /** What is left of a unit vector, by rounding alone, in a space that holds it. */
  private static final double EXHAUSTED = 64 * Precision.FP64.unitRoundoff();

  private final DenseMatrix vectors;
  private int size;
  private int drawn;

  KrylovBasis(int order, int capacity) {
    vectors = DenseMatrix.zeros(order, capacity);
  }

  int size() {
    return size;
  }

  int capacity() {
    return vectors.columns();
  }

  /** Takes X, orthonormal and orthogonal to V, as further columns. */
  void append(DenseMatrix x) {
    System.arraycopy(x.values(), 0, vectors.values(), size * vectors.rows(), x.values().length);
    size += x.columns();
  }

  /** Replaces V by VY. */
  void rotate(DenseMatrix y) {
    DenseMatrix rotated = combine(y);
    size = 0;
    append(rotated);
  }

  /** VY, new. */
  DenseMatrix combine(DenseMatrix y) {
    return DenseProducts.productOfFirst(size, vectors, y);
  }

  /** W ← W − VVᵀW; returns VᵀW, p×b. */
  DenseMatrix remove(DenseMatrix w) {
    DenseMatrix along = project(w);
    DenseMatrix again = project(w);
    for (int i = 0; i < along.values().length; i++) {
      along.values()[i] += again.values()[i];
    }
    return along;
  }

  private DenseMatrix project(DenseMatrix w) {
    DenseMatrix along = DenseProducts.transposedProductOfFirst(size, vectors, w);
    DenseProducts.subtractProductOfFirst(size, vectors, along, w);
    return along;
  }

  /** Random orthonormal columns, orthogonal to V. */
  DenseMatrix random(int columns) {
    DenseMatrix x = DenseMatrix.zeros(vectors.rows(), columns);
    orthonormalise(x, 0);
    return x;
  }

  /**
   * W = QR of a W that is orthogonal to V: W ← Q, and R, b×b, is returned. Where a column has no
   * more than {@code negligible} of its own, R has a zero row and Q a random column orthogonal to
   * all others and to V, so that a space which K maps into itself is left and not mistaken for all.
   */
  DenseMatrix orthonormalise(DenseMatrix w, double negligible) {
    int n = w.rows();
    DenseMatrix r = DenseMatrix.zeros(w.columns(), w.columns());
    for (int j = 0; j < w.columns(); j++) {
      DenseMatrix column = column(w, j);
      for (int pass = 0; pass < 2; pass++) {
        subtractBefore(w, j, column, r);
      }
      double norm = column.norm();
      if (norm > negligible) {
        r.set(j, j, norm);
        // Scaling up what is small scales up its part in V, too.
        column = fresh(w, j, scaled(column, 1 / norm));
      } else {
        column = null;
      }
      while (column == null) {
        DenseMatrix other = Parameters.gaussian(n, 1, drawn++, STREAM);
        column = fresh(w, j, scaled(other, 1 / other.norm()));
      }
      System.arraycopy(column.values(), 0, w.values(), j * n, n);
    }
    return r;
  }

  /** The unit vector of what a unit vector has outside V and the columns before j; null if none. */
  private DenseMatrix fresh(DenseMatrix w, int j, DenseMatrix column) {
    DenseMatrix unit = column;
    for (int pass = 0; pass < 2; pass++) {
      if (size > 0) {
        remove(unit);
      }
      subtractBefore(w, j, unit, null);
      double norm = unit.norm();
      if (norm <= EXHAUSTED * Math.sqrt(w.rows())) {
        return null;
      }
      unit = scaled(unit, 1 / norm);
    }
    return unit;
  }

  /**
   * column ← column − Σ_(i&lt;j) w_i (w_i·column), adding the coefficients to R if there is one.
   */
  private static void subtractBefore(DenseMatrix w, int j, DenseMatrix column, DenseMatrix r) {
    for (int i = 0; i < j; i++) {
      DenseMatrix before = column(w, i);
      double along = DenseProducts.transposedProduct(before, column).get(0, 0);
      for (int k = 0; k < w.rows(); k++) {
        column.values()[k] -= along * before.values()[k];
      }
      if (r != null) {
        r.set(i, j, r.get(i, j) + along);
      }
    }
  }

  private static DenseMatrix column(DenseMatrix w, int j) {
    return new DenseMatrix(
        w.rows(), 1, Arrays.copyOfRange(w.values(), j * w.rows(), (j + 1) * w.rows()));
  }

  private static DenseMatrix scaled(DenseMatrix x, double factor) {
    for (int i = 0; i < x.values().length; i++) {
      x.values()[i] *= factor;
    }
    return x;
  }
}
