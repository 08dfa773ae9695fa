package io.tangentflow.experiment.paper;

import io.tangentflow.experiment.PowerLaw;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Series;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;

/** The outputs of several neurons over random networks. */
final class Figure5 implements PaperFigure {

  private static final int OUTPUTS = 4;
  private static final int DEPTH = 10;
  private static final double LEVEL = 0.05;

  @Override
  public String name() {
    return "fig5";
  }

  @Override
  public String title() {
    return "several outputs of one network";
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(
        String.format(
            "Chosen here: %d outputs, %d networks of each width, softplus, T = σu = σw = σv = 1,"
                + " residual networks of depth %d, one sample. FP32.",
            OUTPUTS, networks(r), DEPTH),
        "Outputs have independent rows of V, so they are uncorrelated at every width; what a finite"
            + " width leaves is dependence, which the correlation of their squares shows.");
  }

  private static int networks(Reproduction r) {
    return r.scale().of(1000, 10_000, 10_000);
  }

  private static List<OutputPairsTask> pairs(Reproduction r) {
    List<Integer> widths =
        r.scale()
            .of(List.of(8, 16, 32, 64), List.of(10, 30, 100, 300), List.of(10, 30, 100, 300, 512));
    return widths.stream()
        .map(
            width ->
                new OutputPairsTask(
                    new Draws(
                        r.data(Corpus.MNIST, 1, 0),
                        Model.of("softplus", width),
                        DEPTH,
                        OUTPUTS,
                        networks(r),
                        r.firstSeed(networks(r), widths.indexOf(width)))))
        .toList();
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    return List.copyOf(pairs(r));
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Findings findings = new Findings();
    List<OutputPairsTask> all = pairs(r);
    OutputPairsTask widest = all.get(all.size() - 1);
    double[] first = results.numbers(widest, OutputPairsTask.FIRST);
    double[] second = results.numbers(widest, OutputPairsTask.SECOND);
    List<Point> cloud = new ArrayList<>();
    for (int b = 0; b < first.length; b++) {
      cloud.add(new Point(first[b], second[b]));
    }
    findings.panel(
        "5",
        Plot.of(
                "Two outputs of a network at one sample",
                Axis.linear("first output, standard deviations"),
                Axis.linear("second output, standard deviations"))
            .subtitle("softplus, n = " + widest.draws().model().width())
            .with(Series.points(first.length + " networks", cloud)),
        "outputs of the first networks.");
    dependence(r, results, findings);
    double greatest =
        Arrays.stream(results.numbers(widest, OutputPairsTask.CORRELATIONS))
            .map(Math::abs)
            .max()
            .orElseThrow();
    int count = results.numbers(widest, OutputPairsTask.CORRELATIONS).length;
    double critical =
        new NormalDistribution().inverseCumulativeProbability(1 - LEVEL / (2 * count))
            / Math.sqrt(networks(r));
    findings.verdict(
        Verdict.atMost(
            "5",
            "Outputs of a wide network are uncorrelated.",
            String.format(
                "greatest |correlation| of %d pairs at n = %d, against what uncorrelated ones exceed"
                    + " in one case of twenty",
                count, widest.draws().model().width()),
            Estimate.exact(greatest),
            critical));
    return findings;
  }

  private static void dependence(Reproduction r, Results results, Findings findings) {
    List<Point> points = new ArrayList<>();
    List<Point> means = new ArrayList<>();
    for (OutputPairsTask task : pairs(r)) {
      double[] correlations = results.numbers(task, OutputPairsTask.OF_SQUARES);
      int width = task.draws().model().width();
      Estimate mean = Estimate.mean(correlations);
      means.add(new Point(width, mean.value(), mean.low(), mean.high()));
      if (mean.low() > 0) {
        points.add(new Point(width, mean.value()));
      }
    }
    if (points.size() < means.size()) {
      findings.remark(
          String.format(
              "The correlation of squares is told from zero at %d of %d widths; the fit leaves out the"
                  + " others.",
              points.size(), means.size()));
    }
    findings.panel(
        "5-squares",
        Plot.of(
                "Dependence of outputs",
                Axis.log("width n").labelledByData(),
                Axis.log("correlation of f_o² and f_p²"))
            .subtitle(networks(r) + " networks")
            .with(PowerLaw.fitted("mean of all pairs", "n", means, PowerLaw.through(points))),
        "mean over pairs of outputs, with 95 % intervals that take pairs as independent.");
    findings.verdict(
        Verdict.atMost(
            "5",
            "Outputs become independent as the width grows.",
            "exponent of n in the correlation of squares",
            Estimate.exponent(points),
            0));
  }
}
