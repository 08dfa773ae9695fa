package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.data.Npy;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** A system with the kernel. */
@Heading("Linear systems")
final class SolveOptions {

  /** To begin, one step, and to check. */
  private static final int FEWEST_PRODUCTS = 3;

  @Option(
      names = "--solve",
      paramLabel = "FILE",
      description =
          "With --matrix-free: solve (K + ρI)α = y by conjugate gradients for the targets of this .npy"
              + " file: Nm rows, i·m + o that of output o of sample i, and a column for each system;"
              + " or N×m, one system. Samples are in the order of --inputs-out (default: eigenvalues"
              + " alone).")
  private Path targets;

  @Option(
      names = "--ridge",
      paramLabel = "RHO",
      description = "With --solve: ρ, zero or positive (default: 0).")
  private Double ridge;

  @Option(
      names = "--solution-out",
      paramLabel = "FILE",
      description =
          "With --solve: write α to this .npy file, in the shape of the targets, in fp64 (default:"
              + " α is not written).")
  Path solutionOut;

  boolean given() {
    return targets != null;
  }

  /** Refuses what has no meaning without another option, and a ridge that is none. */
  void requireCompatible(boolean matrixFree) {
    if (!given() && ridge != null) {
      throw new InvalidConfiguration("--ridge", "has a meaning beside --solve only");
    }
    if (!given() && solutionOut != null) {
      throw new InvalidConfiguration("--solution-out", "has a meaning beside --solve only");
    }
    if (given() && !matrixFree) {
      throw new InvalidConfiguration(
          "--solve", "goes with --matrix-free; 'predict' solves with a Gram matrix in memory");
    }
    if (ridge != null && !(ridge >= 0 && Double.isFinite(ridge))) {
      throw new InvalidConfiguration("--ridge", "must be zero or a positive number, not " + ridge);
    }
  }

  /** Makes sure that the targets are not replaced. */
  void requireApartFrom(Outputs outputs) {
    if (given()) {
      outputs.requireApartFrom(targets);
    }
  }

  /**
   * Reads the targets; empty if nothing is to be solved.
   *
   * @param order Nm
   * @param outputs m
   * @param tolerance of a column's residual, relative to its targets
   * @param maxProducts for each column
   * @throws io.tangentflow.TangentFlowException.DataFormat if the targets are not of that shape, or
   *     not finite
   */
  Optional<KernelSolve> system(int order, int outputs, double tolerance, int maxProducts) {
    if (!given()) {
      return Optional.empty();
    }
    if (maxProducts < FEWEST_PRODUCTS) {
      throw new InvalidConfiguration(
          "--max-products",
          String.format(
              "is %d, and conjugate gradients need at least %d", maxProducts, FEWEST_PRODUCTS));
    }
    TargetShape shape = TargetShape.of(Npy.readFinite(targets), targets, order, outputs);
    return Optional.of(
        new KernelSolve(
            shape,
            ridge == null ? 0 : ridge,
            tolerance,
            maxProducts,
            Optional.ofNullable(solutionOut)));
  }
}
