package io.tangentflow.experiment.paper;

import io.tangentflow.experiment.DepthGaps.Quantity;
import io.tangentflow.experiment.PowerLaw;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import java.util.ArrayList;
import java.util.List;

/** Outputs, gradients and tangent kernels approach their limits in depth and width. */
final class Figure1 implements PaperFigure {

  private static final String SOFTPLUS = "softplus";
  private static final int KERNEL_DEPTH = 10;

  /** The intervals of exponents of exactly −1 and −1/2 reach beyond. */
  private static final double SLACK = 0.1;

  @Override
  public String name() {
    return "fig1";
  }

  @Override
  public String title() {
    return "networks against the continuous model in depth, tangent kernels against their limit in"
        + " width";
  }

  @Override
  public List<String> choices(Reproduction r) {
    return List.of(
        String.format(
            "Chosen here: T = σu = σw = σv = 1, %d outputs in 1a and 1b and one in 1c and 1d, inputs"
                + " scaled to ‖x‖² = d; the gradient is that of a fixed random combination of the"
                + " outputs. The continuous model is solved to 1e-11 in FP64, so that the gaps are"
                + " those of the networks.",
            DepthGapsOfPaper.OUTPUTS),
        String.format(
            "1c has single networks, %d of each width, 1d the mean of %d with its Monte-Carlo noise"
                + " taken out, which needs many small networks; both against the limit of the same"
                + " depth %d.",
            networks(r), networksOfMean(r), KERNEL_DEPTH));
  }

  private static List<Integer> widths(Reproduction r) {
    return r.scale()
        .of(List.of(32, 64), List.of(100, 200, 400, 800), List.of(500, 1000, 2000, 4000));
  }

  private static List<Integer> kernelWidths(Reproduction r) {
    return r.scale()
        .of(
            List.of(50, 100, 200, 400),
            List.of(125, 250, 500, 1000, 2000),
            List.of(500, 1000, 2000, 4000));
  }

  private static int networks(Reproduction r) {
    return r.scale().of(24, 48, 48);
  }

  private static int networksOfMean(Reproduction r) {
    return r.scale().of(2000, 16_000, 16_000);
  }

  private static List<DepthGapTask> depthTasks(Reproduction r) {
    return widths(r).stream().map(width -> DepthGapsOfPaper.task(r, SOFTPLUS, width)).toList();
  }

  private static List<KernelWidthTask> kernelTasks(Reproduction r) {
    return kernelTasks(r, r.scale().of(20, 100, 200), kernelWidths(r), networks(r));
  }

  private static List<KernelWidthTask> meanTasks(Reproduction r) {
    List<Integer> widths =
        r.scale().of(List.of(8, 16, 32), List.of(8, 16, 32, 64, 128), List.of(8, 16, 32, 64, 128));
    return kernelTasks(r, r.scale().of(10, 20, 20), widths, networksOfMean(r));
  }

  private static List<KernelWidthTask> kernelTasks(
      Reproduction r, int samples, List<Integer> widths, int networks) {
    List<KernelWidthTask> tasks = new ArrayList<>();
    for (int width : widths) {
      tasks.add(
          new KernelWidthTask(
              r.data(Corpus.MNIST, samples, 0),
              Model.of(SOFTPLUS, width),
              KERNEL_DEPTH,
              networks,
              r.firstSeed(networks, widths.indexOf(width))));
    }
    return tasks;
  }

  @Override
  public List<Task> tasks(Reproduction r) {
    List<Task> tasks = new ArrayList<>(depthTasks(r));
    tasks.addAll(kernelTasks(r));
    tasks.addAll(meanTasks(r));
    return tasks;
  }

  @Override
  public Findings findings(Reproduction r, Results results) {
    Findings findings = new Findings();
    DepthGapsOfPaper gaps = new DepthGapsOfPaper(results);
    gaps.panel(findings, "1a", depthTasks(r), Quantity.OUTPUTS);
    gaps.likeOneOverDepth(findings, "1a", depthTasks(r), Quantity.OUTPUTS);
    gaps.uniform(findings, "1a", depthTasks(r), Quantity.OUTPUTS);
    gaps.panel(findings, "1b", depthTasks(r), Quantity.GRADIENT);
    gaps.likeOneOverDepth(findings, "1b", depthTasks(r), Quantity.GRADIENT);
    gaps.uniform(findings, "1b", depthTasks(r), Quantity.GRADIENT);
    oneNetwork(r, results, findings);
    bias(r, results, findings);
    return findings;
  }

  private static void oneNetwork(Reproduction r, Results results, Findings findings) {
    List<Point> all = new ArrayList<>();
    List<Point> means = new ArrayList<>();
    for (KernelWidthTask task : kernelTasks(r)) {
      double[] errors = results.numbers(task, KernelWidthTask.ONE_NETWORK);
      int width = task.model().width();
      for (double error : errors) {
        all.add(new Point(width, error));
      }
      Estimate mean = Estimate.mean(errors);
      means.add(new Point(width, mean.value(), mean.low(), mean.high()));
    }
    findings.panel(
        "1c",
        plot(
                r,
                kernelTasks(r),
                "Tangent kernel of one network against its limit",
                "‖K − K∞‖ / ‖K∞‖")
            .with(PowerLaw.fitted("mean over networks", "n", means, PowerLaw.through(all))),
        "relative Frobenius error of the tangent kernel of one network; 95 % intervals of the mean,"
            + " and the fit over all networks with its band.");
    findings.verdict(
        Verdict.within(
            "1c",
            "The empirical NTK converges to the limiting one, between n^−1 and n^−1/2.",
            "exponent of n in ‖K − K∞‖/‖K∞‖ of one network",
            Estimate.exponent(all),
            -1 - SLACK,
            -0.5 + SLACK));
  }

  private static void bias(Reproduction r, Results results, Findings findings) {
    List<Point> points = new ArrayList<>();
    for (KernelWidthTask task : meanTasks(r)) {
      if (results.has(task, KernelWidthTask.BIAS)) {
        points.add(
            Point.withError(
                task.model().width(),
                results.number(task, KernelWidthTask.BIAS),
                results.number(task, KernelWidthTask.BIAS_ERROR)));
      }
    }
    if (points.size() < meanTasks(r).size()) {
      findings.remark(
          String.format(
              "The bias is told from Monte-Carlo noise at %d of %d widths; the others are left out.",
              points.size(), meanTasks(r).size()));
    }
    if (!points.isEmpty()) {
      findings.panel(
          "1d",
          plot(r, meanTasks(r), "Mean of tangent kernels against its limit", "‖E K − K∞‖ / ‖K∞‖")
              .with(PowerLaw.fitted("bias", "n", points, PowerLaw.through(points))),
          "relative Frobenius error of the mean tangent kernel, with standard errors.");
    }
    findings.verdict(
        Verdict.within(
            "1d",
            "The mean NTK converges to the limiting one, between n^−1 and n^−1/2.",
            "exponent of n in ‖E K − K∞‖/‖K∞‖",
            Estimate.exponent(points),
            -1 - SLACK,
            -0.5 + SLACK));
  }

  private static Plot plot(
      Reproduction r, List<KernelWidthTask> tasks, String title, String ordinate) {
    return Plot.of(title, Axis.log("width n").labelledByData(), Axis.log(ordinate))
        .subtitle(
            String.format(
                "softplus, L = %d, %d samples of %s",
                KERNEL_DEPTH, tasks.get(0).data().samples(), r.nameOf(Corpus.MNIST)));
  }
}
