package io.tangentflow.backend.cpu;

import io.tangentflow.backend.DotProductSeries;
import java.util.Arrays;

/**
 * Dot-product kernels on the CPU, in FP64 whatever the precision: a block of correlations of one
 * column at a time, with a few arrays that stay in the first-level cache, in loops that compile to
 * vector code.
 */
final class CpuDotProductKernel {

  private static final int BLOCK = 256;

  /** Work of a part, in terms: some ten microseconds. */
  private static final int GRAIN = 1 << 15;

  private final CpuMatrix rho;
  private final CpuMatrix result;
  private final DotProductSeries.Argument argument;
  private final int rank;
  private final int terms;
  private final double[] left;
  private final double[] right;

  /** Of a series and matrices that fit. */
  CpuDotProductKernel(CpuMatrix rho, DotProductSeries series, CpuMatrix result) {
    this.rho = rho;
    this.result = result;
    argument = series.argument();
    rank = series.rank();
    terms = series.terms();
    left = numbers((CpuMatrix) series.left());
    right = numbers((CpuMatrix) series.right());
  }

  private static double[] numbers(CpuMatrix matrix) {
    double[] numbers = new double[matrix.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = matrix.get(i);
    }
    return numbers;
  }

  void run(Parallel parallel) {
    int rows = rho.rows();
    int blocks = (rows + BLOCK - 1) / BLOCK;
    int work = Math.max(1, Math.min(rows, BLOCK) * terms * (1 + rank));
    parallel.run(
        blocks * rho.columns(),
        Math.max(1, GRAIN / work),
        (from, to) -> {
          Block block = new Block();
          for (int b = from; b < to; b++) {
            int first = b % blocks * BLOCK;
            block.evaluate(first, Math.min(BLOCK, rows - first), b / blocks);
          }
        });
  }

  /** One thread's arrays. */
  private final class Block {

    private final double[] x = new double[BLOCK];
    private final double[] twice = new double[BLOCK];
    private final double[] sum = new double[BLOCK];
    private final double[] previous = new double[BLOCK];
    private final double[] coefficient = new double[BLOCK];
    private final int[] branch = new int[BLOCK];

    /** Rows {@code first} … of one column. */
    void evaluate(int first, int count, int column) {
      int at = column * rho.rows() + first;
      int branches = argument.branches();
      int present = 0;
      for (int i = 0; i < count; i++) {
        double r = rho.get(at + i);
        x[i] = argument.of(r);
        branch[i] = argument.branch(r);
        present |= 1 << branch[i];
      }
      for (int each = 0; each < branches; each++) {
        if ((present & 1 << each) != 0) {
          clenshaw(first, count, (column * branches + each) * terms * rank);
          for (int i = 0; i < count; i++) {
            if (branch[i] == each) {
              result.set(at + i, sum[i]);
            }
          }
        }
      }
    }

    private void clenshaw(int first, int count, int coefficients) {
      Arrays.fill(sum, 0, count, 0);
      Arrays.fill(previous, 0, count, 0);
      for (int i = 0; i < count; i++) {
        twice[i] = 2 * x[i];
      }
      for (int k = terms - 1; k >= 0; k--) {
        if (k == 0) { // The last step has ξ in the place of 2ξ.
          System.arraycopy(x, 0, twice, 0, count);
        }
        coefficients(first, count, coefficients + k * rank);
        for (int i = 0; i < count; i++) {
          double next = coefficient[i] + twice[i] * sum[i] - previous[i];
          previous[i] = sum[i];
          sum[i] = next;
        }
      }
    }

    /** c_k of each row. */
    private void coefficients(int first, int count, int at) {
      double one = right[at];
      for (int i = 0; i < count; i++) {
        coefficient[i] = one * left[first + i];
      }
      for (int q = 1; q < rank; q++) {
        double weight = right[at + q];
        int factor = q * rho.rows() + first;
        for (int i = 0; i < count; i++) {
          coefficient[i] += weight * left[factor + i];
        }
      }
    }
  }
}
