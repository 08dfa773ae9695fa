package io.tangentflow.experiment.paper;

import io.tangentflow.experiment.PowerLaw;
import io.tangentflow.report.Point;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * A number with its 95 % confidence interval.
 *
 * @param low −∞ where the data do not bound it
 * @param high ∞ likewise
 */
record Estimate(double value, double low, double high) {

  private static final double CONFIDENCE = PowerLaw.CONFIDENCE;

  /** Of no sampling error. */
  static Estimate exact(double value) {
    return new Estimate(value, value, value);
  }

  /** Of no data. */
  static Estimate unknown() {
    return new Estimate(Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
  }

  /** The mean of independent samples, by Student's distribution; one sample bounds nothing. */
  static Estimate mean(double... samples) {
    SummaryStatistics s = new SummaryStatistics();
    Arrays.stream(samples).forEach(s::addValue);
    if (samples.length < 2) {
      return new Estimate(s.getMean(), Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
    }
    double half =
        new TDistribution(samples.length - 1.0).inverseCumulativeProbability(0.5 + CONFIDENCE / 2)
            * s.getStandardDeviation()
            / Math.sqrt(samples.length);
    return new Estimate(s.getMean(), s.getMean() - half, s.getMean() + half);
  }

  /** The mean of some independent samples less that of others, by Welch's interval. */
  static Estimate difference(double[] minuend, double[] subtrahend) {
    SummaryStatistics a = new SummaryStatistics();
    SummaryStatistics b = new SummaryStatistics();
    Arrays.stream(minuend).forEach(a::addValue);
    Arrays.stream(subtrahend).forEach(b::addValue);
    double value = a.getMean() - b.getMean();
    double ofA = a.getVariance() / minuend.length;
    double ofB = b.getVariance() / subtrahend.length;
    if (minuend.length < 2 || subtrahend.length < 2 || ofA + ofB == 0) {
      return new Estimate(value, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
    }
    double freedom =
        (ofA + ofB)
            * (ofA + ofB)
            / (ofA * ofA / (minuend.length - 1.0) + ofB * ofB / (subtrahend.length - 1.0));
    double half =
        new TDistribution(freedom).inverseCumulativeProbability(0.5 + CONFIDENCE / 2)
            * Math.sqrt(ofA + ofB);
    return new Estimate(value, value - half, value + half);
  }

  /** The exponent of x in y; nothing is known of it with fewer than three points. */
  static Estimate exponent(List<Point> points) {
    return PowerLaw.through(points)
        .map(law -> new Estimate(law.slope(), law.low(), law.high()))
        .orElseGet(Estimate::unknown);
  }

  /**
   * A statistic of N independent samples, by the jackknife: its standard error is √((N − 1)/N Σ
   * (θ_i − θ̄)²), with Student's quantile of N − 1 degrees of freedom (Efron and Stein, Ann.
   * Statist. 9, 1981).
   *
   * @param value of all samples
   * @param without θ_i, of all samples but the i-th
   */
  static Estimate jackknife(double value, double... without) {
    Estimate mean = mean(without);
    // That of a mean has its spread over √N, and the jackknife's times √(N − 1) more.
    double half = (mean.high() - mean.value()) * (without.length - 1);
    return new Estimate(value, value - half, value + half);
  }

  /** A value with its standard error, of a normal distribution. */
  static Estimate normal(double value, double standardError) {
    double half =
        new NormalDistribution().inverseCumulativeProbability(0.5 + CONFIDENCE / 2) * standardError;
    return new Estimate(value, value - half, value + half);
  }

  /** The logarithm's exponential. */
  Estimate exp() {
    return new Estimate(
        Math.exp(value), Double.isInfinite(low) ? low : Math.exp(low), Math.exp(high));
  }
}
