package io.tangentflow.ode;

import io.tangentflow.backend.Backend;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Transpose;

/**
 * W that is held nowhere: each product with it makes panels of its columns, one after the other in
 * the same memory. Columns, since these are consecutive numbers of a stream of Philox. With J the
 * columns of a panel,
 *
 * <pre>
 *   W Φ = Σ_J W_J Φ_J,     (Wᵀ A)_J = W_Jᵀ A,
 * </pre>
 *
 * so that WᵀA sums what it sums with W held, and WΦ in another order.
 */
final class PanelledFlowMatrix implements FlowMatrix {

  /** Makes columns {@code first} … of W, as many as the panel has. */
  @FunctionalInterface
  interface Source {
    void fill(Matrix panel, int first);
  }

  private final Source source;
  private final Matrix panel;
  private final Backend backend;

  /**
   * @param panel n×c, overwritten by each product
   */
  PanelledFlowMatrix(Source source, Matrix panel, Backend backend) {
    this.source = source;
    this.panel = panel;
    this.backend = backend;
  }

  /** Work on the columns of W from {@code first} on. */
  @FunctionalInterface
  private interface Work {
    void on(Matrix columns, int first);
  }

  private void overPanels(Work work) {
    int n = panel.rows();
    for (int first = 0; first < n; first += panel.columns()) {
      Matrix columns = panel.columnRange(0, Math.min(panel.columns(), n - first));
      source.fill(columns, first);
      work.on(columns, first);
    }
  }

  @Override
  public void multiply(double alpha, Matrix phi, double beta, Matrix target) {
    overPanels(
        (columns, first) ->
            backend.gemm(
                Transpose.NO,
                Transpose.NO,
                alpha,
                columns,
                phi.rowRange(first, columns.columns()),
                first == 0 ? beta : 1,
                target));
  }

  @Override
  public void multiplyTransposed(double alpha, Matrix a, Matrix target) {
    overPanels(
        (columns, first) ->
            backend.gemm(
                Transpose.YES,
                Transpose.NO,
                alpha,
                columns,
                a,
                0,
                target.rowRange(first, columns.columns())));
  }
}
