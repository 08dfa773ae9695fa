package io.tangentflow.kernel.gram;

import io.tangentflow.model.DenseMatrix;

/**
 * What one tile K_IJ on or below the diagonal adds to K x: K_IJ x_J to the rows I, and off the
 * diagonal K_IJᵀ x_I to the rows J.
 */
final class TileProduct {

  private final int rows;
  private final int columns;
  private final int firstRow;
  private final int firstColumn;
  private final int order;
  private final int vectors;
  private final double[] ofRows;
  private final double[] ofColumns;

  /**
   * Multiplies.
   *
   * @param tile not modified, and not kept
   * @param x order×vectors. Not modified.
   */
  TileProduct(DenseMatrix tile, int firstRow, int firstColumn, double[] x, int vectors) {
    rows = tile.rows();
    columns = tile.columns();
    this.firstRow = firstRow;
    this.firstColumn = firstColumn;
    this.vectors = vectors;
    order = x.length / vectors;
    ofRows = new double[rows * vectors];
    ofColumns = new double[columns * vectors];
    for (int j = 0; j < columns; j++) {
      for (int v = 0; v < vectors; v++) {
        double sum =
            column(
                tile.values(),
                j * rows,
                x[v * order + firstColumn + j],
                x,
                v * order + firstRow,
                v * rows);
        ofColumns[j + v * columns] = sum;
      }
    }
  }

  /** Adds a column k of the tile, times a number, to the rows' product; k·x_I. */
  private double column(
      double[] values, int at, double factor, double[] x, int xAt, int productAt) {
    // Four sums that do not wait for each other.
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    int i = 0;
    for (; i < rows - 3; i += 4) {
      ofRows[productAt + i] += values[at + i] * factor;
      ofRows[productAt + i + 1] += values[at + i + 1] * factor;
      ofRows[productAt + i + 2] += values[at + i + 2] * factor;
      ofRows[productAt + i + 3] += values[at + i + 3] * factor;
      sum0 += values[at + i] * x[xAt + i];
      sum1 += values[at + i + 1] * x[xAt + i + 1];
      sum2 += values[at + i + 2] * x[xAt + i + 2];
      sum3 += values[at + i + 3] * x[xAt + i + 3];
    }
    for (; i < rows; i++) {
      ofRows[productAt + i] += values[at + i] * factor;
      sum0 += values[at + i] * x[xAt + i];
    }
    return (sum0 + sum1) + (sum2 + sum3);
  }

  /** Adds to y, order×vectors. */
  void addTo(double[] y) {
    for (int v = 0; v < vectors; v++) {
      for (int i = 0; i < rows; i++) {
        y[v * order + firstRow + i] += ofRows[v * rows + i];
      }
      if (firstRow != firstColumn) {
        for (int j = 0; j < columns; j++) {
          y[v * order + firstColumn + j] += ofColumns[v * columns + j];
        }
      }
    }
  }
}
