package io.tangentflow.spectrum;

import io.tangentflow.TangentFlowException.InvalidConfiguration;

/**
 * Which eigenvalues are looked for, and with what means.
 *
 * @param least how many of the least ones
 * @param greatest how many of the greatest ones
 * @param tolerance a Ritz value θ has converged where ‖Kv − θv‖ ≤ tolerance·‖K‖
 * @param maxProducts the most products of K with a vector
 * @param block vectors that are multiplied together: more of them are found for one pass over K,
 *     and more of an eigenvalue's multiplicity
 * @param subspace the most basis vectors that are held, in 16 bytes times N each
 */
public record Search(
    int least, int greatest, double tolerance, int maxProducts, int block, int subspace) {

  public Search {
    if (least < 0 || greatest < 0 || least + greatest < 1 || block < 1) {
      throw new IllegalArgumentException(
          least + " and " + greatest + " eigenvalues, by blocks of " + block);
    }
    if (!(tolerance > 0 && tolerance < 1)) {
      throw new InvalidConfiguration("--tolerance", "must be between 0 and 1, not " + tolerance);
    }
  }

  /**
   * The largest subspace for a matrix of that order whose basis, its rotation and the matrices of
   * the subspace fit into so many bytes.
   */
  public static int subspaceWithin(int order, long bytes) {
    double perVector = 2.0 * Double.BYTES * order;
    double perPair = 6.0 * Double.BYTES;
    double root = Math.sqrt(perVector * perVector + 4 * perPair * Math.max(0, bytes));
    double inOneArray = Integer.MAX_VALUE / (double) order;
    return (int) Math.min(Math.min(order, inOneArray), (root - perVector) / (2 * perPair));
  }

  /** Bytes that the basis takes, its rotation and the matrices of the subspace. */
  public long bytes(int order) {
    long p = within(order).capacity(order);
    return Double.BYTES * (2 * p * order + 6 * p * p);
  }

  /** What it takes to look for that many, and to check what was found. */
  int fewestProducts() {
    return 2 * (least + greatest) + block;
  }

  /**
   * The same for a matrix of that order, which has no more eigenvalues.
   *
   * @throws InvalidConfiguration if the products do not suffice for any answer
   */
  Search within(int order) {
    Search fitting =
        new Search(
            Math.min(least, order),
            Math.min(greatest, order),
            tolerance,
            maxProducts,
            Math.min(block, order),
            subspace);
    if (maxProducts < fitting.fewestProducts()) {
      throw new InvalidConfiguration(
          "--max-products",
          String.format(
              "is %d, and %d eigenvalues need at least %d",
              maxProducts, fitting.least + fitting.greatest, fitting.fewestProducts()));
    }
    return fitting;
  }

  /** The same means for so many of the greatest alone. */
  Search greatestOnly(int count) {
    return new Search(0, count, tolerance, maxProducts, block, subspace);
  }

  /** The same to another tolerance. */
  Search to(double other) {
    return new Search(least, greatest, other, maxProducts, block, subspace);
  }

  /** Basis vectors for a matrix of that order: room for what is kept at a restart, and as much. */
  int capacity(int order) {
    int wanted = Math.max(subspace, 2 * (least + greatest) + 4 * block);
    return wanted + block >= order ? order : wanted;
  }
}
