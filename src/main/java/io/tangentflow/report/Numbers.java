package io.tangentflow.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;

/**
 * Numbers as people read them, the same on plots, in tables and in sentences: {@code 0.0123},
 * {@code 1.23×10⁻⁷}, {@code 0.512 ± 0.012}, with a true minus sign.
 */
public final class Numbers {

  private static final RoundingMode ROUNDING = RoundingMode.HALF_EVEN;

  private Numbers() {}

  /** A time for people: seconds, then minutes and seconds, then hours and minutes. */
  public static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (whole < 60) {
      return whole + " s";
    }
    return whole < 3600
        ? String.format("%d min %02d s", whole / 60, whole % 60)
        : String.format("%d h %02d min", whole / 3600, whole % 3600 / 60);
  }

  /**
   * The value rounded to significant digits; with a power of ten where plain digits would be long
   * (below 10⁻⁴) or would claim more digits than asked (from 10^digits).
   *
   * @throws IllegalArgumentException if {@code digits} is less than one
   */
  public static String significant(double value, int digits) {
    if (digits < 1) {
      throw new IllegalArgumentException("significant digits must be at least 1, not " + digits);
    }
    if (value == 0 || !Double.isFinite(value)) {
      return special(value);
    }
    BigDecimal rounded = BigDecimal.valueOf(value).round(new MathContext(digits, ROUNDING));
    int exponent = exponent(rounded);
    return exponent < -4 || exponent >= digits
        ? mantissa(rounded, exponent, digits - 1) + powerOfTen(exponent)
        : fixed(rounded, digits - 1 - exponent);
  }

  /** The fewest digits that identify the value: {@code 64}, {@code 0.25}, {@code 1.5×10⁻⁹}. */
  public static String shortest(double value) {
    if (value == 0 || !Double.isFinite(value)) {
      return special(value);
    }
    BigDecimal exact = BigDecimal.valueOf(value).stripTrailingZeros();
    int exponent = exponent(exact);
    return exponent < -4 || exponent > 6
        ? mantissa(exact, exponent, exact.precision() - 1) + powerOfTen(exponent)
        : fixed(exact, Math.max(0, exact.scale()));
  }

  /**
   * {@code value ± error}, the error rounded by the rule of the Particle Data Group (two digits if
   * its first three are at most 354, else one) and the value to the same place. An error of zero or
   * one that is not finite is shown as such beside four digits of the value.
   *
   * @throws IllegalArgumentException if {@code error} is negative
   */
  public static String withError(double value, double error) {
    if (error < 0) {
      throw new IllegalArgumentException("an error must not be negative: " + error);
    }
    if (error == 0 || !Double.isFinite(error) || !Double.isFinite(value)) {
      return significant(value, 4)
          + " ± "
          + (Double.isFinite(error) && error != 0 ? significant(error, 2) : special(error));
    }
    BigDecimal threeDigits = BigDecimal.valueOf(error).round(new MathContext(3, ROUNDING));
    int errorExponent = exponent(threeDigits);
    boolean two = threeDigits.movePointRight(2 - errorExponent).intValueExact() <= 354;
    int place = two ? errorExponent - 1 : errorExponent;
    BigDecimal v = BigDecimal.valueOf(value).setScale(-place, ROUNDING);
    BigDecimal e = BigDecimal.valueOf(error).setScale(-place, ROUNDING);
    int exponent = exponent(v.abs().max(e));
    return exponent < -4 || exponent > 5 || place > 0
        ? "("
            + mantissa(v, exponent, exponent - place)
            + " ± "
            + mantissa(e, exponent, exponent - place)
            + ")"
            + powerOfTen(exponent)
        : fixed(v, -place) + " ± " + fixed(e, -place);
  }

  /** Labels for multiples of one step, alike in decimals and power of ten. */
  static List<String> alike(List<BigDecimal> values) {
    BigDecimal greatest =
        values.stream().map(BigDecimal::abs).reduce(BigDecimal::max).orElseThrow();
    int exponent = greatest.signum() == 0 ? 0 : exponent(greatest);
    int shift = exponent < -3 || exponent > 5 ? exponent : 0;
    int decimals =
        values.stream()
            .mapToInt(v -> v.movePointLeft(shift).stripTrailingZeros().scale())
            .max()
            .orElseThrow();
    return values.stream()
        .map(
            v ->
                v.signum() == 0
                    ? "0"
                    : mantissa(v, shift, Math.max(0, decimals))
                        + (shift == 0 ? "" : powerOfTen(shift)))
        .toList();
  }

  /** A digit times a power of ten: {@code 10⁻⁵}, {@code 2×10⁷}. */
  static String scientific(int digit, int exponent) {
    return digit == 1 ? powerOfTen(exponent).substring(1) : digit + powerOfTen(exponent);
  }

  private static String special(double value) {
    return value == 0 ? "0" : Double.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  }

  private static int exponent(BigDecimal nonZero) {
    return nonZero.precision() - nonZero.scale() - 1;
  }

  private static String mantissa(BigDecimal value, int exponent, int decimals) {
    return fixed(value.movePointLeft(exponent), decimals);
  }

  private static String fixed(BigDecimal value, int decimals) {
    return value.setScale(decimals, ROUNDING).toPlainString().replace('-', '−');
  }

  private static String powerOfTen(int exponent) {
    StringBuilder text = new StringBuilder("×10");
    for (char c : Integer.toString(exponent).toCharArray()) {
      text.append(c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(c - '0'));
    }
    return text.toString();
  }
}
