package io.tangentflow.experiment.paper;

import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.experiment.PowerLaw;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Series;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What figures 1 and 12 say of gaps to the continuous model. */
final class DepthGapsOfPaper {

  /** An exponent so near to −1 is one of −1. */
  private static final double SLACK = 0.1;

  /** "Uniformly in the width": gaps at one depth within such a factor. */
  private static final double UNIFORM = 2;

  /** As many as digits; the size of few random outputs, which gaps are relative to, varies more. */
  static final int OUTPUTS = 10;

  /** What falls by less than half over such a factor of L does not fall like 1/L then. */
  private static final double STALLING = 3;

  private final Results results;

  DepthGapsOfPaper(Results results) {
    this.results = results;
  }

  static DepthGapTask task(Reproduction r, String activation, int width) {
    int samples = r.scale().of(8, 20, 20);
    List<Integer> depths =
        r.scale()
            .of(
                List.of(10, 20, 40, 80, 160),
                List.of(10, 20, 50, 100, 200, 500, 1000),
                List.of(10, 20, 50, 100, 200, 500, 1000));
    return new DepthGapTask(
        r.data(Corpus.MNIST, samples, 0),
        Model.of(activation, width),
        OUTPUTS,
        depths,
        r.firstSeed());
  }

  private List<Point> points(DepthGapTask task, Quantity quantity) {
    double[] depths = results.numbers(task, DepthGapTask.depthsOf(quantity));
    double[] gaps = results.numbers(task, DepthGapTask.NAMES.get(quantity));
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < depths.length; i++) {
      points.add(new Point(depths[i], gaps[i]));
    }
    return points;
  }

  void panel(Findings findings, String name, List<DepthGapTask> tasks, Quantity quantity) {
    Plot plot =
        Plot.of(
                "Gap of the " + quantity.label() + " to the continuous model",
                Axis.log("depth L").labelledByData(),
                Axis.log("relative difference of the " + quantity.label()))
            .subtitle("residual networks, " + tasks.get(0).model().activation());
    for (DepthGapTask task : tasks) {
      List<Point> points = points(task, quantity);
      if (!points.isEmpty()) {
        String exponent = PowerLaw.through(points).map(law -> ": " + law.symbol("L")).orElse("");
        plot = plot.with(Series.joined("n = " + task.model().width() + exponent, points));
      }
    }
    findings.panel(
        name,
        plot,
        "relative Frobenius difference between the residual network of depth L and the continuous"
            + " model of the same parameters.");
  }

  /** The exponent of L, of the width whose exponent is farthest from −1. */
  void likeOneOverDepth(
      Findings findings, String name, List<DepthGapTask> tasks, Quantity quantity) {
    findings.verdict(
        Verdict.within(
            name,
            String.format(
                "%s: the gap of the %s falls like 1/L.",
                tasks.get(0).model().activation(), quantity.label()),
            "exponent of L, of the width where it is farthest from −1",
            farthestFromOne(tasks, quantity),
            -1 - SLACK,
            -1 + SLACK));
  }

  /** The claim that the gap does not fall steadily, but stays for a while. */
  void stalls(Findings findings, String name, List<DepthGapTask> tasks, Quantity quantity) {
    List<List<Point>> gaps = tasks.stream().map(task -> points(task, quantity)).toList();
    boolean known = gaps.stream().allMatch(points -> points.size() > 1);
    double shortest = gaps.stream().mapToDouble(DepthGapsOfPaper::longestStall).min().orElseThrow();
    findings.verdict(
        Verdict.atLeast(
            name,
            String.format(
                "%s: the gap of the %s stalls.",
                tasks.get(0).model().activation(), quantity.label()),
            "greatest factor of L over which the gap falls by less than half (1/L has 2), of the"
                + " width where it is least",
            known ? Estimate.exact(shortest) : Estimate.unknown(),
            STALLING));
  }

  private static double longestStall(List<Point> points) {
    double longest = 1;
    for (int i = 0; i < points.size(); i++) {
      for (int j = i + 1; j < points.size(); j++) {
        if (points.get(j).y() > points.get(i).y() / 2) {
          longest = Math.max(longest, points.get(j).x() / points.get(i).x());
        }
      }
    }
    return longest;
  }

  private Estimate farthestFromOne(List<DepthGapTask> tasks, Quantity quantity) {
    return tasks.stream()
        .map(task -> Estimate.exponent(points(task, quantity)))
        .reduce(
            (a, b) ->
                Math.max(Math.abs(a.low() + 1), Math.abs(a.high() + 1))
                        >= Math.max(Math.abs(b.low() + 1), Math.abs(b.high() + 1))
                    ? a
                    : b)
        .orElseThrow();
  }

  /** The spread over the widths at the depth where it is greatest. */
  void uniform(Findings findings, String name, List<DepthGapTask> tasks, Quantity quantity) {
    double greatest = 1;
    int depths = 0;
    for (int depth : tasks.get(0).depths()) {
      double[] gaps =
          tasks.stream()
              .map(task -> at(task, quantity, depth))
              .flatMap(Optional::stream)
              .mapToDouble(Double::doubleValue)
              .toArray();
      if (gaps.length == tasks.size()) {
        depths++;
        double most = Arrays.stream(gaps).max().orElseThrow();
        double least = Arrays.stream(gaps).min().orElseThrow();
        greatest = Math.max(greatest, most / least);
      }
    }
    findings.verdict(
        Verdict.atMost(
            name,
            String.format("%s: uniformly in the width.", tasks.get(0).model().activation()),
            String.format(
                "greatest ratio of the gaps of the %s of two widths %d … %d at one of %d depths",
                quantity.label(),
                tasks.get(0).model().width(),
                tasks.get(tasks.size() - 1).model().width(),
                depths),
            depths == 0 ? Estimate.unknown() : Estimate.exact(greatest),
            UNIFORM));
  }

  private Optional<Double> at(DepthGapTask task, Quantity quantity, int depth) {
    return points(task, quantity).stream().filter(p -> p.x() == depth).map(Point::y).findFirst();
  }

  /** A sentence on the greatest fall from one depth to the next. */
  void greatestFall(Findings findings, DepthGapTask task, Quantity quantity) {
    List<Point> points = points(task, quantity);
    int greatest = -1;
    for (int i = 0; i + 1 < points.size(); i++) {
      if (greatest < 0 || fall(points, i) > fall(points, greatest)) {
        greatest = i;
      }
    }
    if (greatest >= 0) {
      Point before = points.get(greatest);
      Point after = points.get(greatest + 1);
      findings.remark(
          String.format(
              "%s: the gap of the %s falls the most from L = %.0f to %.0f: from %s to %s.",
              task.model().words(),
              quantity.label(),
              before.x(),
              after.x(),
              Numbers.significant(before.y(), 2),
              Numbers.significant(after.y(), 2)));
    }
  }

  private static double fall(List<Point> points, int i) {
    return points.get(i).y() / points.get(i + 1).y();
  }
}
