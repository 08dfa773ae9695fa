package io.tangentflow.kernel.limit;

import io.tangentflow.model.DenseMatrix;
import java.util.Optional;
import java.util.stream.IntStream;

/** What is to be said of a limiting kernel with errors that no user of its numbers would guess. */
public final class LimitDoubt {

  private static final double COARSE = 1e-4;

  private LimitDoubt() {}

  /** A sentence, if there is something to say. */
  public static Optional<String> of(LimitGram gram) {
    return of(gram.ntkError(), largest(gram.ntk()));
  }

  /** The largest entry of a kernel's matrix, which is on its diagonal. */
  public static double largest(DenseMatrix kernel) {
    return IntStream.range(0, kernel.rows()).mapToDouble(j -> kernel.get(j, j)).max().orElse(0);
  }

  /**
   * A sentence, if there is something to say.
   *
   * @param error the largest estimated one of an entry of the NTK
   * @param largest entry of it
   */
  public static Optional<String> of(double error, double largest) {
    if (error <= COARSE * largest) {
      return Optional.empty();
    }
    String known =
        largest > 0
            ? String.format("to %.1g of its largest entry only", error / largest)
            : String.format("to be 0 within %.1g only", error);
    return Optional.of(
        "the limiting NTK is known "
            + known
            + "; lower --horizon, --sigma-w or --sigma-u, or scale large inputs down (--normalise"
            + " sphere or unit)");
  }
}
