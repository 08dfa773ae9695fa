package io.tangentflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class NumbersTest {

  @Test
  void significantDigitsAreKeptAndNotExceeded() {
    assertEquals("0.0123", Numbers.significant(0.012345, 3));
    assertEquals("1.00", Numbers.significant(0.9999, 3));
    assertEquals("0.500", Numbers.significant(0.5, 3));
    assertEquals("−12.3", Numbers.significant(-12.345, 3));
    assertEquals("1.23×10³", Numbers.significant(1234.5, 3));
    assertEquals("1.2×10⁻⁷", Numbers.significant(1.23e-7, 2));
    assertEquals("5×10⁻³²⁴", Numbers.significant(Double.MIN_VALUE, 1));
  }

  @Test
  void timesAreForPeople() {
    assertEquals("0 s", Numbers.duration(0.2));
    assertEquals("59 s", Numbers.duration(59.4));
    assertEquals("1 min 00 s", Numbers.duration(59.6));
    assertEquals("59 min 59 s", Numbers.duration(3599.4));
    assertEquals("1 h 00 min", Numbers.duration(3599.6));
    assertEquals("26 h 05 min", Numbers.duration(26 * 3600 + 5 * 60 + 59));
  }

  @Test
  void valuesThatAreNoNumbersHaveTheirSigns() {
    assertEquals("0", Numbers.significant(-0.0, 3));
    assertEquals("NaN", Numbers.significant(Double.NaN, 3));
    assertEquals("−∞", Numbers.shortest(Double.NEGATIVE_INFINITY));
    assertThrows(IllegalArgumentException.class, () -> Numbers.significant(1, 0));
  }

  @Test
  void theErrorDecidesTheDigitsOfItsValue() {
    assertEquals("0.512 ± 0.012", Numbers.withError(0.5123, 0.0123));
    assertEquals("0.51 ± 0.04", Numbers.withError(0.5123, 0.0431));
    assertEquals("0.5 ± 1.0", Numbers.withError(0.5123, 0.96));
    assertEquals("−0.503 ± 0.019", Numbers.withError(-0.5031, 0.0192));
    assertEquals("(1.23 ± 0.10)×10³", Numbers.withError(1234, 100));
    assertEquals("(5.12 ± 0.12)×10⁻⁷", Numbers.withError(5.123e-7, 0.1234e-7));
    assertEquals("0.000 ± 0.012", Numbers.withError(0, 0.0123));
    assertEquals("12.3 ± 3.5", Numbers.withError(12.3, 3.54));
    assertEquals("12 ± 4", Numbers.withError(12.3, 3.55));
  }

  @Test
  void anErrorThatIsNotKnownIsShownAsSuch() {
    assertEquals("0.5123 ± NaN", Numbers.withError(0.51234, Double.NaN));
    assertEquals("0.5123 ± 0", Numbers.withError(0.51234, 0));
    assertEquals("NaN ± 0.10", Numbers.withError(Double.NaN, 0.1));
    assertThrows(IllegalArgumentException.class, () -> Numbers.withError(1, -1));
  }

  @Test
  void shortestIdentifiesTheValue() {
    assertEquals("64", Numbers.shortest(64));
    assertEquals("4096", Numbers.shortest(4096));
    assertEquals("0.25", Numbers.shortest(0.25));
    assertEquals("1.5×10⁻⁹", Numbers.shortest(1.5e-9));
    assertEquals("1×10⁷", Numbers.shortest(1e7));
  }

  @Test
  void labelsOfOneAxisAreAlike() {
    assertEquals(
        List.of("−0.5", "0", "0.5", "1.0"),
        Numbers.alike(
            List.of(
                new BigDecimal("-0.5"),
                new BigDecimal("0.0"),
                new BigDecimal("0.5"),
                new BigDecimal("1.0"))));
    assertEquals(
        List.of("0", "2×10⁻⁵", "4×10⁻⁵"),
        Numbers.alike(List.of(BigDecimal.ZERO, new BigDecimal("2E-5"), new BigDecimal("4E-5"))));
  }

  @Test
  void theLocaleDoesNotMatter() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
      assertEquals("0.512 ± 0.012", Numbers.withError(0.5123, 0.0123));
      assertEquals("1.25", SvgTag.pixels(1.25));
    } finally {
      Locale.setDefault(before);
    }
  }
}
