package io.tangentflow.spectrum;

import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Lanczos' method for extreme eigenvalues: an orthonormal basis V of the Krylov space of a random
 * block, in which K is the small matrix H = VᵀKV,
 *
 * <pre>
 *   KV = VH + QRE',    H = Y diag(θ) Yᵀ,    ‖K Vy − θ Vy‖ = ‖RE'y‖,
 * </pre>
 *
 * with E' the rows of the last block. Orthogonality is kept in full. Where the basis is full, the
 * Ritz vectors of the wanted ends are kept and the iteration goes on from them (thick restart: Wu
 * and Simon, SIAM J. Matrix Anal. Appl. 22, 2000). A basis of N vectors ends it exactly.
 */
final class BlockLanczos {

  /** By how much the basis grows until Ritz values are looked at again: they cost its cube. */
  private static final double GROWTH = 1.15;

  /** What the residual of a Ritz value θ is held against. */
  enum Measure {
    /** ‖K‖: eigenvalues are wanted to the same absolute error. */
    NORM {
      @Override
      double of(double theta, double norm) {
        return norm;
      }
    },
    /** |θ|: those of an inverse, whose greatest may be any number of times the second. */
    VALUE {
      @Override
      double of(double theta, double norm) {
        return Math.abs(theta);
      }
    };

    abstract double of(double theta, double norm);
  }

  private final SymmetricOperator operator;
  private final Search search;
  private final Measure measure;
  private final IntConsumer progress;
  private final KrylovBasis basis;
  private final DenseMatrix projected;
  private DenseMatrix next;
  private DenseMatrix coupling;
  private boolean random;
  private boolean settled;
  private double norm;
  private int products;
  private int restarts;

  /**
   * @param search within the operator's order
   */
  BlockLanczos(SymmetricOperator operator, Search search, Measure measure, IntConsumer progress) {
    this.operator = operator;
    this.search = search;
    this.measure = measure;
    this.progress = progress;
    int capacity = search.capacity(operator.order());
    basis = new KrylovBasis(operator.order(), capacity);
    projected = DenseMatrix.zeros(capacity, capacity);
  }

  /**
   * Ritz vectors of both ends, orthonormal columns in rising order of their values.
   *
   * @param least N × how many of the least are wanted
   * @param greatest N × how many of the greatest
   * @param norm max |θ|, which is no more than ‖K‖
   */
  record Found(DenseMatrix least, DenseMatrix greatest, double norm, int products, int restarts) {}

  /** Iterates until the wanted values have converged or products have run out. */
  Found find() {
    next = basis.random(search.block());
    random = true;
    int look = Math.min(operator.order(), search.least() + search.greatest());
    while (true) {
      expand();
      boolean complete = next.columns() == 0;
      boolean full = basis.size() + next.columns() > basis.capacity();
      boolean last = !affords(next.columns());
      // Near the end of the whole space a block is cut short, and R with it.
      boolean cut = !complete && next.columns() < search.block();
      if (complete || full || last || (!cut && basis.size() >= look)) {
        Ritz ritz = ritz();
        if (complete || last || (settled && ritz.converged())) {
          return found(ritz);
        }
        if (full) {
          restart(ritz);
        }
        look = (int) Math.ceil(GROWTH * basis.size());
      }
    }
  }

  /** Whether a block more leaves the products by which the answer is judged. */
  private boolean affords(int block) {
    return (long) products + block + search.least() + search.greatest() <= search.maxProducts();
  }

  private void expand() {
    basis.append(next);
    DenseMatrix image = operator.times(next);
    products += next.columns();
    progress.accept(products);
    DenseMatrix along = basis.remove(image);
    norm = Math.max(norm, along.norm());
    place(along);
    int columns = Math.min(next.columns(), operator.order() - basis.size());
    next =
        new DenseMatrix(
            image.rows(), columns, Arrays.copyOf(image.values(), columns * image.rows()));
    double negligible = 4 * Precision.FP64.unitRoundoff() * Math.sqrt(operator.order()) * norm;
    coupling = basis.orthonormalise(next, negligible);
    judge();
  }

  /**
   * Whether the values that are known may be all. Where R has a zero row, V holds a space that K
   * maps into itself, and what is outside has not been seen: a random vector of it goes first. Only
   * if that was so of all of the last block and none of its images left the space, K is a multiple
   * of the identity outside.
   */
  private void judge() {
    int columns = coupling.columns();
    long zeros = IntStream.range(0, columns).filter(j -> coupling.get(j, j) == 0).count();
    settled = zeros == 0 || (random && zeros == columns);
    random = zeros == columns;
  }

  /** The last columns of H, and its last rows. */
  private void place(DenseMatrix along) {
    int first = along.rows() - along.columns();
    for (int j = 0; j < along.columns(); j++) {
      for (int i = 0; i < along.rows(); i++) {
        double value =
            i < first ? along.get(i, j) : 0.5 * (along.get(i, j) + along.get(first + j, i - first));
        projected.set(i, first + j, value);
        projected.set(first + j, i, value);
      }
    }
  }

  private Ritz ritz() {
    int p = basis.size();
    DenseMatrix h = DenseMatrix.zeros(p, p);
    for (int j = 0; j < p; j++) {
      System.arraycopy(projected.values(), j * projected.rows(), h.values(), j * p, p);
    }
    return new Ritz(Spectrum.decomposition(h));
  }

  /** H = Y diag(θ) Yᵀ. */
  private final class Ritz {
    private final double[] theta;
    private final DenseMatrix y;

    Ritz(Spectrum.Decomposition decomposition) {
      theta = decomposition.values();
      y = decomposition.vectors();
    }

    int size() {
      return theta.length;
    }

    double norm() {
      return Math.max(Math.abs(theta[0]), Math.abs(theta[size() - 1]));
    }

    /** ‖RE'y_i‖. */
    double residual(int i) {
      int block = coupling.columns();
      DenseMatrix image = DenseMatrix.zeros(block, 1);
      for (int row = 0; row < block; row++) {
        double entry = 0;
        for (int k = row; k < block; k++) {
          entry += coupling.get(row, k) * y.get(size() - block + k, i);
        }
        image.set(row, 0, entry);
      }
      return image.norm();
    }

    boolean converged(int from, int to) {
      return from >= 0
          && to <= size()
          && IntStream.range(from, to)
              .allMatch(i -> residual(i) <= search.tolerance() * measure.of(theta[i], norm()));
    }

    boolean leastConverged() {
      return converged(0, search.least());
    }

    boolean greatestConverged() {
      return converged(size() - search.greatest(), size());
    }

    boolean converged() {
      return leastConverged() && greatestConverged();
    }

    DenseMatrix columns(int from, int to) {
      return new DenseMatrix(
          size(), to - from, Arrays.copyOfRange(y.values(), from * size(), to * size()));
    }
  }

  /**
   * Keeps the wanted Ritz vectors and as many more as half of the room lets, of the ends that have
   * not converged.
   */
  private void restart(Ritz ritz) {
    restarts++;
    int room = (basis.capacity() - search.least() - search.greatest() - next.columns()) / 2;
    boolean low = search.least() > 0 && !ritz.leastConverged();
    boolean high = search.greatest() > 0 && !ritz.greatestConverged();
    int more = low && high ? room / 2 : room;
    int least = search.least() + (low ? more : 0);
    int greatest = search.greatest() + (high ? more : 0);
    int p = ritz.size();
    DenseMatrix kept = DenseMatrix.zeros(p, least + greatest);
    System.arraycopy(ritz.y.values(), 0, kept.values(), 0, p * least);
    System.arraycopy(ritz.y.values(), p * (p - greatest), kept.values(), p * least, p * greatest);
    basis.rotate(kept);
    Arrays.fill(projected.values(), 0);
    for (int i = 0; i < kept.columns(); i++) {
      projected.set(i, i, ritz.theta[i < least ? i : p - kept.columns() + i]);
    }
  }

  private Found found(Ritz ritz) {
    int p = ritz.size();
    return new Found(
        basis.combine(ritz.columns(0, search.least())),
        basis.combine(ritz.columns(p - search.greatest(), p)),
        ritz.norm(),
        products,
        restarts);
  }
}
