package io.tangentflow.backend.cpu;

import io.tangentflow.backend.DotProductSeries;
import io.tangentflow.backend.DotProductSeries.Argument;
import io.tangentflow.backend.Precision;
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
  private final Argument argument;
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
    int blocks = (int) ((rows - 1L + BLOCK) / BLOCK);
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
    private final double[] coefficient = new double[BLOCK];
    private final double[] positives = new double[BLOCK];
    private final boolean[] negative = new boolean[BLOCK];
    private double[] sum = new double[BLOCK];
    private double[] previous = new double[BLOCK];

    /** Rows {@code first} … of one column. */
    void evaluate(int first, int count, int column) {
      load(first, count, column);
      if (argument == Argument.CORRELATION) {
        clenshaw(first, count, column * terms * rank);
      } else {
        evaluateBranches(first, count, column);
      }
      store(first, count, column);
    }

    /** Each sign by its own series; columns often have one sign throughout. */
    private void evaluateBranches(int first, int count, int column) {
      int negatives = 0;
      for (int i = 0; i < count; i++) {
        negatives += x[i] < 0 ? 1 : 0;
        negative[i] = x[i] < 0;
        x[i] = Argument.quarterRoot(x[i]);
      }
      int size = terms * rank;
      if (negatives < count) {
        clenshaw(first, count, 2 * column * size);
      }
      if (negatives > 0) {
        System.arraycopy(sum, 0, positives, 0, count);
        clenshaw(first, count, (2 * column + 1) * size);
        for (int i = 0; i < count; i++) {
          sum[i] = negative[i] ? sum[i] : positives[i];
        }
      }
    }

    private void load(int first, int count, int column) {
      int at = rho.start() + column * rho.leadingDimension() + first;
      if (rho.precision() == Precision.FP64) {
        System.arraycopy(rho.doubles(), at, x, 0, count);
      } else {
        float[] from = rho.floats();
        for (int i = 0; i < count; i++) {
          x[i] = from[at + i];
        }
      }
    }

    private void store(int first, int count, int column) {
      int at = result.start() + column * result.leadingDimension() + first;
      if (result.precision() == Precision.FP64) {
        System.arraycopy(sum, 0, result.doubles(), at, count);
      } else {
        float[] to = result.floats();
        for (int i = 0; i < count; i++) {
          to[at + i] = (float) sum[i];
        }
      }
    }

    private void clenshaw(int first, int count, int coefficients) {
      Arrays.fill(sum, 0, count, 0);
      Arrays.fill(previous, 0, count, 0);
      for (int i = 0; i < count; i++) {
        twice[i] = 2 * x[i];
      }
      for (int k = terms - 1; k > 0; k--) {
        step(first, count, coefficients + k * rank, twice);
      }
      step(first, count, coefficients, x); // The last step has ξ in the place of 2ξ.
      if (rank == 1) {
        for (int i = 0; i < count; i++) {
          sum[i] *= left[first + i];
        }
      }
    }

    /** b_k = c_k + factor b_(k+1) − b_(k+2); the factor of a rank of one waits for the end. */
    private void step(int first, int count, int at, double[] factor) {
      double[] above = sum;
      double[] next = previous;
      if (rank == 1) {
        double c = right[at];
        for (int i = 0; i < count; i++) {
          next[i] = c + factor[i] * above[i] - next[i];
        }
      } else {
        coefficients(first, count, at);
        for (int i = 0; i < count; i++) {
          next[i] = coefficient[i] + factor[i] * above[i] - next[i];
        }
      }
      sum = next;
      previous = above;
    }

    /** c_k of each row. */
    private void coefficients(int first, int count, int at) {
      Arrays.fill(coefficient, 0, count, 0);
      for (int q = 0; q < rank; q++) {
        double weight = right[at + q];
        int factor = q * rho.rows() + first;
        for (int i = 0; i < count; i++) {
          coefficient[i] += weight * left[factor + i];
        }
      }
    }
  }
}
