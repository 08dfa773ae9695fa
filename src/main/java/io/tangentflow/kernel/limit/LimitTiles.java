package io.tangentflow.kernel.limit;

import static io.tangentflow.backend.Transpose.NO;
import static io.tangentflow.backend.Transpose.YES;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Workspace;
import io.tangentflow.kernel.limit.DotProductKernel.Kind;
import io.tangentflow.model.DenseMatrix;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The limiting kernels of all pairs of N inputs, computed tile by tile below the diagonal: the
 * correlations of a tile are one product, and its kernels one pass over them.
 */
public final class LimitTiles {

  private static final int STRIP = 32;

  private final UnitInputs inputs;
  private final TileEvaluation evaluation;

  LimitTiles(UnitInputs inputs, TileEvaluation evaluation) {
    this.inputs = inputs;
    this.evaluation = evaluation;
  }

  /**
   * Of inputs whose norms a kernel holds for.
   *
   * @param inputs d×N, one sample per column. Not modified.
   * @throws InvalidConfiguration naming the first sample whose norm it does not hold for
   */
  public static LimitTiles of(DenseMatrix inputs, DotProductKernel kernel) {
    UnitInputs x = UnitInputs.of(inputs);
    for (int j = 0; j < x.count(); j++) {
      if (!kernel.holdsFor(x.norms()[j])) {
        throw new InvalidConfiguration(
            "--table",
            String.format(
                "holds for norms ‖x‖/√d from %.10g to %.10g, and sample %d has %.10g",
                kernel.least(), kernel.greatest(), j, x.norms()[j]));
      }
    }
    return new LimitTiles(x, new SeriesEvaluation(kernel));
  }

  /** The series by which they are computed; empty where it is pair by pair. */
  public Optional<DotProductKernel> kernel() {
    return evaluation.kernel();
  }

  /** Takes tiles that begin at a row and a column, row ≥ column; what lies above mirrors them. */
  @FunctionalInterface
  public interface Sink {
    /** Takes a tile of one of the two kernels. */
    void accept(Kind kind, int row, int column, DenseMatrix tile);
  }

  /**
   * The largest error estimates of an entry.
   *
   * @param nngp 0 if NNGP was not asked for
   * @param ntk 0 if NTK was not asked for
   */
  public record Errors(double nngp, double ntk) {}

  /** How the kernels are computed, in words. */
  public String method() {
    return evaluation.description();
  }

  /** N. */
  public int order() {
    return inputs.count();
  }

  /**
   * Hands out all tiles on and below the diagonal, those on it symmetric bit by bit.
   *
   * @param kinds which kernels
   * @param backend of FP64
   * @param budgetBytes for the inputs and a few tiles
   * @param progress hears of finished pairs now and then
   */
  public Errors forEach(
      Set<Kind> kinds, Backend backend, long budgetBytes, LimitProgress progress, Sink sink) {
    if (backend.precision() != Precision.FP64) {
      throw new IllegalArgumentException(
          "limiting kernels are computed in fp64, not in " + backend.precision());
    }
    int n = order();
    int size = Math.min(n, evaluation.tileSize());
    try (Workspace workspace =
        backend.workspace("the limiting kernels of " + n + " samples", budgetBytes)) {
      Matrix x = workspace.upload(inputs.directions());
      Matrix products = workspace.allocate(size, size);
      long finished = 0;
      for (int column = 0; column < n; column += size) {
        for (int row = column; row < n; row += size) {
          int rows = Math.min(size, n - row);
          int columns = Math.min(size, n - column);
          Matrix rho = products.columnRange(0, columns).rowRange(0, rows);
          Matrix rowInputs = x.columnRange(row, rows);
          if (row == column) {
            backend.syrk(rowInputs, rho);
            setDiagonal(backend, rho, column);
          } else {
            backend.gemm(YES, NO, 1, rowInputs, x.columnRange(column, columns), 0, rho);
          }
          EnumMap<Kind, DenseMatrix> tile =
              evaluation.evaluate(
                  rho, inputs.norms(row, rows), inputs.norms(column, columns), kinds, workspace);
          for (Map.Entry<Kind, DenseMatrix> kernel : tile.entrySet()) {
            if (row == column) {
              mirror(kernel.getValue());
            }
            sink.accept(kernel.getKey(), row, column, kernel.getValue());
          }
          finished += row == column ? rows * (rows + 1L) / 2 : (long) rows * columns;
          progress.finished(finished);
        }
      }
    }
    return new Errors(
        kinds.contains(Kind.NNGP) ? evaluation.error(Kind.NNGP) : 0,
        kinds.contains(Kind.NTK) ? evaluation.error(Kind.NTK) : 0);
  }

  /** Both kernels as matrices, on the usable backend of the highest rank; see {@link #forEach}. */
  public LimitGram gram(int threads, LimitProgress progress) {
    BackendOptions options = new BackendOptions(Precision.FP64, threads);
    try (Backend backend = Backends.open(Backends.AUTO, options)) {
      return gram(backend, backend.availableBytes(), progress);
    }
  }

  /** Both kernels as matrices; see {@link #forEach}. */
  public LimitGram gram(Backend backend, long budgetBytes, LimitProgress progress) {
    int n = order();
    Map<Kind, DenseMatrix> whole = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      whole.put(kind, DenseMatrix.zeros(n, n));
    }
    Errors errors =
        forEach(
            EnumSet.allOf(Kind.class),
            backend,
            budgetBytes,
            progress,
            (kind, row, column, tile) -> place(tile, row, column, whole.get(kind)));
    return new LimitGram(
        whole.get(Kind.NNGP), whole.get(Kind.NTK), errors.nngp(), errors.ntk(), method());
  }

  /**
   * The tile and its mirror image, the latter a few columns at a time for the sake of the cache.
   */
  private static void place(DenseMatrix tile, int row, int column, DenseMatrix whole) {
    int n = whole.rows();
    int rows = tile.rows();
    for (int from = 0; from < tile.columns(); from += STRIP) {
      int to = Math.min(tile.columns(), from + STRIP);
      for (int j = from; j < to; j++) {
        System.arraycopy(tile.values(), j * rows, whole.values(), (column + j) * n + row, rows);
      }
      for (int i = 0; i < rows; i++) {
        int at = (row + i) * n + column;
        for (int j = from; j < to; j++) {
          whole.values()[at + j] = tile.values()[j * rows + i];
        }
      }
    }
  }

  /** The correlation of an input with itself is 1, where the product has roundings of it. */
  private void setDiagonal(Backend backend, Matrix rho, int first) {
    DenseMatrix one = DenseMatrix.zeros(1, 1);
    for (int j = 0; j < rho.columns(); j++) {
      one.set(0, 0, inputs.norms()[first + j] > 0 ? 1 : 0);
      backend.upload(one, rho.rowRange(j, 1).columnRange(j, 1));
    }
  }

  /** Rounding is not symmetric. */
  private static void mirror(DenseMatrix tile) {
    for (int j = 0; j < tile.columns(); j++) {
      for (int i = j + 1; i < tile.rows(); i++) {
        tile.set(j, i, tile.get(i, j));
      }
    }
  }
}
