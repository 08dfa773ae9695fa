package io.tangentflow.experiment.paper;

import io.tangentflow.experiment.SampleVariance;
import io.tangentflow.model.DenseMatrix;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.stat.descriptive.DescriptiveStatistics;
import org.apache.commons.math3.stat.inference.KolmogorovSmirnovTest;

/** The distribution of the first output at the first sample over the networks. */
record MarginalTask(Draws draws) implements DrawsTask {

  /** s². */
  static final String VARIANCE = "variance";

  /** The standard error of s². */
  static final String VARIANCE_ERROR = "varianceError";

  static final String MEAN = "mean";
  static final String KURTOSIS = "excessKurtosis";

  /** Kolmogorov's distance to the normal distribution of that mean and variance. */
  static final String DISTANCE = "kolmogorovSmirnov";

  /** That of the test that the normal distribution was known beforehand. */
  static final String P_VALUE = "pValue";

  /** Middles of the histogram's bins, in standard deviations from the mean. */
  static final String BINS = "bin";

  /** The share of networks in a bin, divided by its breadth. */
  static final String DENSITY = "density";

  private static final int BIN_COUNT = 48;
  private static final double FARTHEST = 4;

  /** Breadth of a bin. */
  static final double BREADTH = 2 * FARTHEST / BIN_COUNT;

  @Override
  public Map<String, List<Double>> compute(Laboratory laboratory) {
    DenseMatrix outputs = draws.outputs(laboratory, words());
    double[] f = IntStream.range(0, draws.networks()).mapToDouble(b -> outputs.get(0, b)).toArray();
    DescriptiveStatistics s = new DescriptiveStatistics(f);
    double deviation = s.getStandardDeviation();
    NormalDistribution fitted = new NormalDistribution(null, s.getMean(), deviation);
    KolmogorovSmirnovTest test = new KolmogorovSmirnovTest();
    Map<String, List<Double>> numbers = new LinkedHashMap<>();
    numbers.put(MEAN, TaskLine.list(s.getMean()));
    numbers.put(VARIANCE, TaskLine.list(s.getVariance()));
    numbers.put(VARIANCE_ERROR, TaskLine.list(SampleVariance.of(f).error().orElseThrow()));
    numbers.put(KURTOSIS, TaskLine.list(s.getKurtosis()));
    numbers.put(DISTANCE, TaskLine.list(test.kolmogorovSmirnovStatistic(fitted, f)));
    numbers.put(P_VALUE, TaskLine.list(test.kolmogorovSmirnovTest(fitted, f)));
    histogram(f, s.getMean(), deviation, numbers);
    return numbers;
  }

  /** What lies farther out than the bins is in none of them. */
  private static void histogram(
      double[] f, double mean, double deviation, Map<String, List<Double>> numbers) {
    double[] middles = new double[BIN_COUNT];
    double[] density = new double[BIN_COUNT];
    Arrays.setAll(middles, k -> -FARTHEST + (k + 0.5) * BREADTH);
    for (double value : f) {
      int bin = (int) Math.floor(((value - mean) / deviation + FARTHEST) / BREADTH);
      if (bin >= 0 && bin < BIN_COUNT) {
        density[bin] += 1 / (f.length * BREADTH);
      }
    }
    numbers.put(BINS, TaskLine.list(middles));
    numbers.put(DENSITY, TaskLine.list(density));
  }
}
