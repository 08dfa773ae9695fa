package io.tangentflow.experiment.timing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.Backends;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.check.Runs;
import io.tangentflow.experiment.timing.ScalingLaw.Quantity;
import io.tangentflow.model.NeuralOde;
import io.tangentflow.model.StandardActivation;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScalingTest {

  private static final NeuralOde MODEL = new NeuralOde(3, 8, StandardActivation.TANH);
  private static final ScalingJob.Size BASE = new ScalingJob.Size(16, 4, 3, 0, 1);

  /** Times and bytes of a power exactly have its exponent, with no interval about it. */
  @Test
  void theExponentsOfPowersAreFound() {
    List<ScalingPoint> points = new ArrayList<>();
    for (int n : new int[] {2, 4, 8, 16}) {
      Runs runs = new Runs(List.of(3.0 * n * n * n, 5.0 * n * n * n));
      points.add(new ScalingPoint(n, runs, 7.0 * n * n, 8L * n, 4.0 * n));
    }
    ScalingLaw law = new ScalingLaw(ScalingJob.GRADIENT, ScalingAxis.WIDTH, points);
    assertEquals(3, law.fit(Quantity.TIME).orElseThrow().slope(), 1e-12);
    assertEquals(3, law.fit(Quantity.TIME).orElseThrow().high(), 1e-6);
    assertEquals(1, law.fit(Quantity.MEMORY).orElseThrow().slope(), 1e-12);
    assertEquals(2, law.countedExponent(Quantity.TIME), 1e-12);
    assertEquals(1, law.countedExponent(Quantity.MEMORY), 1e-12);
    assertEquals(2, law.leadingExponent(Quantity.TIME));
    ObjectNode node = new ObjectMapper().createObjectNode();
    law.describe(node);
    assertEquals(3, node.at("/time/measured/slope").asDouble(), 1e-12);
    assertEquals(2, node.at("/time/counted").asDouble(), 1e-12);
    assertEquals(4, node.get("points").size());
    assertEquals(24, node.at("/points/0/seconds").asDouble());
  }

  /** FLOPs of the gradient are one product of powers; what it holds is what is counted. */
  @Test
  void theGradientIsCountedExactly() {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP32, 1))) {
      for (ScalingAxis axis : ScalingAxis.values()) {
        ScalingLaw law =
            Scaling.along(
                axis,
                List.of(4, 8, 16),
                ScalingJob.GRADIENT,
                MODEL,
                BASE,
                1,
                backend,
                8 << 20,
                () -> {});
        assertEquals(
            law.leadingExponent(Quantity.TIME),
            law.countedExponent(Quantity.TIME),
            1e-12,
            axis.key());
        for (ScalingPoint point : law.points()) {
          assertEquals(point.bytes(), (double) point.peakBytes(), axis.key());
        }
      }
    }
  }

  /** Where Q grows the Gram's n N² Q² FLOPs outgrow the solves'; memory is planned for. */
  @Test
  void theTangentKernelStaysWithinItsPlan() {
    try (Backend backend = Backends.open("cpu-vector", new BackendOptions(Precision.FP64, 1))) {
      for (ScalingAxis axis : ScalingAxis.values()) {
        int[] told = new int[1];
        ScalingJob.Size base =
            axis == ScalingAxis.NODES ? new ScalingJob.Size(16, 4, 32, 0, 1) : BASE;
        ScalingLaw law =
            Scaling.along(
                axis,
                List.of(4, 8, 16),
                ScalingJob.NTK,
                MODEL,
                base,
                1,
                backend,
                8 << 20,
                () -> told[0]++);
        assertEquals(3, told[0]);
        double exponent = law.countedExponent(Quantity.TIME);
        assertTrue(exponent > 0 && exponent <= 2 + 1e-12, axis.key() + " " + exponent);
        for (ScalingPoint point : law.points()) {
          assertTrue(point.peakBytes() > 0 && point.peakBytes() <= point.bytes(), axis.key());
        }
      }
    }
  }
}
