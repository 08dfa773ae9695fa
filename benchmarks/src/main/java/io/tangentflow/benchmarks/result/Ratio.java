package io.tangentflow.benchmarks.result;

import java.util.List;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.StatUtils;

/**
 * How many times as long something takes as before, with a 95 % confidence interval.
 *
 * <p>The unit of the statistics is a JVM: what the compiler made of the code and where memory came
 * to lie is one throw for all iterations of a fork, so these are no independent times, and taking
 * them for such makes intervals too short. Of each fork its mean time is taken, and of that the
 * logarithm y, as disturbances multiply times: they prolong a call of a second and one of a
 * microsecond by the same part. The ratio is exp(ȳ₂ − ȳ₁), of geometric means over forks, and its
 * interval Welch's (Biometrika 34, 1947), for two samples whose variances may differ:
 *
 * <pre>
 *   ȳ₂ − ȳ₁ ± t √(s₁²/m₁ + s₂²/m₂),
 *   ν = (s₁²/m₁ + s₂²/m₂)² / ((s₁²/m₁)²/(m₁ − 1) + (s₂²/m₂)²/(m₂ − 1))
 * </pre>
 *
 * with m forks, variances s² and the quantile t of Student's distribution with ν degrees of
 * freedom. With before and after exchanged, ratio and interval are the reciprocals. Where a side
 * has one fork alone, the iterations of each side stand in for forks; what differs from JVM to JVM
 * is not in the interval then.
 *
 * @param value the ratio
 * @param lower end of the interval
 * @param upper end of the interval
 * @param acrossForks whether forks were the sample, and not the iterations of a single one
 */
public record Ratio(double value, double lower, double upper, boolean acrossForks) {

  private static final double QUANTILE = 0.975;

  /** What an interval says. */
  public enum Verdict {
    /** It lies below 1. */
    FASTER("faster"),
    /** It lies above 1. */
    SLOWER("slower"),
    /** It holds 1. */
    NOT_TOLD("no difference told");

    private final String words;

    Verdict(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  /**
   * Of the times of two runs, each by forks and iterations.
   *
   * @throws IllegalArgumentException if a side has one time alone, of which nothing can be said
   */
  public static Ratio of(List<List<Double>> before, List<List<Double>> after) {
    boolean acrossForks = before.size() > 1 && after.size() > 1;
    double[] first = logarithms(before, acrossForks);
    double[] second = logarithms(after, acrossForks);
    if (first.length < 2 || second.length < 2) {
      throw new IllegalArgumentException("one time alone has no interval");
    }
    double difference = StatUtils.mean(second) - StatUtils.mean(first);
    double half = halfWidth(first, second);
    return new Ratio(
        Math.exp(difference),
        Math.exp(difference - half),
        Math.exp(difference + half),
        acrossForks);
  }

  private static double[] logarithms(List<List<Double>> forks, boolean ofForks) {
    return ofForks
        ? forks.stream().mapToDouble(fork -> Math.log(mean(fork))).toArray()
        : forks.stream().flatMap(List::stream).mapToDouble(Math::log).toArray();
  }

  private static double mean(List<Double> times) {
    return times.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }

  private static double halfWidth(double[] first, double[] second) {
    double a = StatUtils.variance(first) / first.length;
    double b = StatUtils.variance(second) / second.length;
    if (a + b == 0) {
      return 0; // Times without any spread, of which there are no degrees of freedom.
    }
    double freedom = (a + b) * (a + b) / (a * a / (first.length - 1) + b * b / (second.length - 1));
    return new TDistribution(freedom).inverseCumulativeProbability(QUANTILE) * Math.sqrt(a + b);
  }

  /** What the interval says. */
  public Verdict verdict() {
    if (upper < 1) {
      return Verdict.FASTER;
    }
    return lower > 1 ? Verdict.SLOWER : Verdict.NOT_TOLD;
  }

  /** Whether all of the interval lies above a limit. */
  public boolean above(double limit) {
    return lower > limit;
  }
}
