package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.MemoryBudget;
import io.tangentflow.backend.Precision;
import io.tangentflow.data.ElementType;
import io.tangentflow.kernel.empirical.EmpiricalNtk.Compression;
import io.tangentflow.kernel.gram.GramStore;
import io.tangentflow.kernel.gram.StoreDescription;
import io.tangentflow.kernel.gram.StoredMatrix;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Numbers;
import io.tangentflow.spectrum.ExtremeEigenvalues;
import io.tangentflow.spectrum.Search;
import io.tangentflow.spectrum.SymmetricOperator;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * The kernel matrix of a store, with what is known of the errors of its entries. By Weyl's
 * inequality each moves every eigenvalue by no more than its Frobenius norm.
 *
 * @param norm ‖K‖_F of the matrix as it is stored
 * @param gradientError of features at fewer nodes in time ({@link Compression}); 0 of all
 */
record StoredKernel(
    StoreDescription description, StoredMatrix matrix, double norm, double gradientError) {

  /** Matrices of N² numbers that a reduction holds: the matrix and its copy. */
  private static final int MATRICES = 2;

  /** Half of the least positive number of FP32: what rounding below the normal numbers does. */
  private static final double UNDERFLOW = 0.5 * Float.MIN_VALUE;

  /**
   * Opens a store, and reads all of it once.
   *
   * @throws io.tangentflow.TangentFlowException.RunDirectoryConflict if it is none, or lacks tiles
   * @throws io.tangentflow.TangentFlowException.DataFormat if one is damaged
   */
  static StoredKernel open(Path path, Console console) {
    GramStore store = GramStore.open(path);
    StoredMatrix matrix = new StoredMatrix(store);
    double norm;
    try (Console.Progress progress = console.progress("tiles", store.grid().count())) {
      norm = matrix.norm(progress::at);
    }
    return new StoredKernel(store.description(), matrix, norm, store.gradientError());
  }

  int order() {
    return matrix.order();
  }

  /** Whether the heap holds a matrix of that order and its reduction. */
  static boolean fitsIntoMemory(int order) {
    return order <= DenseMatrix.GREATEST_ORDER && bytesInMemory(order) <= MemoryBudget.freeHeap();
  }

  /** Bytes of a matrix of that order and its reduction. */
  static long bytesInMemory(long order) {
    return MATRICES * Double.BYTES * order * order;
  }

  /**
   * The extreme eigenvalues, by products that read each tile once for a block of vectors. In FP64 a
   * row of a product is a sum of N terms, in error by at most γ_N Σ_j |K_ij||x_j|, γ_N = Nu/(1 −
   * Nu), and ‖|K|‖₂ ≤ ‖K‖_F; two terms more are for the rounding of that norm.
   */
  ExtremeEigenvalues extremes(Search search, Console console) {
    double nu = (order() + 2) * Precision.FP64.unitRoundoff();
    SymmetricOperator operator = new SymmetricOperator(order(), this::times, nu / (1 - nu) * norm);
    try (Console.Progress progress = console.progress("products", search.maxProducts())) {
      return ExtremeEigenvalues.of(operator, search, progress::at);
    }
  }

  private DenseMatrix times(DenseMatrix x) {
    DenseMatrix y = DenseMatrix.zeros(x.rows(), x.columns());
    matrix.multiply(x.values(), x.columns(), y.values());
    return y;
  }

  /**
   * A bound on the Frobenius norm of what storing in FP32 did: |δK_ij| ≤ u/(1 − u)|K_ij| of the
   * stored K_ij, and beside it what underflow does. Nothing of a store in FP64.
   */
  double storageError() {
    double u = Precision.FP32.unitRoundoff();
    return description.elementType() == ElementType.FP64
        ? 0
        : u / (1 - u) * norm + order() * UNDERFLOW;
  }

  /**
   * A bound on the Frobenius norm of what fewer nodes in time did; the greatest eigenvalue of the
   * kernel as it was computed is at most ‖K‖_F and what storing did.
   */
  double timeNodesError() {
    return new Compression(0, gradientError, gradientError).gramError(norm + storageError());
  }

  /** In words. */
  String title(Path path) {
    return String.format(
        "%s, order %d, tiles of %s%s, in fp64:",
        path, order(), name(description.elementType()), field("precision", ", computed in "));
  }

  private String field(String name, String before) {
    Map<String, String> kernel = description.kernel();
    return kernel.containsKey(name) ? before + kernel.get(name) : "";
  }

  private static String name(ElementType type) {
    return type.toString().toLowerCase(Locale.ROOT);
  }

  /** Adds the errors to a command's object. */
  void describe(ObjectNode object) {
    object
        .put("elementType", name(description.elementType()))
        .put("norm", norm)
        .put("storageError", storageError())
        .put("timeNodesError", timeNodesError());
  }

  /** A line for each error that there is, each begun by a line break. */
  String errors() {
    StringBuilder lines = new StringBuilder();
    if (gradientError > 0) {
      lines.append(
          String.format(
              "%nError bound of fewer nodes in time, of each: %s.",
              Numbers.significant(timeNodesError(), 2)));
    }
    if (storageError() > 0) {
      lines.append(
          String.format(
              "%nError bound of entries in fp32, of each: %s.",
              Numbers.significant(storageError(), 2)));
    }
    return lines.toString();
  }
}
