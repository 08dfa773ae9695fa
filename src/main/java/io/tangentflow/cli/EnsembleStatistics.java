package io.tangentflow.cli;

import io.tangentflow.experiment.SampleVariance;
import io.tangentflow.model.DenseMatrix;
import java.util.OptionalDouble;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.stat.inference.KolmogorovSmirnovTest;

/** What the outputs of many networks say of their distribution. */
final class EnsembleStatistics {

  /** Outputs that are looked at one by one. */
  private static final int MOST_SERIES = 5;

  private final double[][] series;
  private double meanSquare;
  private double squaredDeviations;
  private long networks;

  /**
   * @param rows mN, the outputs of a network
   * @param networks B
   */
  EnsembleStatistics(int rows, int networks) {
    series = new double[Math.min(rows, MOST_SERIES)][networks];
  }

  /**
   * One output over the networks.
   *
   * @param variance with the standard error of independent networks
   * @param kolmogorovSmirnov the distance to the normal distribution of that mean and variance;
   *     empty where all networks have one output
   */
  record OfOutput(SampleVariance variance, OptionalDouble kolmogorovSmirnov) {}

  /** Takes the outputs of the networks from {@code first} on, in ascending order. */
  void add(int first, DenseMatrix outputs) {
    for (int b = 0; b < outputs.columns(); b++) {
      double squares = 0;
      for (int k = 0; k < outputs.rows(); k++) {
        double f = outputs.get(k, b);
        squares += f * f;
        if (k < series.length) {
          series[k][first + b] = f;
        }
      }
      // Welford's recurrence for the mean and spread of a network's mean square.
      double square = squares / outputs.rows();
      networks++;
      double delta = square - meanSquare;
      meanSquare += delta / networks;
      squaredDeviations += delta * (square - meanSquare);
    }
  }

  int series() {
    return series.length;
  }

  /** The mean of f² over networks, samples and outputs. */
  double meanSquare() {
    return meanSquare;
  }

  /** The standard error of {@link #meanSquare}, NaN of a single network. */
  double meanSquareError() {
    return Math.sqrt(squaredDeviations / (networks - 1) / networks);
  }

  OfOutput of(int output) {
    double[] f = series[output];
    SampleVariance variance = SampleVariance.of(f);
    return new OfOutput(
        variance,
        variance.value() > 0
            ? OptionalDouble.of(
                new KolmogorovSmirnovTest()
                    .kolmogorovSmirnovStatistic(
                        new NormalDistribution(null, variance.mean(), Math.sqrt(variance.value())),
                        f))
            : OptionalDouble.empty());
  }
}
