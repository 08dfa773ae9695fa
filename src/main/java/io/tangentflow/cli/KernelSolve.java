package io.tangentflow.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.data.ElementType;
import io.tangentflow.data.Npy;
import io.tangentflow.kernel.empirical.TangentKernelOperator;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Table;
import io.tangentflow.spectrum.KernelSystem;
import io.tangentflow.spectrum.SymmetricOperator;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * (K + ρI)α = y with a kernel that is known by its products.
 *
 * @param targets y
 * @param ridge ρ
 * @param tolerance of ‖y − (K + ρI)α‖/‖y‖
 * @param maxProducts for each column of y
 * @param out where α goes, if anywhere
 */
record KernelSolve(
    TargetShape targets, double ridge, double tolerance, int maxProducts, Optional<Path> out) {

  /** Vectors of conjugate gradients, and copies of them on the way to a product. */
  private static final int VECTORS = 10;

  /** Bytes of targets, solutions and the vectors of the iteration. */
  long bytes() {
    DenseMatrix y = targets.columns();
    return (long) Double.BYTES * y.rows() * (3L * y.columns() + VECTORS);
  }

  /**
   * Solves, and writes α.
   *
   * @param title of the table, empty beneath another one
   * @param object receives what is known of the solution
   * @return that in words
   */
  String run(TangentKernelOperator kernel, String title, ObjectNode object, Console console) {
    KernelSystem.Solution solution;
    DenseMatrix y = targets.columns();
    try (Console.Progress progress =
        console.progress("products", (long) maxProducts * y.columns())) {
      solution =
          new KernelSystem(operator(kernel, progress), ridge)
              .solve(y, tolerance, maxProducts - 1, 0);
    }
    warn(solution, console);
    out.ifPresent(file -> Npy.write(file, targets.restored(solution.alpha()), ElementType.FP64));
    double ofKernel =
        kernel.compression().map(fewer -> fewer.gramError(kernel.normBound())).orElse(0.0);
    describe(solution, ofKernel, object.putObject("solution"));
    return text(solution, ofKernel, title);
  }

  /** What did not converge: for want of products, or because rounding keeps its residual up. */
  private void warn(KernelSystem.Solution solution, Console console) {
    List<KernelSystem.Column> open =
        solution.columns().stream().filter(column -> !column.converged()).toList();
    long unfinished = open.stream().filter(column -> column.products() >= maxProducts).count();
    if (unfinished > 0) {
      console.warning(
          String.format(
              "%d of %d columns did not converge to %s in %d products each; raise --max-products,"
                  + " --tolerance or --ridge",
              unfinished, solution.columns().size(), Numbers.shortest(tolerance), maxProducts));
    }
    if (open.size() > unfinished) {
      console.warning(
          String.format(
              "%d of %d columns did not converge to %s: rounding keeps their residuals above; raise"
                  + " --tolerance or --ridge, or take --precision fp64",
              open.size() - unfinished, solution.columns().size(), Numbers.shortest(tolerance)));
    }
  }

  /** That counts its products aloud. */
  private static SymmetricOperator operator(
      TangentKernelOperator kernel, Console.Progress progress) {
    int[] products = new int[1];
    return new SymmetricOperator(
        kernel.order(),
        x -> {
          DenseMatrix image = kernel.times(x);
          progress.at(++products[0]);
          return image;
        },
        kernel.productError());
  }

  /**
   * What an error E of the kernel makes of a column α: (K + ρI)(α − α*) = −Eα, whose norm is at
   * most ‖E‖‖α‖, over ρ.
   */
  private double errorOfKernel(KernelSystem.Solution solution, double ofKernel, int column) {
    double norm = solution.alpha().columnRange(column, 1).norm();
    return ofKernel == 0 ? 0 : ofKernel * norm / ridge;
  }

  private void describe(KernelSystem.Solution solution, double ofKernel, ObjectNode object) {
    object.put("ridge", ridge).put("tolerance", tolerance);
    ArrayNode columns = object.putArray("columns");
    for (int j = 0; j < solution.columns().size(); j++) {
      KernelSystem.Column column = solution.columns().get(j);
      columns
          .addObject()
          .put("products", column.products())
          .put("relativeResidual", column.relativeResidual())
          .put("errorBound", column.errorBound())
          .put("timeNodesError", errorOfKernel(solution, ofKernel, j))
          .put("converged", column.converged());
    }
    object.put("converged", solution.converged());
  }

  private String text(KernelSystem.Solution solution, double ofKernel, String title) {
    Table table =
        Table.of(
            String.format("%s%n(K + %s I) α = y by conjugate gradients:", title, ridge).strip(),
            Table.Column.right("column"),
            Table.Column.right("products"),
            Table.Column.right("‖y − (K + ρI)α‖/‖y‖"),
            Table.Column.right("error bound of α"),
            Table.Column.right("of time nodes"),
            Table.Column.left("converged"));
    for (int j = 0; j < solution.columns().size(); j++) {
      KernelSystem.Column column = solution.columns().get(j);
      table =
          table.row(
              Cell.of(j + 1),
              Cell.of(column.products()),
              Cell.of(column.relativeResidual(), 2),
              bound(column.errorBound()),
              bound(errorOfKernel(solution, ofKernel, j)),
              Cell.of(column.converged() ? "yes" : "no"));
    }
    return table.toText().stripTrailing();
  }

  private static Cell bound(double bound) {
    return Double.isFinite(bound) ? Cell.of(bound, 2) : Cell.of("not known");
  }
}
