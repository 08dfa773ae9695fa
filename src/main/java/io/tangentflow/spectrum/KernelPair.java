package io.tangentflow.spectrum;

import io.tangentflow.model.DenseMatrix;
import java.util.Optional;

/**
 * How well a kernel tells two samples apart, by the 2×2 minor of its Gram matrix.
 *
 * @param first i, from 0
 * @param second j
 * @param cosine K_ij/√(K_ii K_jj); NaN if K_ii or K_jj is 0
 * @param leastEigenvalue of the minor; λ_min of the whole is no greater (Cauchy's interlacing)
 */
public record KernelPair(int first, int second, double cosine, double leastEigenvalue) {

  /** The pair of i and j &gt; i. Only the lower triangle is read. */
  public static KernelPair of(DenseMatrix gram, int i, int j) {
    double mean = 0.5 * (gram.get(i, i) + gram.get(j, j));
    double difference = 0.5 * (gram.get(i, i) - gram.get(j, j));
    return new KernelPair(i, j, cosine(gram, i, j), mean - Math.hypot(difference, gram.get(j, i)));
  }

  /**
   * The pair of the largest |cosine|; empty for fewer than two samples with K_ii &gt; 0. Only the
   * lower triangle is read.
   */
  public static Optional<KernelPair> mostDependent(DenseMatrix gram) {
    int n = gram.rows();
    int first = -1;
    int second = -1;
    double greatest = -1;
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        double cosine = Math.abs(cosine(gram, i, j));
        if (cosine > greatest) { // false for NaN
          greatest = cosine;
          first = i;
          second = j;
        }
      }
    }
    return first < 0 ? Optional.empty() : Optional.of(of(gram, first, second));
  }

  private static double cosine(DenseMatrix gram, int i, int j) {
    return gram.get(j, i) / (Math.sqrt(gram.get(i, i)) * Math.sqrt(gram.get(j, j)));
  }
}
