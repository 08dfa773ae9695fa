package io.tangentflow.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.report.Axis.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class TicksTest {

  private static final int TRIALS = 20_000;

  @Test
  void linearAxesHaveThreeToEightMarksWhateverTheRange() {
    SplittableRandom random = new SplittableRandom(1);
    for (int trial = 0; trial < TRIALS; trial++) {
      double size = Math.pow(10, random.nextDouble(-20, 20));
      double low = size * random.nextDouble(-1, 1);
      double high = low + size * Math.pow(10, random.nextDouble(-6, 1));
      assertSound(new Scale(Kind.LINEAR, low, high, 300, 0), 8);
    }
  }

  @Test
  void logarithmicAxesHaveThreeToNineMarksWhateverTheRange() {
    SplittableRandom random = new SplittableRandom(2);
    for (int trial = 0; trial < TRIALS; trial++) {
      double low = Math.pow(10, random.nextDouble(-250, 250));
      double high = low * (1 + Math.pow(10, random.nextDouble(-5, 40)));
      assertSound(new Scale(Kind.LOG, low, high, 50, 450), 9);
    }
  }

  @Test
  void marksAreRound() {
    assertEquals(List.of("0", "20", "40", "60", "80", "100"), Ticks.linear(-3, 103).labels());
    assertEquals(List.of("0.05", "0.10", "0.15", "0.20"), Ticks.linear(0.04, 0.22).labels());
    assertEquals(List.of("0.01", "0.1", "1"), Ticks.log(0.006, 2).labels());
    assertEquals(List.of("0.05", "0.1", "0.2", "0.5"), Ticks.log(0.03, 0.6).labels());
    assertEquals(List.of("10⁻⁷", "10⁻⁶", "10⁻⁵"), Ticks.log(5e-8, 3e-5).labels());
    assertEquals(3 * 8, Ticks.log(0.1, 100).minors().size());
  }

  @Test
  void marksAtDataAreTheDataInOrder() {
    assertEquals(List.of("64", "128", "256"), Ticks.at(DoubleStream.of(128, 64, 256, 64)).labels());
    assertEquals(List.of("0.1", "0.3"), Ticks.at(DoubleStream.of(0.1, 3 * 0.1)).labels());
  }

  private static void assertSound(Scale scale, int most) {
    Ticks ticks = Ticks.round(scale);
    String what = scale + ": " + ticks;
    assertTrue(ticks.majors().size() >= 3 && ticks.majors().size() <= most, what);
    assertEquals(ticks.majors().size(), ticks.labels().size(), what);
    assertEquals(ticks.labels().size(), new HashSet<>(ticks.labels()).size(), what);
    double sign = Math.signum(scale.end() - scale.start());
    double previous = Double.NEGATIVE_INFINITY;
    for (double value : ticks.majors()) {
      assertTrue(value >= scale.low() && value <= scale.high(), what);
      double pixel = sign * scale.pixel(value);
      assertTrue(pixel > previous, what);
      previous = pixel;
    }
    for (double value : ticks.minors()) {
      assertTrue(value >= scale.low() && value <= scale.high(), what);
      assertTrue(!ticks.majors().contains(value), what);
    }
  }
}
