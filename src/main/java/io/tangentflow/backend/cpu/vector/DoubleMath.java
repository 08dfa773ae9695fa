package io.tangentflow.backend.cpu.vector;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.apache.commons.numbers.gamma.Erf;
import org.apache.commons.numbers.gamma.Erfcx;

/**
 * Elementary functions on FP64 vectors, to a relative error below 10⁻¹⁴ (absolute near the zeros of
 * a derivative). Rounding to an integer adds and subtracts 1.5·2⁵² and reads the integer from the
 * sum's bits. NaN gives NaN.
 */
final class DoubleMath {

  static final VectorSpecies<Double> SPECIES = DoubleVector.SPECIES_PREFERRED;

  private static final double ROUND = 0x1.8p52;
  private static final int MANTISSA_BITS = 52;
  private static final double LOG2_E = 1 / Math.log(2);
  private static final double LN2_HIGH = Math.log(2);

  /** log 2 − {@link #LN2_HIGH}. */
  private static final double LN2_LOW = 2.3190468138462996e-17;

  /** Below it eˣ is subnormal. */
  private static final double EXP_UNDERFLOW = -708;

  private static final double TWO_OVER_PI = 2 / Math.PI;
  private static final double HALF_PI_HIGH = Math.PI / 2;

  /** π/2 − {@link #HALF_PI_HIGH}. */
  private static final double HALF_PI_LOW = 6.123233995736766e-17;

  /** Up to it the argument reduction of sine and cosine loses nothing. */
  static final double TRIGONOMETRIC_LIMIT = 0x1p20;

  private static final double HALF_LN2 = 0.5 * Math.log(2);
  private static final double[] EXP =
      Polynomial.onUnitInterval(Math::exp, -0.5 * Math.log(2), 0.5 * Math.log(2), 12);
  private static final double[] LOG1P =
      Polynomial.onUnitInterval(u -> u == 0 ? 1 : Math.log1p(u) / u, 0, 1, 22);
  private static final double TANH_LIMIT = 0.55;
  private static final double[] TANH =
      Polynomial.onUnitInterval(
          s -> Math.tanh(Math.sqrt(s)) / Math.sqrt(s), 0, TANH_LIMIT * TANH_LIMIT, 11);
  private static final double[] ERF =
      Polynomial.onUnitInterval(s -> Erf.value(Math.sqrt(s)) / Math.sqrt(s), 0, 1, 14);
  private static final double ERFCX_CENTRE = 3.75;
  private static final double ERFC_UNDERFLOW = 27;
  private static final double[] ERFCX =
      Polynomial.onUnitInterval(
          t -> t >= 1 ? 0 : Erfcx.value(ERFCX_CENTRE * (1 + t) / (1 - t)), -1, 1, 27);
  private static final double QUARTER_PI_SQUARED = Math.PI * Math.PI / 16;
  private static final double[] SINE =
      Polynomial.onUnitInterval(
          s -> Math.sin(Math.sqrt(s)) / Math.sqrt(s), 0, QUARTER_PI_SQUARED, 8);
  private static final double[] COSINE =
      Polynomial.onUnitInterval(s -> Math.cos(Math.sqrt(s)), 0, QUARTER_PI_SQUARED, 9);

  private DoubleMath() {}

  static DoubleVector constant(double value) {
    return DoubleVector.broadcast(SPECIES, value);
  }

  private static DoubleVector horner(double[] coefficients, DoubleVector t) {
    DoubleVector sum = DoubleVector.broadcast(SPECIES, coefficients[coefficients.length - 1]);
    for (int k = coefficients.length - 2; k >= 0; k--) {
      sum = sum.fma(t, DoubleVector.broadcast(SPECIES, coefficients[k]));
    }
    return sum;
  }

  /** eˣ for x ≤ 0; zero where it would be subnormal. */
  static DoubleVector expOfNegative(DoubleVector x) {
    DoubleVector bounded = x.max(EXP_UNDERFLOW);
    DoubleVector shifted = bounded.fma(constant(LOG2_E), constant(ROUND));
    DoubleVector n = shifted.sub(ROUND);
    DoubleVector r = n.fma(constant(-LN2_HIGH), bounded);
    r = n.fma(constant(-LN2_LOW), r);
    DoubleVector mantissa = horner(EXP, r.mul(1 / HALF_LN2));
    DoubleVector scaled =
        mantissa
            .reinterpretAsLongs()
            .add(shifted.reinterpretAsLongs().lanewise(VectorOperators.LSHL, MANTISSA_BITS))
            .reinterpretAsDoubles();
    // Elsewhere zero, or the NaN, whose payload would have been shifted into its exponent.
    return bounded.sub(bounded).blend(scaled, x.compare(VectorOperators.GE, EXP_UNDERFLOW));
  }

  /** |x|, at most where exp(−x²) is zero, so that squares do not overflow. */
  static DoubleVector magnitude(DoubleVector x) {
    return x.abs().min(ERFC_UNDERFLOW);
  }

  /** exp(−a²) of a {@link #magnitude}, with the rounding error of the square made good. */
  static DoubleVector expOfMinusSquare(DoubleVector a) {
    DoubleVector square = a.mul(a);
    DoubleVector lost = a.fma(a, square.neg());
    DoubleVector e = expOfNegative(square.neg());
    return e.sub(e.mul(lost));
  }

  /** log(1 + u) for 0 ≤ u ≤ 1. */
  static DoubleVector log1pOfUnit(DoubleVector u) {
    return u.mul(horner(LOG1P, u.fma(constant(2), constant(-1))));
  }

  /** tanh x, given u = exp(−2|x|). */
  static DoubleVector tanh(DoubleVector x, DoubleVector u) {
    DoubleVector s = x.mul(x);
    DoubleVector small =
        x.mul(horner(TANH, s.fma(constant(2 / (TANH_LIMIT * TANH_LIMIT)), constant(-1))));
    DoubleVector large = withSignOf(x, constant(1).sub(u).div(u.add(1)));
    return small.blend(large, x.abs().compare(VectorOperators.GT, TANH_LIMIT));
  }

  /** erf x, given a = |x|, as {@link #magnitude}, and e = exp(−a²). */
  static DoubleVector erf(DoubleVector x, DoubleVector a, DoubleVector e) {
    DoubleVector s = x.mul(x);
    DoubleVector small = x.mul(horner(ERF, s.fma(constant(2), constant(-1))));
    DoubleVector large = withSignOf(x, constant(1).sub(erfc(a, e)));
    return small.blend(large, a.compare(VectorOperators.GT, 1));
  }

  /**
   * erfc of a {@link #magnitude} a, given e = exp(−a²): e times a polynomial in (a − c)/(a + c).
   */
  static DoubleVector erfc(DoubleVector a, DoubleVector e) {
    DoubleVector t = a.sub(ERFCX_CENTRE).div(a.add(ERFCX_CENTRE));
    return e.mul(horner(ERFCX, t));
  }

  /** The remainder r of x = k π/2 + r, |r| ≤ π/4, and by its bits the quadrant k mod 4. */
  static DoubleVector quadrantShift(DoubleVector x) {
    return x.fma(constant(TWO_OVER_PI), constant(ROUND));
  }

  /** x − k π/2, for the shift of {@link #quadrantShift}. */
  static DoubleVector quadrantRemainder(DoubleVector x, DoubleVector shifted) {
    DoubleVector k = shifted.sub(ROUND);
    DoubleVector r = k.fma(constant(-HALF_PI_HIGH), x);
    return k.fma(constant(-HALF_PI_LOW), r);
  }

  /** r² for |r| ≤ π/4, as the polynomials take it. */
  static DoubleVector unitSquare(DoubleVector r) {
    return r.mul(r).fma(constant(2 / QUARTER_PI_SQUARED), constant(-1));
  }

  /** sin r, given the {@link #unitSquare} of r. */
  static DoubleVector sineOfRemainder(DoubleVector r, DoubleVector square) {
    return r.mul(horner(SINE, square));
  }

  /** cos r, given the {@link #unitSquare} of r. */
  static DoubleVector cosineOfRemainder(DoubleVector square) {
    return horner(COSINE, square);
  }

  /** The bits that turn sin r into cos r and back, where the quadrant k is odd. */
  static LongVector exchange(LongVector k, DoubleVector sine, DoubleVector cosine) {
    return sine.reinterpretAsLongs()
        .lanewise(VectorOperators.XOR, cosine.reinterpretAsLongs())
        .and(k.and(1).neg());
  }

  /** sin(r + k π/2) from sin r and what exchanges it; cos(r + k π/2) from cos r and k + 1. */
  static DoubleVector inQuadrant(LongVector k, DoubleVector value, LongVector exchange) {
    LongVector sign = k.and(2).lanewise(VectorOperators.LSHL, 62);
    return value
        .reinterpretAsLongs()
        .lanewise(VectorOperators.XOR, exchange)
        .lanewise(VectorOperators.XOR, sign)
        .reinterpretAsDoubles();
  }

  /** Where |x| is beyond {@link #TRIGONOMETRIC_LIMIT}. */
  static VectorMask<Double> beyondTrigonometricLimit(DoubleVector x) {
    return x.abs().compare(VectorOperators.GT, TRIGONOMETRIC_LIMIT);
  }

  private static DoubleVector withSignOf(DoubleVector x, DoubleVector magnitude) {
    LongVector sign = x.reinterpretAsLongs().and(Long.MIN_VALUE);
    return magnitude.reinterpretAsLongs().or(sign).reinterpretAsDoubles();
  }
}
