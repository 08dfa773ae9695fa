package io.tangentflow.experiment.paper;

import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.ReferenceLine;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;

/** Random networks become a Gaussian process: the distribution of an output. */
final class Figure4 implements PaperFigure {

  /** From here on the paper finds the outputs Gaussian. */
  private static final int GAUSSIAN_FROM = 100;

  private static final int DEPTH = 10;

  /** Of the tests of all widths together. */
  private static final double LEVEL = 0.05;

  @Override
  public String name() {
    return "fig4";
  }

  @Override
  public String title() {
    return "the distribution of an output over random networks";
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(
        String.format(
            "Chosen here: %d networks of each width, softplus, T = σu = σw = σv = 1, residual networks"
                + " of depth %d, one sample; the widths, which the paper's table does not name, are %s."
                + " Kolmogorov's test takes the normal distribution of the sample's own mean and"
                + " variance for known beforehand, as the paper seems to, which makes it lenient:"
                + " Lilliefors' 5 %% point is 0.886/√B. FP32.",
            networks(r),
            DEPTH,
            String.join(", ", widths(r).stream().map(String::valueOf).toList())),
        "The paper's statistics by rising width are 0.0730, 0.0200, 0.0130, 0.0085, 0.0079, 0.0069.");
  }

  private static int networks(Reproduction r) {
    return r.scale().of(1000, 10_000, 10_000);
  }

  private static List<Integer> widths(Reproduction r) {
    return r.scale()
        .of(
            List.of(10, 50, 100, 200),
            List.of(10, 50, 100, 200, 500, 1000),
            List.of(10, 50, 100, 500, 1000, 2000));
  }

  private static List<MarginalTask> marginals(Reproduction r) {
    return widths(r).stream()
        .map(
            width ->
                new MarginalTask(
                    new Draws(
                        r.data(Corpus.MNIST, 1, 0),
                        Model.of("softplus", width),
                        DEPTH,
                        1,
                        networks(r),
                        r.firstSeed(networks(r), widths(r).indexOf(width)))))
        .toList();
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    return List.copyOf(marginals(r));
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Findings findings = new Findings();
    histograms(r, results, findings);
    distances(r, results, findings);
    table(r, results, findings);
    double least = 1;
    int tests = 0;
    for (MarginalTask task : marginals(r)) {
      if (task.draws().model().width() >= GAUSSIAN_FROM) {
        least = Math.min(least, results.number(task, MarginalTask.P_VALUE));
        tests++;
      }
    }
    findings.verdict(
        Verdict.atLeast(
            "4",
            "Outputs are Gaussian from width 100 on.",
            String.format(
                "least Kolmogorov–Smirnov p-value of %d widths ≥ %d, against %s / %d",
                tests, GAUSSIAN_FROM, LEVEL, tests),
            Estimate.exact(least),
            LEVEL / tests));
    MarginalTask narrowest = marginals(r).get(0);
    findings.verdict(
        Verdict.atLeast(
            "4",
            "Those of narrow networks are not.",
            String.format(
                "Kolmogorov–Smirnov statistic at n = %d over its 5 %% point",
                narrowest.draws().model().width()),
            Estimate.exact(results.number(narrowest, MarginalTask.DISTANCE) / fivePercent(r)),
            1));
    return findings;
  }

  /** Of Kolmogorov's statistic, asymptotically. */
  private static double fivePercent(Reproduction r) {
    return 1.358 / Math.sqrt(networks(r));
  }

  private static void histograms(Reproduction r, Results results, Findings findings) {
    Plot plot =
        Plot.of(
                "Histogram of an output over random networks",
                Axis.linear("f(x) in standard deviations from its mean"),
                Axis.linear("density"))
            .subtitle(
                String.format(
                    "softplus, %d networks, one sample of %s",
                    networks(r), r.nameOf(Corpus.MNIST)));
    NormalDistribution normal = new NormalDistribution();
    double[] bins = results.numbers(marginals(r).get(0), MarginalTask.BINS);
    List<Point> gaussian = new ArrayList<>();
    for (double bin : bins) {
      gaussian.add(new Point(bin, normal.density(bin)));
    }
    for (MarginalTask task : marginals(r)) {
      double[] density = results.numbers(task, MarginalTask.DENSITY);
      List<Point> points = new ArrayList<>();
      for (int k = 0; k < bins.length; k++) {
        points.add(new Point(bins[k], density[k]));
      }
      plot = plot.with(Series.line("n = " + task.draws().model().width(), points));
    }
    findings.panel(
        "4",
        plot.with(Series.line("normal", gaussian)),
        "histograms, joined at the middles of their bins, and the normal density.");
  }

  private static void distances(Reproduction r, Results results, Findings findings) {
    List<Point> points = new ArrayList<>();
    for (MarginalTask task : marginals(r)) {
      points.add(
          new Point(task.draws().model().width(), results.number(task, MarginalTask.DISTANCE)));
    }
    findings.panel(
        "4-ks",
        Plot.of(
                "Kolmogorov–Smirnov distance from the fitted normal",
                Axis.log("width n").labelledByData(),
                Axis.log("sup |F − Φ|"))
            .subtitle(networks(r) + " networks")
            .with(Series.joined("softplus", points))
            .with(new ReferenceLine("5 % point, 1.358/√B", fivePercent(r))),
        "statistics against the width; below the line the test does not tell them from a normal.");
  }

  private static void table(Reproduction r, Results results, Findings findings) {
    Table table =
        Table.of(
            "One output over the networks.",
            Table.Column.right("width"),
            Table.Column.right("mean"),
            Table.Column.right("variance"),
            Table.Column.right("excess kurtosis"),
            Table.Column.right("KS statistic"),
            Table.Column.right("p-value"));
    for (MarginalTask task : marginals(r)) {
      double variance = results.number(task, MarginalTask.VARIANCE);
      table =
          table.row(
              Cell.of(task.draws().model().width()),
              Cell.measured(
                  results.number(task, MarginalTask.MEAN), Math.sqrt(variance / networks(r))),
              Cell.measured(variance, results.number(task, MarginalTask.VARIANCE_ERROR)),
              Cell.of(results.number(task, MarginalTask.KURTOSIS), 3),
              Cell.of(results.number(task, MarginalTask.DISTANCE), 3),
              Cell.of(results.number(task, MarginalTask.P_VALUE), 3));
    }
    findings.table(table);
  }
}
