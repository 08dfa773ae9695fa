package io.tangentflow.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StandardActivationTest {

  private static final double[] POINTS = {-30, -5, -1, -0.125, 0, 0.5, 2, 12};

  /** φ and φ' at {@link #POINTS}, computed with 40 digits from the textbook formulas by mpmath. */
  private static final Map<StandardActivation, double[][]> KNOWN =
      Map.of(
          StandardActivation.SOFTPLUS,
          new double[][] {
            {9.357622968839737e-14, 9.357622968839299e-14},
            {0.006715348489118068, 0.0066928509242848554},
            {0.3132616875182228, 0.2689414213699951},
            {0.6325990353171691, 0.46879062662624377},
            {0.6931471805599453, 0.5},
            {0.9740769841801067, 0.6224593312018546},
            {2.1269280110429727, 0.8807970779778824},
            {12.000006144193478, 0.9999938558253978}
          },
          StandardActivation.GELU,
          new double[][] {
            {-1.472014178144456e-196, -4.416031690708495e-195},
            {-1.4332578593959695e-06, -7.146946001792295e-06},
            {-0.15865525393145705, -0.0833154705876863},
            {-0.056282721896235885, 0.4007820643017934},
            {0.0, 0.5},
            {0.34573123063700656, 0.8674951246561629},
            {1.9544997361036416, 1.085231801078197},
            {12.0, 1.0}
          },
          StandardActivation.SILU,
          new double[][] {
            {-2.8072868906517896e-12, -2.713710660963134e-12},
            {-0.03346425462142428, -0.02654743242966592},
            {-0.2689414213699951, 0.07232948812851327},
            {-0.05859882832828047, 0.4376623797495416},
            {0.0, 0.5},
            {0.3112296656009273, 0.7399611873026518},
            {1.7615941559557649, 1.0907842487848955},
            {11.999926269904773, 1.0000675854676138}
          },
          StandardActivation.TANH,
          new double[][] {
            {-1.0, 3.502604305078608e-26},
            {-0.9999092042625951, 0.0001815832309438067},
            {-0.7615941559557649, 0.4199743416140261},
            {-0.12435300177159621, 0.9845363309503934},
            {0.0, 1.0},
            {0.46211715726000974, 0.7864477329659274},
            {0.9640275800758169, 0.07065082485316447},
            {0.9999999999244973, 1.510053817597626e-10}
          },
          StandardActivation.ERF,
          new double[][] {
            {-1.0, 0.0},
            {-0.9999999999984626, 1.5670866531017336e-11},
            {-0.8427007929497149, 0.4151074974205947},
            {-0.1403162048013338, 1.1108852695966625},
            {0.0, 1.1283791670955126},
            {0.5204998778130465, 0.8787825789354448},
            {0.9953222650189527, 0.020666985354092053},
            {1.0, 3.266251823898804e-63}
          },
          StandardActivation.SINE,
          new double[][] {
            {0.9880316240928618, 0.15425144988758405},
            {0.9589242746631385, 0.28366218546322625},
            {-0.8414709848078965, 0.5403023058681398},
            {-0.12467473338522769, 0.992197667229329},
            {0.0, 1.0},
            {0.479425538604203, 0.8775825618903728},
            {0.9092974268256817, -0.4161468365471424},
            {-0.5365729180004349, 0.8438539587324921}
          },
          StandardActivation.RELU,
          new double[][] {{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0.5, 1}, {2, 1}, {12, 1}},
          StandardActivation.QUADRATIC,
          new double[][] {
            {900, -60}, {25, -10}, {1, -2}, {0.015625, -0.25}, {0, 0}, {0.25, 1}, {4, 4}, {144, 24}
          },
          StandardActivation.IDENTITY,
          new double[][] {
            {-30, 1}, {-5, 1}, {-1, 1}, {-0.125, 1}, {0, 1}, {0.5, 1}, {2, 1}, {12, 1}
          });

  /** To four ulp, times x² in the tails where the exponent −x² is itself rounded. */
  @ParameterizedTest
  @EnumSource
  void valuesAndDerivativesAtSpecialPointsAreThoseOfAnotherProgram(StandardActivation phi) {
    double[][] known = KNOWN.get(phi);
    for (int i = 0; i < POINTS.length; i++) {
      double relative = 8 * 0x1p-53 * Math.max(1, POINTS[i] * POINTS[i]);
      assertEquals(known[i][0], phi.value(POINTS[i]), relative * Math.abs(known[i][0]));
      double slope = known[i][1];
      assertEquals(slope, phi.derivative(POINTS[i]), relative * Math.abs(slope) + 1e-300);
    }
  }

  /** Central differences with h = 6e-6: truncation h²|φ'''|/6 and rounding u|φ|/h, each 3e-11. */
  @ParameterizedTest
  @EnumSource
  void derivativesAgreeWithCentralDifferences(StandardActivation phi) {
    double h = 0x1p-17;
    for (int i = -4000; i <= 4000; i++) {
      double x = (i + 0.5) / 200;
      double difference = (phi.value(x + h) - phi.value(x - h)) / (2 * h);
      double bound = 1e-10 * Math.max(1, Math.abs(phi.value(x)));
      assertEquals(difference, phi.derivative(x), bound, phi + " at " + x);
    }
  }

  /** The grid of spacing 2e-4 misses a maximum by at most its square, 4e-8 |φ'''| / 8. */
  @ParameterizedTest
  @EnumSource
  void lipschitzConstantsAreTheSupremaOfTheSlopes(StandardActivation phi) {
    checkSupremum(phi.lipschitz(), phi::derivative);
    if (phi != StandardActivation.RELU) {
      double h = 0x1p-14;
      checkSupremum(
          phi.derivativeLipschitz(),
          x -> (phi.derivative(x + h) - phi.derivative(x - h)) / (2 * h));
    } else {
      assertTrue(phi.derivativeLipschitz().isEmpty());
    }
  }

  private static void checkSupremum(OptionalDouble constant, DoubleUnaryOperator slope) {
    double supremum = 0;
    for (int i = -100_000; i <= 100_000; i++) {
      supremum = Math.max(supremum, Math.abs(slope.applyAsDouble(i * 2e-4)));
    }
    if (constant.isPresent()) {
      assertEquals(constant.getAsDouble(), supremum, 1e-6);
    } else {
      assertTrue(supremum > 30, "no bound is stated where there is one: " + supremum);
    }
  }

  @ParameterizedTest
  @EnumSource
  void notANumberStaysNotANumberAndFiniteStaysDefined(StandardActivation phi) {
    assertTrue(Double.isNaN(phi.value(Double.NaN)));
    assertTrue(Double.isNaN(phi.derivative(Double.NaN)));
    for (double x :
        new double[] {1e150, -1e150, 1e300, -1e300, 750, -750, Double.MIN_VALUE, -0.0}) {
      assertTrue(!Double.isNaN(phi.value(x)), phi + " of " + x);
      assertTrue(Double.isFinite(phi.derivative(x)), phi + "' of " + x);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anActivationIsFoundByItsLabelInAnyCase(StandardActivation phi) {
    assertEquals(phi, Activations.named(phi.label()));
    assertEquals(phi, Activations.named(phi.name()));
  }

  @Test
  void onlyThePolynomialsCallThemselvesSo() {
    for (StandardActivation phi : StandardActivation.values()) {
      // The fifth difference of a polynomial of degree at most four vanishes.
      double difference = 0;
      double[] signs = {-1, 5, -10, 10, -5, 1};
      for (int k = 0; k < signs.length; k++) {
        difference += signs[k] * phi.value(k - 2.25);
      }
      assertEquals(phi.polynomial(), Math.abs(difference) < 1e-12, phi.label());
    }
  }

  @Test
  void anUnknownNameIsRefusedWithThoseThatAreKnown() {
    InvalidConfiguration refusal =
        assertThrows(InvalidConfiguration.class, () -> Activations.named("swish2"));
    assertTrue(refusal.getMessage().contains("--activation"), refusal.getMessage());
    assertTrue(refusal.getMessage().contains("softplus"), refusal.getMessage());
  }
}
