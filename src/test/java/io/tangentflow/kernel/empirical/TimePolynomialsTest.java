package io.tangentflow.kernel.empirical;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.backend.Precision;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.ode.Tableau;
import io.tangentflow.ode.TimeGrid;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimePolynomialsTest {

  private static final int MOST = 6;

  /**
   * A value is rounded once in each of at most {@code MOST} subtractions, at its scaling by the
   * norm and by its weight: however long the grid, so many roundings and no more, here of two
   * polynomials and with a factor of two for what the last subtractions leave.
   */
  private static final double FEW_ROUNDINGS = 4 * (MOST + 2) * Precision.FP64.unitRoundoff();

  /** By sums in exact arithmetic. */
  @ParameterizedTest
  @ValueSource(ints = {20, 400, 40_000})
  void areOrthonormalToAFewRoundingsOnAnyGrid(int depth) {
    TimePolynomials p = new TimePolynomials(new TimeGrid(Tableau.EULER, depth), MOST);
    DenseMatrix values = p.values(0, p.count());
    DenseMatrix weighted = p.weighted(0, p.count());
    assertEquals(MOST, p.count());
    for (int j = 0; j < MOST; j++) {
      for (int k = 0; k <= j; k++) {
        double off = distance(values, weighted, j, k, DenseMatrix.zeros(0, MOST));
        assertTrue(off <= FEW_ROUNDINGS, j + ", " + k + ": " + off);
      }
    }
  }

  /** M and the values of the segment before together are orthonormal, on a long grid too. */
  @ParameterizedTest
  @ValueSource(ints = {20, 400, 40_000})
  void oneSegmentMoreKeepsInnerProductsToAFewRoundings(int depth) {
    TimeGrid grid = new TimeGrid(Tableau.EULER, depth);
    int segment = depth / 10;
    TimePolynomials last = new TimePolynomials(grid, 2 * segment, MOST);
    TimePolynomials longer = new TimePolynomials(grid, segment, MOST);
    DenseMatrix ofOld = longer.onTheLast(last);
    DenseMatrix values = longer.valuesOfFirst(segment);
    DenseMatrix weighted = longer.timesWeights(longer.valuesOfFirst(segment));
    for (int j = 0; j < MOST; j++) {
      for (int k = 0; k <= j; k++) {
        // M is known to the roundings of both polynomials.
        double off = distance(values, weighted, j, k, ofOld);
        assertTrue(off <= 2 * FEW_ROUNDINGS, j + ", " + k + ": " + off);
      }
    }
  }

  /** What the stated defect says is what exact sums say, of maps that are far from orthonormal. */
  @Test
  void theDefectBoundsTheDistanceFromTheIdentity() {
    TimePolynomials p = new TimePolynomials(new TimeGrid(Tableau.EULER, 30), MOST);
    DenseMatrix values = p.values(0, MOST);
    DenseMatrix weighted = p.weighted(0, MOST);
    DenseMatrix ofOld = DenseMatrix.zeros(1, MOST);
    ofOld.set(0, 2, 1e-3);
    ofOld.set(0, 4, 1e-4);
    // (1e-3, 1e-4)ᵀ(1e-3, 1e-4) has the greatest sum of a row 1.1e-6.
    double defect = TimePolynomials.defect(ofOld, values, weighted);
    assertEquals(1.1e-6, defect, MOST * 2 * FEW_ROUNDINGS);
    double perfect = TimePolynomials.defect(DenseMatrix.zeros(0, MOST), values, weighted);
    assertTrue(perfect > 0 && perfect <= MOST * 2 * FEW_ROUNDINGS, "" + perfect);
  }

  /** |Σ_i M_ij M_ik + Σ_q p_j μ_q p_k − δ_jk|. */
  private static double distance(
      DenseMatrix values, DenseMatrix weighted, int j, int k, DenseMatrix ofOld) {
    BigDecimal sum = BigDecimal.valueOf(j == k ? -1 : 0);
    for (int q = 0; q < values.rows(); q++) {
      sum = sum.add(new BigDecimal(values.get(q, j)).multiply(new BigDecimal(weighted.get(q, k))));
    }
    for (int i = 0; i < ofOld.rows(); i++) {
      sum = sum.add(new BigDecimal(ofOld.get(i, j)).multiply(new BigDecimal(ofOld.get(i, k))));
    }
    return Math.abs(sum.doubleValue());
  }
}
