package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.kernel.limit.ContinuumLimit;
import io.tangentflow.kernel.limit.FiniteDepthLimit;
import io.tangentflow.kernel.limit.LimitGram;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.NeuralOde;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import java.util.function.LongConsumer;

/**
 * How far the infinite-width kernels of the residual network of depth L are from those of the
 * Neural ODE: ‖K^L − K^∞‖_F/‖K^∞‖_F of the Gram matrices on the same inputs, in FP64.
 *
 * @param model of both; its width is of no account
 * @param byDepth a row for each depth, by rising depth
 */
public record LimitDepthGaps(NeuralOde model, List<Row> byDepth) {

  public LimitDepthGaps {
    byDepth = List.copyOf(byDepth);
  }

  /** So many times its own error a gap is at least, to be one. */
  public static final double LEAST_RATIO = 10;

  /** The two limiting kernels. */
  public enum Kernel {
    /** Of outputs. */
    NNGP,
    /** Of their gradients. */
    NTK;

    private DenseMatrix of(LimitGram gram) {
      return this == NNGP ? gram.nngp() : gram.ntk();
    }

    private double entryError(LimitGram gram) {
      return this == NNGP ? gram.nngpError() : gram.ntkError();
    }
  }

  /**
   * A relative difference.
   *
   * @param error that the stated errors of the entries can make of it
   */
  public record Gap(double value, double error) {

    /** Whether it is so much larger than its error that it says something of the depth. */
    public boolean resolved() {
      return value > LEAST_RATIO * error;
    }
  }

  /**
   * The gaps of one depth.
   *
   * @param depth L
   */
  public record Row(int depth, Map<Kernel, Gap> gap) {}

  /**
   * Measures the gaps.
   *
   * @param depths L, rising
   * @param inputs x, d×N. Not modified.
   * @param pool the threads that compute
   * @param pairs receives how many of the (1 + depths)·N(N+1)/2 pairs of inputs are finished, now
   *     and then
   * @throws InvalidConfiguration if a kernel does not exist or is zero on these inputs
   */
  public static LimitDepthGaps measure(
      NeuralOde model,
      List<Integer> depths,
      DenseMatrix inputs,
      ForkJoinPool pool,
      LongConsumer pairs) {
    long each = pairs(inputs);
    LimitGram continuum = new ContinuumLimit(model).gram(inputs, pool, pairs::accept);
    List<Row> rows = new ArrayList<>();
    for (int depth : depths) {
      long before = (rows.size() + 1) * each;
      LimitGram discrete =
          new FiniteDepthLimit(model, depth)
              .gram(inputs, pool, finished -> pairs.accept(before + finished));
      Map<Kernel, Gap> gaps = new EnumMap<>(Kernel.class);
      for (Kernel kernel : Kernel.values()) {
        gaps.put(kernel, gap(kernel, discrete, continuum));
      }
      rows.add(new Row(depth, gaps));
    }
    return new LimitDepthGaps(model, rows);
  }

  /** N(N+1)/2, the entries of a Gram matrix that are computed. */
  public static long pairs(DenseMatrix inputs) {
    return inputs.columns() * (inputs.columns() + 1L) / 2;
  }

  private static Gap gap(Kernel kernel, LimitGram discrete, LimitGram continuum) {
    DenseMatrix limit = kernel.of(continuum);
    double norm = requirePositive(limit, kernel.toString()).norm();
    double error = kernel.entryError(discrete) + kernel.entryError(continuum);
    return new Gap(kernel.of(discrete).distance(limit) / norm, limit.rows() * error / norm);
  }

  /** The matrix, which differences can be relative to. */
  static DenseMatrix requirePositive(DenseMatrix limit, String kernel) {
    if (limit.norm() == 0) {
      throw new InvalidConfiguration(
          "--sigma-u, --sigma-v",
          "the limiting " + kernel + " is zero on these data; raise the scale that is 0");
    }
    return limit;
  }
}
