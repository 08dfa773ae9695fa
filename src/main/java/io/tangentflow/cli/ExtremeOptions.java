package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.spectrum.Search;
import picocli.CommandLine.Option;

/** How extreme eigenvalues are looked for by products. */
@Heading("Eigenvalues")
final class ExtremeOptions {

  @Option(
      names = "--extreme",
      paramLabel = "K",
      description =
          "The K least and K greatest eigenvalues alone, by products with the matrix (default: all,"
              + " or with ntk --matrix-free and of a store that does not fit into memory 1).")
  Integer extreme;

  @Option(
      names = "--tolerance",
      paramLabel = "EPS",
      description =
          "With --extreme: a value has converged when its residual ‖Kv − λv‖ is at most EPS·‖K‖; with"
              + " ntk --solve: a column when ‖y − (K + ρI)α‖ is at most EPS·‖y‖ (default: 1e-10, of products in fp32 1e-6, in tf32 1e-3).")
  private Double tolerance;

  @Option(
      names = "--max-products",
      paramLabel = "N",
      description =
          "With --extreme, and for each column of ntk --solve: products with the matrix at most, after which what has not converged is"
              + " reported as such (default: twice the order, matrix-free and of a store"
              + " 500).")
  private Integer maxProducts;

  boolean given() {
    return extreme != null;
  }

  /** Refuses options that need --extreme without it, and values out of range. */
  void requireComplete() {
    if (!given() && tolerance != null) {
      throw new InvalidConfiguration(
          "--tolerance", "has a meaning beside --extreme, or ntk --solve, only");
    }
    if (!given() && maxProducts != null) {
      throw new InvalidConfiguration(
          "--max-products", "has a meaning beside --extreme, or ntk --solve, only");
    }
    requireInRange();
  }

  /** Refuses values out of range. */
  void requireInRange() {
    if (given() && (extreme < 1 || extreme > 1_000)) {
      throw new InvalidConfiguration("--extreme", "must be between 1 and 1000, not " + extreme);
    }
    if (tolerance != null && !(tolerance > 0 && tolerance < 1)) {
      throw new InvalidConfiguration("--tolerance", "must be between 0 and 1, not " + tolerance);
    }
    if (maxProducts != null && maxProducts < 1) {
      throw new InvalidConfiguration("--max-products", "must be at least 1, not " + maxProducts);
    }
  }

  /**
   * The search in a basis of at most so many bytes.
   *
   * @param usualTolerance where none was given
   * @param usualProducts likewise
   */
  Search search(int order, double usualTolerance, int usualProducts, int block, long basisBytes) {
    int products = maxProducts(usualProducts);
    return new Search(
        extreme,
        extreme,
        tolerance(usualTolerance),
        products,
        block,
        Math.min(products, Search.subspaceWithin(order, basisBytes)));
  }

  /** The tolerance, where none was given the usual one. */
  double tolerance(double usual) {
    return tolerance == null ? usual : tolerance;
  }

  /** The most products, where none were given the usual ones. */
  int maxProducts(int usual) {
    return maxProducts == null ? usual : maxProducts;
  }
}
