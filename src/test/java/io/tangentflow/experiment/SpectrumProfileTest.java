package io.tangentflow.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class SpectrumProfileTest {

  @Test
  void equalEigenvaluesHaveTheirNumberAsEffectiveRank() {
    double[] equal = new double[7];
    Arrays.fill(equal, 0.3);
    SpectrumProfile identity = new SpectrumProfile(equal, 1e-15);
    assertEquals(7, identity.effectiveRank(), 1e-14);
    assertEquals(1, identity.conditionNumber().orElseThrow());
    SpectrumProfile one = new SpectrumProfile(new double[] {0, 0, 5}, 1e-15);
    assertEquals(1, one.effectiveRank(), 1e-15);
    assertEquals(1, one.numericalRank());
    assertEquals(OptionalDouble.empty(), one.conditionNumber());
    assertEquals(0, new SpectrumProfile(new double[2], 0).effectiveRank());
  }

  /** λ_k = r^k: H = −log(1 − r) − r log r/(1 − r) of the geometric law. */
  @Test
  void geometricEigenvaluesHaveTheEntropyOfTheGeometricLaw() {
    double r = 0.5;
    double[] values = new double[60];
    Arrays.setAll(values, k -> Math.pow(r, values.length - 1 - k));
    SpectrumProfile profile = new SpectrumProfile(values, 1e-30);
    double entropy = -Math.log(1 - r) - r * Math.log(r) / (1 - r);
    assertEquals(Math.exp(entropy), profile.effectiveRank(), 1e-13);
    assertEquals(Math.pow(2, 59), profile.conditionNumber().orElseThrow());
  }

  /** Negative ones count by magnitude where magnitudes are asked for, and never as positive. */
  @Test
  void plotsHoldWhatTheySay() {
    SpectrumProfile profile =
        new SpectrumProfile(new double[] {-2, 1e-9, 0.02, 1.2, 1.3, 90}, 1e-6);
    assertEquals(5, profile.numericalRank());
    Plot decay = profile.decay("K");
    assertEquals(
        List.of(90.0, 2.0, 1.3, 1.2, 0.02, 1e-9),
        decay.series().get(0).points().stream().map(Point::y).toList());
    assertEquals(1e-6, decay.references().get(0).y());
    List<Point> outline = profile.histogram("K").series().get(0).points();
    double area = 0;
    for (int i = 1; i + 1 < outline.size(); i += 2) {
      double width = Math.log10(outline.get(i + 1).x() / outline.get(i).x());
      assertEquals(0.25, width, 1e-12);
      area += outline.get(i).y();
    }
    assertEquals(4, area);
    assertTrue(outline.get(0).x() <= 0.02 && outline.get(outline.size() - 1).x() > 90);
    SpectrumProfile none = new SpectrumProfile(new double[] {-1, 1e-9}, 1e-6);
    assertThrows(InvalidConfiguration.class, () -> none.histogram("K"));
  }
}
