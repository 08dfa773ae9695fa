package io.tangentflow.train;

import io.tangentflow.model.DenseMatrix;

/**
 * A kernel of training inputs X and other inputs x.
 *
 * @param train of X and X
 * @param cross of x and X, a row for each x
 * @param others of x and x
 */
public record KernelBlocks(DenseMatrix train, DenseMatrix cross, DenseMatrix others) {

  /**
   * The blocks of a Gram matrix of all inputs.
   *
   * @param gram the first rows and columns of which belong to X
   * @param order how many do
   */
  public static KernelBlocks cut(DenseMatrix gram, int order) {
    int all = gram.rows();
    return new KernelBlocks(
        block(gram, 0, order, 0, order),
        block(gram, order, all, 0, order),
        block(gram, order, all, order, all));
  }

  private static DenseMatrix block(
      DenseMatrix gram, int firstRow, int endRow, int firstColumn, int endColumn) {
    int rows = endRow - firstRow;
    DenseMatrix block = DenseMatrix.zeros(rows, endColumn - firstColumn);
    for (int j = 0; j < block.columns(); j++) {
      int from = firstRow + (firstColumn + j) * gram.rows();
      System.arraycopy(gram.values(), from, block.values(), j * rows, rows);
    }
    return block;
  }
}
