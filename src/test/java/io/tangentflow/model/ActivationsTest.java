package io.tangentflow.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ActivationsTest {

  static Stream<Activation> activations() {
    return Stream.concat(
        Activations.forms().stream().map(Activations.Form::example),
        Stream.of(
                "leaky-relu:0",
                "leaky-relu:1",
                "leaky-relu:-0",
                "leaky-relu:-2.5",
                "leaky-relu:1e-9",
                "monomial:1",
                "monomial:2",
                "monomial:7",
                "polynomial:1:-2",
                "polynomial:0.1:0:-3",
                "polynomial:0:0:2:0:0",
                "polynomial:1e-3:-1:0.5:0.25")
            .map(Activations::named));
  }

  @ParameterizedTest
  @MethodSource("activations")
  void labelsAreNamesOfTheSameActivationInAnyCaseAndWithoutCommas(Activation phi) {
    assertEquals(phi, Activations.named(phi.label()));
    assertEquals(phi, Activations.named(phi.label().toUpperCase(Locale.ROOT)));
    assertFalse(phi.label().contains(","), phi.label());
  }

  /** φ at −1.5 and 2, computed by hand. */
  @ParameterizedTest
  @CsvSource({
    "abs, 1.5, 2",
    "cosine, 0.0707372016677029, -0.4161468365471424",
    "gaussian, 0.32465246735834974, 0.1353352832366127",
    "exponential, 0.22313016014842982, 7.38905609893065",
    "sigmoid, 0.18242552380635635, 0.8807970779778824",
    "leaky-relu, -0.015, 2",
    "leaky-relu:0.25, -0.375, 2",
    "monomial:3, -3.375, 8",
    "polynomial:1:0:-2:0.5, -5.1875, -3",
    "softplus, 0.20141327798275246, 2.1269280110429727"
  })
  void aNameStandsForItsFunction(String name, double left, double right) {
    Activation phi = Activations.named(name);
    assertEquals(left, phi.value(-1.5), 2e-16);
    assertEquals(right, phi.value(2), 1e-15 * Math.abs(right));
  }

  /** Central differences with h = 2⁻¹⁷: truncation h²|φ'''|/6 and rounding u|φ|/h. */
  @ParameterizedTest
  @MethodSource("activations")
  void derivativesAgreeWithCentralDifferences(Activation phi) {
    double h = 0x1p-17;
    for (int i = -600; i < 600; i++) {
      double x = (i + 0.5) / 200;
      double difference = (phi.value(x + h) - phi.value(x - h)) / (2 * h);
      // |x| ≤ 3, where (x⁷)''' = 210 x⁴ = 17010.
      double bound = phi.label().equals("monomial:7") ? 2e-7 : 1e-8;
      assertEquals(difference, phi.derivative(x), bound, phi.label() + " at " + x);
    }
  }

  /** On |x| ≤ 20, by steps that miss a maximum by less than 1e-6. */
  @ParameterizedTest
  @MethodSource("activations")
  void lipschitzConstantsAreTheSupremaOfTheSlopes(Activation phi) {
    checkSupremum(phi, phi.lipschitz(), phi::derivative);
    if (phi.smooth()) {
      double h = 0x1p-14;
      checkSupremum(
          phi,
          phi.derivativeLipschitz(),
          x -> (phi.derivative(x + h) - phi.derivative(x - h)) / (2 * h));
    } else {
      assertTrue(phi.derivativeLipschitz().isEmpty());
    }
  }

  private static void checkSupremum(
      Activation phi, OptionalDouble constant, DoubleUnaryOperator slope) {
    double supremum = 0;
    double within = 0;
    for (int i = -100_000; i <= 100_000; i++) {
      double x = i * 2e-4;
      double size = Math.abs(slope.applyAsDouble(x));
      supremum = Math.max(supremum, size);
      within = Math.max(within, Math.abs(x) <= 10 ? size : 0);
    }
    if (constant.isPresent()) {
      assertEquals(constant.getAsDouble(), supremum, 1e-6, phi.label());
    } else {
      assertTrue(supremum > 1.9 * within, phi.label() + ": no bound where there seems to be one");
    }
  }

  /** Second differences at 0 over h are the jump of φ' for a kink, and h φ'' for others. */
  @ParameterizedTest
  @MethodSource("activations")
  void thoseWithAKinkSaySo(Activation phi) {
    double h = 1e-6;
    double jump = (phi.value(h) - 2 * phi.value(0) + phi.value(-h)) / h;
    assertEquals(phi.smooth(), Math.abs(jump) < 1e-4, phi.label());
    assertEquals(phi.derivative(-1e-12), phi.derivative(0), 1e-11, "the left derivative");
  }

  /** The ninth difference of a polynomial of degree at most eight vanishes. */
  @ParameterizedTest
  @MethodSource("activations")
  void onlyPolynomialsCallThemselvesSo(Activation phi) {
    double difference = 0;
    double sizes = 0;
    double binomial = 1;
    for (int k = 0; k <= 9; k++) {
      double term = (k % 2 == 0 ? 1 : -1) * binomial * phi.value(0.75 * k - 3.3);
      difference += term;
      sizes += Math.abs(term);
      binomial *= (9.0 - k) / (k + 1);
    }
    // The slope 1e-9 of a leaky ReLU is no matter here: its kink is one.
    assertEquals(phi.polynomial(), Math.abs(difference) < 1e-13 * sizes, phi.label());
  }

  @ParameterizedTest
  @MethodSource("activations")
  void notANumberStaysNotANumber(Activation phi) {
    assertTrue(Double.isNaN(phi.value(Double.NaN)), phi.label());
    assertTrue(Double.isNaN(phi.derivative(Double.NaN)), phi.label());
  }

  @ParameterizedTest
  @CsvSource({
    "swish2, there is no activation 'swish2'; known are softplus",
    "'', there is no activation ''",
    "tanh:2, there is no activation 'tanh:2'",
    "leaky-relu:, '' is not a finite number",
    "leaky-relu:Infinity, not a finite number",
    "leaky-relu:1:2, one slope",
    "monomial, needs its whole power",
    "monomial:2.5, needs its whole power",
    "monomial:0, 'from 1 to 64, not 0'",
    "monomial:65, 'from 1 to 64, not 65'",
    "monomial:-3, 'from 1 to 64, not -3'",
    "polynomial, needs its coefficients",
    "polynomial:5, 'from 1 to 64, not 0'",
    "polynomial:0:0, 'from 1 to 64, not 0'",
    "polynomial:1:x, 'x' is not a finite number",
    "polynomial:1::2, '' is not a finite number"
  })
  void whatIsNoNameIsRefusedInOneSentence(String name, String words) {
    InvalidConfiguration refusal =
        assertThrows(InvalidConfiguration.class, () -> Activations.named(name));
    assertTrue(refusal.getMessage().startsWith("--activation: "), refusal.getMessage());
    assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
  }

  @Test
  void everyFormIsNamedByItsSyntax() {
    for (Activations.Form form : Activations.forms()) {
      String first = form.syntax().replaceFirst(":.*", "");
      assertTrue(form.example().label().startsWith(first), form.syntax());
      assertEquals(form.family(), form.example().label().contains(":"), form.syntax());
    }
    List<Activation> all = Activations.forms().stream().map(Activations.Form::example).toList();
    assertTrue(all.containsAll(List.of(StandardActivation.values())));
    assertTrue(all.containsAll(List.of(PlainActivation.values())));
  }
}
