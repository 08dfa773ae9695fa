package io.tangentflow.experiment.paper;

import io.tangentflow.report.Axis;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Series;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.stat.descriptive.moment.StandardDeviation;
import org.apache.commons.math3.util.FastMath;

/** Covariances of inputs and of outputs, and the least eigenvalue of the latter. */
final class Figure6 implements PaperFigure {

  private static final int FEW_SAMPLES = 10;
  private static final int DEPTH = 10;

  /** A correlation from here on is one of structures that are kept. */
  private static final double KEPT = 0.9;

  /** FP32's unit roundoff. */
  private static final double ROUNDING = 6e-8;

  @Override
  public String name() {
    return "fig6";
  }

  @Override
  public String title() {
    return "covariance of inputs and of outputs over random networks";
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(
        String.format(
            "Chosen here: softplus, T = σu = σw = σv = 1, residual networks of depth %d; %d samples and"
                + " %d networks of width %d for 6a and 6b; %d samples and %d networks of each width for"
                + " 6c. FP32, the eigenvalues in FP64.",
            DEPTH, FEW_SAMPLES, networks(r), fewWidth(r), manySamples(r), networksOfMany(r)),
        "Covariances are about the known mean 0: of inputs x·x̄/d, of outputs E f(x) f(x̄).");
  }

  private static int networks(Reproduction r) {
    return r.scale().of(2000, 10_000, 10_000);
  }

  private static int fewWidth(Reproduction r) {
    return r.scale().of(64, 500, 500);
  }

  private static int manySamples(Reproduction r) {
    return r.scale().of(40, 500, 500);
  }

  private static int networksOfMany(Reproduction r) {
    return r.scale().of(1000, 10_000, 10_000);
  }

  private static List<Integer> widths(Reproduction r) {
    return r.scale()
        .of(
            List.of(10, 20, 60, 120),
            List.of(50, 100, 250, 600),
            List.of(100, 250, 500, 600, 1000));
  }

  private static CovarianceTask few(Reproduction r) {
    return new CovarianceTask(
        new Draws(
            r.data(Corpus.MNIST, FEW_SAMPLES, 0),
            Model.of("softplus", fewWidth(r)),
            DEPTH,
            1,
            networks(r),
            r.firstSeed()),
        true);
  }

  private static CovarianceTask many(Reproduction r, int width) {
    return new CovarianceTask(
        new Draws(
            r.data(Corpus.MNIST, manySamples(r), 0),
            Model.of("softplus", width),
            DEPTH,
            1,
            networksOfMany(r),
            r.firstSeed(networksOfMany(r), widths(r).indexOf(width))),
        false);
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    List<Task> tasks = new ArrayList<>();
    tasks.add(few(r));
    widths(r).forEach(width -> tasks.add(many(r, width)));
    return tasks;
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Findings findings = new Findings();
    structure(r, results, findings);
    eigenvalues(r, results, findings);
    return findings;
  }

  private static void structure(Reproduction r, Results results, Findings findings) {
    double[] inputs = results.numbers(few(r), CovarianceTask.INPUTS);
    double[] outputs = results.numbers(few(r), CovarianceTask.OUTPUTS);
    double[] variances = results.numbers(few(r), CovarianceTask.VARIANCES);
    List<Point> points = new ArrayList<>();
    List<Point> correlations = new ArrayList<>();
    double variance = Arrays.stream(variances).average().orElseThrow();
    for (int k = 0; k < inputs.length; k++) {
      points.add(new Point(inputs[k], outputs[k]));
      correlations.add(new Point(inputs[k], outputs[k] / variance));
    }
    String subtitle =
        String.format(
            "%d pairs of %d samples of %s, softplus, n = %d, %d networks",
            inputs.length, FEW_SAMPLES, r.nameOf(Corpus.MNIST), fewWidth(r), networks(r));
    findings
        .panel(
            "6a",
            Plot.of(
                    "Covariance of outputs against that of inputs",
                    Axis.linear("covariance of inputs, x·x̄/d"),
                    Axis.linear("covariance of outputs, E f(x) f(x̄)"))
                .subtitle(subtitle)
                .with(Series.points("pairs of samples", points)),
            "each pair of different samples.")
        .panel(
            "6b",
            Plot.of(
                    "Correlation of outputs against that of inputs",
                    Axis.linear("correlation of inputs, x·x̄/(‖x‖ ‖x̄‖)"),
                    Axis.linear("correlation of outputs"))
                .subtitle(subtitle)
                .with(Series.points("pairs of samples", correlations)),
            "the same over the mean variance of outputs.");
    double correlation = new PearsonsCorrelation().correlation(inputs, outputs);
    Estimate z = transformed(inputs, outputs);
    findings.verdict(
        Verdict.atLeast(
            "6a",
            "The correlation structure of the inputs is kept.",
            "correlation of the covariances of inputs and outputs over pairs of samples",
            new Estimate(correlation, Math.tanh(z.low()), Math.tanh(z.high())),
            KEPT));
    StandardDeviation spread = new StandardDeviation();
    double contrast = spread.evaluate(outputs) / variance / spread.evaluate(inputs);
    findings.verdict(
        Verdict.atMost(
            "6b",
            "Its magnitude is reduced.",
            "spread of the correlations of outputs over that of inputs",
            Estimate.exact(contrast),
            1));
    findings.remark(
        String.format(
            "The outputs' variance is %s, where the inputs' is 1; their correlations differ by %s"
                + " (standard deviation over pairs), the inputs' by %s.",
            Numbers.significant(variance, 3),
            Numbers.significant(spread.evaluate(outputs) / variance, 3),
            Numbers.significant(spread.evaluate(inputs), 3)));
  }

  /**
   * Fisher's transformation of the correlation over pairs of samples. Pairs share samples, so it is
   * the samples that are left out in turn.
   */
  private static Estimate transformed(double[] inputs, double[] outputs) {
    double[] without = new double[FEW_SAMPLES];
    Arrays.setAll(
        without, left -> fisher(withoutSample(inputs, left), withoutSample(outputs, left)));
    return Estimate.jackknife(fisher(inputs, outputs), without);
  }

  private static double fisher(double[] inputs, double[] outputs) {
    return FastMath.atanh(new PearsonsCorrelation().correlation(inputs, outputs));
  }

  /** Of pairs i &lt; j, row by row, those that have no part in a sample. */
  private static double[] withoutSample(double[] pairs, int left) {
    DoubleStream.Builder kept = DoubleStream.builder();
    int at = 0;
    for (int i = 0; i < FEW_SAMPLES; i++) {
      for (int j = i + 1; j < FEW_SAMPLES; j++) {
        if (i != left && j != left) {
          kept.add(pairs[at]);
        }
        at++;
      }
    }
    return kept.build().toArray();
  }

  private static void eigenvalues(Reproduction r, Results results, Findings findings) {
    List<Point> points = new ArrayList<>();
    Estimate worst = null;
    List<String> below = new ArrayList<>();
    for (int width : widths(r)) {
      CovarianceTask task = many(r, width);
      double least = results.number(task, CovarianceTask.LEAST);
      // Entries were computed in FP32: an eigenvalue may have moved by that much of the greatest.
      double error =
          results.number(task, CovarianceTask.LEAST_ERROR)
              + ROUNDING * results.number(task, CovarianceTask.GREATEST);
      points.add(Point.withError(width, least, error));
      if (width > manySamples(r)) {
        if (worst == null || least - error < worst.low()) {
          worst = new Estimate(least, least - error, least + error);
        }
      } else if (least > error) {
        below.add(String.valueOf(width));
      }
    }
    findings.panel(
        "6c",
        Plot.of(
                "Least eigenvalue of the covariance of outputs",
                Axis.log("width n").labelledByData(),
                Axis.log("least eigenvalue"))
            .subtitle(
                String.format(
                    "softplus, %d samples of %s, %d networks",
                    manySamples(r), r.nameOf(Corpus.MNIST), networksOfMany(r)))
            .with(Series.joined("empirical covariance", points)),
        "of the empirical covariance over all networks; bars: what rounding leaves uncertain.");
    findings.verdict(
        Verdict.positive(
            "6c",
            "The least eigenvalue of the outputs' covariance is positive once the width exceeds the"
                + " number of samples.",
            "least eigenvalue of widths above N = " + manySamples(r),
            worst == null ? Estimate.unknown() : worst));
    if (!below.isEmpty()) {
      findings.remark(
          String.format(
              "It is positive below as well, at n = %s: a covariance over %d networks has full rank"
                  + " at any width. That of the last layer of a single network has rank n at most.",
              String.join(", ", below), networksOfMany(r)));
    }
  }
}
