package io.tangentflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.report.Axis.Kind;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class ScaleTest {

  @Test
  void everyValueThatHasAPlaceIsStrictlyInside() {
    double[][] sets = {
      {1, 2, 3}, {5}, {0}, {-3, -3}, {1e300, -1e300}, {Double.MIN_VALUE, 1e300}, {1e-300}, {}
    };
    for (double[] values : sets) {
      for (Kind kind : Kind.values()) {
        Scale scale = Scale.covering(kind, DoubleStream.of(values), 0, 100);
        assertTrue(scale.low() < scale.high(), scale.toString());
        assertTrue(Double.isFinite(scale.high() - scale.low()), scale.toString());
        for (double value : values) {
          if (scale.holds(value)) {
            double pixel = scale.pixel(value);
            assertTrue(pixel >= 0 && pixel <= 100, scale + " at " + value);
          }
        }
      }
    }
  }

  @Test
  void equalValuesLieInTheMiddle() {
    for (Kind kind : Kind.values()) {
      assertEquals(50, Scale.covering(kind, DoubleStream.of(7, 7), 0, 100).pixel(7), 1e-9);
    }
  }

  @Test
  void whatHasNoPlaceDoesNotMoveTheRange() {
    DoubleStream values = DoubleStream.of(1, 10, 0, -5, Double.NaN, Double.POSITIVE_INFINITY);
    Scale scale = Scale.covering(Kind.LOG, values, 0, 100);
    assertEquals(Math.pow(10, -0.05), scale.low(), 1e-12);
    assertEquals(Math.pow(10, 1.05), scale.high(), 1e-12);
    assertEquals(0, scale.pixelOrEdge(-5));
    assertEquals(100, scale.pixelOrEdge(Double.POSITIVE_INFINITY));
  }
}
