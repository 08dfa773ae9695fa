package io.tangentflow.spectrum;

import io.tangentflow.backend.Precision;
import io.tangentflow.backend.cpu.DenseProducts;
import io.tangentflow.model.DenseMatrix;
import java.util.function.UnaryOperator;

/**
 * A symmetric matrix K that is known by its products alone.
 *
 * @param order N
 * @param product gives KX, N×b, new, of X, N×b, which it does not modify
 * @param productError a bound on ‖fl(Kx) − Kx‖₂ for ‖x‖₂ = 1: what rounding does to a product. It
 *     does not know how K itself was computed.
 */
public record SymmetricOperator(
    int order, UnaryOperator<DenseMatrix> product, double productError) {

  public SymmetricOperator {
    if (order < 1 || !(productError >= 0)) {
      throw new IllegalArgumentException(
          "there is no operator of order " + order + " with products in error by " + productError);
    }
  }

  /**
   * A matrix in memory, of which only the lower triangle is read; it is shared, not copied. A row
   * of a product is a sum of N terms, in error by at most Nu/(1 − Nu) Σ_j |K_ij||x_j|, and ‖|K|‖₂ ≤
   * ‖K‖_F.
   *
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration if its entries are not finite,
   *     or so small or large that their squares are not
   */
  public static SymmetricOperator dense(DenseMatrix symmetric) {
    int n = symmetric.rows();
    if (n != symmetric.columns()) {
      throw new IllegalArgumentException(n + "x" + symmetric.columns() + " is not symmetric");
    }
    Scale.require("the matrix", symmetric.values());
    double nu = n * Precision.FP64.unitRoundoff();
    return new SymmetricOperator(
        n, x -> DenseProducts.symmetricProduct(symmetric, x), nu / (1 - nu) * symmetric.norm());
  }

  /** KX, new. */
  public DenseMatrix times(DenseMatrix x) {
    if (x.rows() != order) {
      throw new IllegalArgumentException(
          "an operator of order " + order + " has no product with " + x.rows() + " rows");
    }
    return product.apply(x);
  }
}
