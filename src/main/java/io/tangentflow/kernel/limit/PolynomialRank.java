package io.tangentflow.kernel.limit;

import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.PolynomialDual;
import io.tangentflow.model.Activation;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How many samples a limiting NTK of a polynomial φ can tell apart. At depth L the output and its
 * gradient are polynomials of the input of degree D = p^(L+1), p the degree of φ, so the rank of a
 * Gram is at most the dimension of those polynomials,
 *
 * <pre>
 *   C(D+d, d) in d variables,     C(D+d−1, d−1) + C(D+d−2, d−1) on a sphere.
 * </pre>
 *
 * For φ = x the kernel is proportional to x·x̄, and the rank at most d, at any depth. For p &gt; 1
 * the continuum composes φ without end, and there is no such limit.
 */
public final class PolynomialRank {

  private PolynomialRank() {}

  /**
   * The limit of the rank where it is less than the number of samples; else empty.
   *
   * @param depth L, empty for the continuum
   * @param dimension d
   * @param onSphere whether all samples have one norm
   */
  public static OptionalLong below(
      int samples, Activation phi, OptionalInt depth, int dimension, boolean onSphere) {
    if (!(DualActivation.of(phi) instanceof PolynomialDual polynomial)) {
      return OptionalLong.empty();
    }
    long rank = rank(polynomial, depth, dimension, onSphere, samples);
    return rank < samples ? OptionalLong.of(rank) : OptionalLong.empty();
  }

  private static long rank(
      PolynomialDual phi, OptionalInt depth, int dimension, boolean onSphere, int most) {
    if (phi.degree() == 0) {
      return 1;
    }
    if (phi.homogeneous()) {
      return dimension;
    }
    if (phi.degree() > 1 && depth.isEmpty()) {
      return most;
    }
    // D beyond the number of samples changes nothing: so many powers of one feature suffice.
    long degree = power(phi.degree(), depth.orElse(0) + 1, most);
    return onSphere
        ? binomial(degree, dimension - 1, most) + binomial(degree - 1, dimension - 1, most)
        : binomial(degree, dimension, most);
  }

  /** base^exponent, no more than {@code most}. */
  private static long power(int base, int exponent, int most) {
    long power = 1;
    for (int i = 0; i < exponent && base > 1 && power < most; i++) {
      power *= base;
    }
    return Math.min(power, most);
  }

  /** C(D + k, k), no more than {@code most}. */
  private static long binomial(long degree, int k, int most) {
    long binomial = 1;
    for (int i = 1; i <= k && binomial < most; i++) {
      binomial = binomial * (degree + i) / i;
    }
    return Math.min(binomial, most);
  }
}
