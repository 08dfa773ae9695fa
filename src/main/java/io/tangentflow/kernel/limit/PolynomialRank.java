package io.tangentflow.kernel.limit;

import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.PolynomialDual;
import io.tangentflow.model.Activation;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How many samples a limiting NTK of a polynomial φ can tell apart. Let p be the degree of φ and r
 * its least power. At depth L the output and its gradient are polynomials of the input with powers
 * from r to D = p^(L+1), so the rank of a Gram is at most the dimension of those polynomials,
 *
 * <pre>
 *   C(D+d, d) − C(r−1+d, d)               in d variables,
 *   C(D+d−1, d−1) + C(D+d−2, d−1)         on a sphere, if D &gt; r,
 *   C(D+d−1, d−1)                         on a sphere, if D = r.
 * </pre>
 *
 * On a sphere ‖x‖² is a number, which turns each power into those below it of its parity. For p = 1
 * this is d, or d + 1, at any depth and in the continuum; for p &gt; 1 the continuum composes φ
 * without end, and there is no such limit.
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
    if (polynomial.degree() > 1 && depth.isEmpty()) {
      return OptionalLong.empty();
    }
    int least = polynomial.leastPower();
    // Powers beyond the number of samples change nothing: in one direction alone they suffice.
    long greatest = power(polynomial.degree(), depth.orElse(0) + 1, samples + least);
    long rank =
        onSphere
            ? onSphere(least, greatest, dimension, samples)
            : inSpace(least, greatest, dimension, samples);
    return rank < samples ? OptionalLong.of(rank) : OptionalLong.empty();
  }

  private static long onSphere(int least, long greatest, int dimension, int most) {
    long ofItsParity = binomial(greatest, dimension - 1, most);
    return greatest > least
        ? ofItsParity + binomial(greatest - 1, dimension - 1, most)
        : ofItsParity;
  }

  private static long inSpace(int least, long greatest, int dimension, int most) {
    long missing = least == 0 ? 0 : binomial(least - 1, dimension, Integer.MAX_VALUE);
    return binomial(greatest, dimension, most + missing) - missing;
  }

  /** base^exponent, no more than {@code most}. */
  private static long power(int base, int exponent, long most) {
    long power = 1;
    for (int i = 0; i < exponent && base > 1 && power < most; i++) {
      power *= base;
    }
    return Math.min(base == 0 ? 0 : power, most);
  }

  /** C(D + k, k), no more than {@code most}. */
  private static long binomial(long degree, int k, long most) {
    long binomial = 1;
    for (int i = 1; i <= k && binomial < most; i++) {
      binomial = binomial * (degree + i) / i;
    }
    return Math.min(binomial, most);
  }
}
