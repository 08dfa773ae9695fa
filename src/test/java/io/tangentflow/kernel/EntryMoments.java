package io.tangentflow.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.model.DenseMatrix;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/** Mean and standard error of each entry of the random kernels of networks of one width. */
final class EntryMoments {

  private final int width;
  private final int order;
  private final SummaryStatistics[] entries;

  /**
   * @param width n
   * @param order N, the rows of a kernel
   */
  EntryMoments(int width, int order) {
    this.width = width;
    this.order = order;
    entries = new SummaryStatistics[order * order];
    for (int k = 0; k < entries.length; k++) {
      entries[k] = new SummaryStatistics();
    }
  }

  /** One more kernel, N×N. */
  void add(DenseMatrix kernel) {
    assertEquals(entries.length, kernel.values().length);
    for (int k = 0; k < entries.length; k++) {
      entries[k].addValue(kernel.values()[k]);
    }
  }

  double mean(int i, int j) {
    return entries[i + j * order].getMean();
  }

  double standardError(int i, int j) {
    SummaryStatistics entry = entries[i + j * order];
    return entry.getStandardDeviation() / Math.sqrt((double) entry.getN());
  }

  /**
   * Every entry lies within so many standard errors + C/n of the limit. The C of an entry comes
   * from narrower networks: their width times their distance from the limit and as many standard
   * errors of it. So narrow networks predict what wide ones may be off, and the next term of the
   * bias, of order 1/n², is on the safe side of them.
   *
   * @param greatestBound that the allowance may be, relative to √(K_ii K_jj), lest it allow
   *     anything
   */
  void assertPredicted(
      DenseMatrix limit, EntryMoments narrower, double standardErrors, double greatestBound) {
    for (int j = 0; j < order; j++) {
      for (int i = 0; i <= j; i++) {
        double expected = limit.get(i, j);
        double c =
            narrower.width
                * (Math.abs(narrower.mean(i, j) - expected)
                    + standardErrors * narrower.standardError(i, j));
        double bound = standardErrors * standardError(i, j) + c / width;
        double scale = Math.sqrt(limit.get(i, i) * limit.get(j, j));
        String entry = String.format("entry (%d, %d), C/n = %.3g", i, j, c / width);
        assertTrue(bound < greatestBound * scale, entry + ", bound " + bound + " of " + scale);
        assertEquals(expected, mean(i, j), bound, entry);
      }
    }
  }
}
