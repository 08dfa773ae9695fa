package io.tangentflow.experiment.paper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tangentflow.report.Point;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Intervals against closed forms, and quantiles as printed tables have them. */
class EstimateTest {

  /** Tables print quantiles to three decimals. */
  private static final double TABLE = 0.0005;

  /**
   * A mean of 0 and a standard deviation of 1 leave the quantile over √R: t(0.975) of R − 1 degrees
   * of freedom.
   */
  @ParameterizedTest
  @CsvSource({"2, 12.706", "3, 4.303", "4, 3.182", "5, 2.776", "6, 2.571", "31, 2.042"})
  void meanHasStudentsInterval(int count, double quantile) {
    double[] samples = new double[count];
    Arrays.setAll(samples, i -> i - (count - 1) / 2.0);
    double squares = Arrays.stream(samples).map(v -> v * v).sum();
    double deviation = Math.sqrt(squares / (count - 1));
    Estimate estimate = Estimate.mean(Arrays.stream(samples).map(v -> v / deviation).toArray());
    assertEquals(0, estimate.value(), 1e-15);
    assertEquals(quantile / Math.sqrt(count), estimate.high(), TABLE / Math.sqrt(count));
    assertEquals(-estimate.high(), estimate.low(), 1e-15);
  }

  @Test
  void meanMovesAndScalesWithItsSamples() {
    Estimate plain = Estimate.mean(1, 4, 9);
    Estimate other = Estimate.mean(10 - 2 * 1, 10 - 2 * 4, 10 - 2 * 9);
    assertEquals(14 / 3.0, plain.value(), 1e-15);
    assertEquals(10 - 2 * plain.value(), other.value(), 1e-14);
    assertEquals(10 - 2 * plain.high(), other.low(), 1e-13);
    assertEquals(10 - 2 * plain.low(), other.high(), 1e-13);
  }

  @Test
  void oneSampleBoundsNothingAndEqualOnesLeaveNothingOpen() {
    assertEquals(
        new Estimate(3, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY), Estimate.mean(3));
    assertEquals(new Estimate(3, 3, 3), Estimate.mean(3, 3, 3, 3));
    assertEquals(new Estimate(3, 3, 3), Estimate.exact(3));
  }

  @Test
  void normalIntervalIsOf196StandardErrors() {
    Estimate estimate = Estimate.normal(5, 0.5);
    assertEquals(5, estimate.value());
    assertEquals(5 - 0.5 * 1.959964, estimate.low(), 1e-6);
    assertEquals(5 + 0.5 * 1.959964, estimate.high(), 1e-6);
    assertEquals(new Estimate(5, 5, 5), Estimate.normal(5, 0));
  }

  /** Of a mean the jackknife is Student's interval. */
  @Test
  void jackknifeOfAMeanIsStudentsInterval() {
    double[] samples = {1, 4, 9, 2, 2.5};
    double sum = Arrays.stream(samples).sum();
    Estimate mean = Estimate.mean(samples);
    Estimate jackknife =
        Estimate.jackknife(sum / 5, Arrays.stream(samples).map(v -> (sum - v) / 4).toArray());
    assertEquals(mean.value(), jackknife.value(), 1e-14);
    assertEquals(mean.low(), jackknife.low(), 1e-13);
    assertEquals(mean.high(), jackknife.high(), 1e-13);
  }

  @Test
  void exponentialIsTakenOfValueAndEnds() {
    Estimate estimate = new Estimate(0, -Math.log(4), Math.log(2)).exp();
    assertEquals(1, estimate.value());
    assertEquals(0.25, estimate.low(), 1e-15);
    assertEquals(2, estimate.high(), 1e-15);
  }

  @Test
  void anEndThatIsNotKnownStaysSo() {
    Estimate estimate = Estimate.unknown().exp();
    assertEquals(Double.NEGATIVE_INFINITY, estimate.low());
    assertEquals(Double.POSITIVE_INFINITY, estimate.high());
  }

  /** y = 3 x^p with noise; b = Σ(x−x̄)(y−ȳ)/Σ(x−x̄)², its error √(Σe²/(R−2)/Σ(x−x̄)²). */
  @ParameterizedTest
  @ValueSource(doubles = {-1, -0.5, 0, 2})
  void exponentIsTheLeastSquaresSlopeOfLogarithms(double p) {
    Random random = new Random(7);
    List<Point> points = new ArrayList<>();
    int count = 12;
    for (int i = 0; i < count; i++) {
      double x = 10 * Math.pow(2, i % 4);
      points.add(new Point(x, 3 * Math.pow(x, p) * Math.exp(0.1 * random.nextGaussian())));
    }
    double[] x = points.stream().mapToDouble(point -> Math.log(point.x())).toArray();
    double[] y = points.stream().mapToDouble(point -> Math.log(point.y())).toArray();
    double meanX = Arrays.stream(x).average().orElseThrow();
    double meanY = Arrays.stream(y).average().orElseThrow();
    double xx = 0;
    double xy = 0;
    for (int i = 0; i < count; i++) {
      xx += (x[i] - meanX) * (x[i] - meanX);
      xy += (x[i] - meanX) * (y[i] - meanY);
    }
    double slope = xy / xx;
    double residuals = 0;
    for (int i = 0; i < count; i++) {
      double residual = y[i] - meanY - slope * (x[i] - meanX);
      residuals += residual * residual;
    }
    double error = Math.sqrt(residuals / (count - 2) / xx);
    Estimate estimate = Estimate.exponent(points);
    assertEquals(slope, estimate.value(), 1e-12);
    // t(0.975) of 10 degrees of freedom.
    assertEquals(slope - 2.228 * error, estimate.low(), TABLE * error);
    assertEquals(slope + 2.228 * error, estimate.high(), TABLE * error);
    assertTrue(estimate.low() < p && p < estimate.high(), estimate.toString());
  }

  @Test
  void exponentOfTooLittleIsNotKnown() {
    Estimate unknown = new Estimate(Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
    assertEquals(unknown, Estimate.exponent(List.of()));
    assertEquals(unknown, Estimate.exponent(List.of(new Point(1, 2), new Point(2, 4))));
    // One x has no slope.
    Point same = new Point(3, 2);
    assertEquals(unknown, Estimate.exponent(List.of(same, same, same, same)));
  }

  /**
   * Of samples of a normal distribution one interval in twenty misses: of 4000, 200 ± 14, and the
   * bounds are four standard deviations from that.
   */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 10})
  void intervalsCoverInNineteenCasesOfTwenty(int count) {
    Random random = new Random(3);
    int misses = 0;
    for (int trial = 0; trial < 4000; trial++) {
      Estimate estimate =
          Estimate.mean(DoubleStream.generate(random::nextGaussian).limit(count).toArray());
      if (estimate.low() > 0 || estimate.high() < 0) {
        misses++;
      }
    }
    assertTrue(misses > 144 && misses < 256, misses + " of 4000");
  }
}
