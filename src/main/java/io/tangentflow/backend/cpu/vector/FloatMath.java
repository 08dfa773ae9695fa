package io.tangentflow.backend.cpu.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.apache.commons.numbers.gamma.Erf;
import org.apache.commons.numbers.gamma.Erfcx;

/**
 * Elementary functions on FP32 vectors, to a relative error below 3·10⁻⁷ (absolute near the zeros
 * of a derivative). Rounding to an integer adds and subtracts 1.5·2²³ and reads the integer from
 * the sum's bits, because JDK 17 has no intrinsic for the conversion. NaN gives NaN.
 */
final class FloatMath {

  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  private static final float ROUND = 0x1.8p23f;
  private static final int MANTISSA_BITS = 23;
  private static final float LOG2_E = (float) (1 / Math.log(2));
  private static final float LN2_HIGH = (float) Math.log(2);
  private static final float LN2_LOW = (float) (Math.log(2) - LN2_HIGH);

  /** Below it eˣ is subnormal. */
  private static final float EXP_UNDERFLOW = -87.3f;

  private static final float TWO_OVER_PI = (float) (2 / Math.PI);
  private static final float HALF_PI_HIGH = (float) (Math.PI / 2);
  private static final float HALF_PI_MIDDLE = (float) (Math.PI / 2 - HALF_PI_HIGH);
  private static final float HALF_PI_LOW =
      (float) (Math.PI / 2 - HALF_PI_HIGH - (double) HALF_PI_MIDDLE);

  /** Up to it the argument reduction of sine and cosine loses nothing. */
  static final float TRIGONOMETRIC_LIMIT = 0x1p18f;

  private static final float HALF_LN2 = (float) (0.5 * Math.log(2));
  private static final float[] EXP =
      Polynomial.rounded(
          Polynomial.onUnitInterval(Math::exp, -0.5 * Math.log(2), 0.5 * Math.log(2), 6));
  private static final float[] LOG1P =
      Polynomial.rounded(Polynomial.onUnitInterval(u -> u == 0 ? 1 : Math.log1p(u) / u, 0, 1, 10));
  private static final float TANH_LIMIT = 0.55f;
  private static final float[] TANH =
      Polynomial.rounded(
          Polynomial.onUnitInterval(
              s -> Math.tanh(Math.sqrt(s)) / Math.sqrt(s), 0, TANH_LIMIT * TANH_LIMIT, 5));
  private static final float[] ERF =
      Polynomial.rounded(
          Polynomial.onUnitInterval(s -> Erf.value(Math.sqrt(s)) / Math.sqrt(s), 0, 1, 7));
  private static final float ERFCX_CENTRE = 3.75f;
  private static final float ERFC_UNDERFLOW = 9.4f;
  private static final float[] ERFCX =
      Polynomial.rounded(
          Polynomial.onUnitInterval(
              t -> t >= 1 ? 0 : Erfcx.value(ERFCX_CENTRE * (1 + t) / (1 - t)), -1, 1, 12));
  private static final double QUARTER_PI_SQUARED = Math.PI * Math.PI / 16;
  private static final float[] SINE =
      Polynomial.rounded(
          Polynomial.onUnitInterval(
              s -> Math.sin(Math.sqrt(s)) / Math.sqrt(s), 0, QUARTER_PI_SQUARED, 4));
  private static final float[] COSINE =
      Polynomial.rounded(
          Polynomial.onUnitInterval(s -> Math.cos(Math.sqrt(s)), 0, QUARTER_PI_SQUARED, 5));

  private FloatMath() {}

  static FloatVector constant(double value) {
    return FloatVector.broadcast(SPECIES, (float) value);
  }

  private static FloatVector horner(float[] coefficients, FloatVector t) {
    FloatVector sum = FloatVector.broadcast(SPECIES, coefficients[coefficients.length - 1]);
    for (int k = coefficients.length - 2; k >= 0; k--) {
      sum = sum.fma(t, FloatVector.broadcast(SPECIES, coefficients[k]));
    }
    return sum;
  }

  /** eˣ for x ≤ 0; zero where it would be subnormal. */
  static FloatVector expOfNegative(FloatVector x) {
    FloatVector bounded = x.max(EXP_UNDERFLOW);
    FloatVector shifted = bounded.fma(constant(LOG2_E), constant(ROUND));
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = n.fma(constant(-LN2_HIGH), bounded);
    r = n.fma(constant(-LN2_LOW), r);
    FloatVector mantissa = horner(EXP, r.mul(1 / HALF_LN2));
    FloatVector scaled =
        mantissa
            .reinterpretAsInts()
            .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS))
            .reinterpretAsFloats();
    // Elsewhere zero, or the NaN, whose payload would have been shifted into its exponent.
    return bounded.sub(bounded).blend(scaled, x.compare(VectorOperators.GE, EXP_UNDERFLOW));
  }

  /** |x|, at most where exp(−x²) is zero, so that squares do not overflow. */
  static FloatVector magnitude(FloatVector x) {
    return x.abs().min(ERFC_UNDERFLOW);
  }

  /** exp(−a²) of a {@link #magnitude}, with the rounding error of the square made good. */
  static FloatVector expOfMinusSquare(FloatVector a) {
    FloatVector square = a.mul(a);
    FloatVector lost = a.fma(a, square.neg());
    FloatVector e = expOfNegative(square.neg());
    return e.sub(e.mul(lost));
  }

  /** log(1 + u) for 0 ≤ u ≤ 1. */
  static FloatVector log1pOfUnit(FloatVector u) {
    return u.mul(horner(LOG1P, u.fma(constant(2), constant(-1))));
  }

  /** tanh x, given u = exp(−2|x|). */
  static FloatVector tanh(FloatVector x, FloatVector u) {
    FloatVector s = x.mul(x);
    FloatVector small =
        x.mul(horner(TANH, s.fma(constant(2 / (TANH_LIMIT * TANH_LIMIT)), constant(-1))));
    FloatVector large = withSignOf(x, constant(1).sub(u).div(u.add(1)));
    return small.blend(large, x.abs().compare(VectorOperators.GT, TANH_LIMIT));
  }

  /** erf x, given a = |x|, as {@link #magnitude}, and e = exp(−a²). */
  static FloatVector erf(FloatVector x, FloatVector a, FloatVector e) {
    FloatVector s = x.mul(x);
    FloatVector small = x.mul(horner(ERF, s.fma(constant(2), constant(-1))));
    FloatVector large = withSignOf(x, constant(1).sub(erfc(a, e)));
    return small.blend(large, a.compare(VectorOperators.GT, 1));
  }

  /**
   * erfc of a {@link #magnitude} a, given e = exp(−a²): e times a polynomial in (a − c)/(a + c).
   */
  static FloatVector erfc(FloatVector a, FloatVector e) {
    FloatVector t = a.sub(ERFCX_CENTRE).div(a.add(ERFCX_CENTRE));
    return e.mul(horner(ERFCX, t));
  }

  /** The remainder r of x = k π/2 + r, |r| ≤ π/4, and by its bits the quadrant k mod 4. */
  static FloatVector quadrantShift(FloatVector x) {
    return x.fma(constant(TWO_OVER_PI), constant(ROUND));
  }

  /** x − k π/2, for the shift of {@link #quadrantShift}. */
  static FloatVector quadrantRemainder(FloatVector x, FloatVector shifted) {
    FloatVector k = shifted.sub(ROUND);
    FloatVector r = k.fma(constant(-HALF_PI_HIGH), x);
    r = k.fma(constant(-HALF_PI_MIDDLE), r);
    return k.fma(constant(-HALF_PI_LOW), r);
  }

  /** r² for |r| ≤ π/4, as the polynomials take it. */
  static FloatVector unitSquare(FloatVector r) {
    return r.mul(r).fma(constant(2 / QUARTER_PI_SQUARED), constant(-1));
  }

  /** sin r, given the {@link #unitSquare} of r. */
  static FloatVector sineOfRemainder(FloatVector r, FloatVector square) {
    return r.mul(horner(SINE, square));
  }

  /** cos r, given the {@link #unitSquare} of r. */
  static FloatVector cosineOfRemainder(FloatVector square) {
    return horner(COSINE, square);
  }

  /** The bits that turn sin r into cos r and back, where the quadrant k is odd. */
  static IntVector exchange(IntVector k, FloatVector sine, FloatVector cosine) {
    return sine.reinterpretAsInts()
        .lanewise(VectorOperators.XOR, cosine.reinterpretAsInts())
        .and(k.and(1).neg());
  }

  /** sin(r + k π/2) from sin r and what exchanges it; cos(r + k π/2) from cos r and k + 1. */
  static FloatVector inQuadrant(IntVector k, FloatVector value, IntVector exchange) {
    IntVector sign = k.and(2).lanewise(VectorOperators.LSHL, 30);
    return value
        .reinterpretAsInts()
        .lanewise(VectorOperators.XOR, exchange)
        .lanewise(VectorOperators.XOR, sign)
        .reinterpretAsFloats();
  }

  /** Where |x| is beyond {@link #TRIGONOMETRIC_LIMIT}. */
  static VectorMask<Float> beyondTrigonometricLimit(FloatVector x) {
    return x.abs().compare(VectorOperators.GT, TRIGONOMETRIC_LIMIT);
  }

  private static FloatVector withSignOf(FloatVector x, FloatVector magnitude) {
    IntVector sign = x.reinterpretAsInts().and(Integer.MIN_VALUE);
    return magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
  }
}
