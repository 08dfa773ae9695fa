package io.tangentflow.cli;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.train.KernelDynamics;
import io.tangentflow.train.SpectralFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** How long, and how, a model is trained in a fixed kernel. */
@Heading("Training")
final class KernelTrainingOptions {

  private static final String AUTO = "auto";
  private static final String END = "inf";
  private static final List<String> DEFAULT_STEPS =
      List.of("1", "10", "100", "1000", "10000", "100000");

  /** Points of a curve per power of ten. */
  private static final int PER_DECADE = 20;

  @Option(
      names = "--learning-rate",
      paramLabel = "η",
      defaultValue = AUTO,
      description =
          "Learning rate η, or auto for 1/(λ_max + δ), half of that at which gradient descent"
              + " diverges (default: ${DEFAULT-VALUE}).")
  private String learningRate;

  @ArgGroup private Until until = new Until();

  private static final class Until {
    @Option(
        names = "--steps",
        split = ",",
        paramLabel = "K",
        description =
            "Numbers of steps of gradient descent, rising; inf for where it ends, kernel regression"
                + " (default: 1,10,100,1000,10000,100000).")
    private List<String> steps;

    @Option(
        names = "--times",
        split = ",",
        paramLabel = "T",
        description =
            "Times of gradient flow, dθ/dt = −η ∂L/∂θ, in place of steps, rising; inf for where it"
                + " ends (default: steps).")
    private List<String> times;
  }

  @Option(
      names = "--ridge",
      paramLabel = "δ",
      defaultValue = "0",
      description =
          "Adds (δ/2)‖θ − θ₀‖² to the loss that is descended, and so δ to the Gram matrix's diagonal"
              + " (default: ${DEFAULT-VALUE}).")
  double ridge;

  /** Refuses what is impossible before the kernel is computed. */
  void require() {
    filters(isAuto() ? 1 : rate());
    KernelDynamics.requireRidge(ridge);
  }

  /** Whether the learning rate follows from the kernel. */
  boolean isAuto() {
    return learningRate.equalsIgnoreCase(AUTO);
  }

  /** Whether training goes by times of gradient flow, not by steps. */
  boolean isFlow() {
    return until.times != null;
  }

  /** η. */
  double rate(KernelDynamics dynamics) {
    return isAuto() ? dynamics.greatestRate() / 2 : rate();
  }

  private double rate() {
    try {
      return Double.parseDouble(learningRate);
    } catch (NumberFormatException e) {
      throw new InvalidConfiguration(
          "--learning-rate", "must be a positive number or auto, not '" + learningRate + "'");
    }
  }

  /** The times that were asked for, with that η. */
  List<SpectralFilter> filters(double rate) {
    List<SpectralFilter> filters = new ArrayList<>();
    List<String> words = isFlow() ? until.times : until.steps == null ? DEFAULT_STEPS : until.steps;
    for (String word : words) {
      SpectralFilter filter = filter(word, rate);
      if (!filters.isEmpty() && !(filter.duration() > filters.get(filters.size() - 1).duration())) {
        throw new InvalidConfiguration(
            option(),
            "must rise, but " + word + " follows " + filters.get(filters.size() - 1).label());
      }
      filters.add(filter);
    }
    return filters;
  }

  private SpectralFilter filter(String word, double rate) {
    if (word.equalsIgnoreCase(END)) {
      return new SpectralFilter.Converged();
    }
    try {
      return isFlow()
          ? new SpectralFilter.Flow(rate, Double.parseDouble(word))
          : new SpectralFilter.Descent(rate, Long.parseLong(word));
    } catch (NumberFormatException e) {
      throw new InvalidConfiguration(
          option(),
          isFlow()
              ? "'" + word + "' is not a number or inf"
              : "'" + word + "' is not a whole number or inf, or too large");
    }
  }

  private String option() {
    return isFlow() ? "--times" : "--steps";
  }

  /**
   * Times in between for a curve on a logarithmic axis, from the least positive to the greatest
   * finite of the filters; none where these are the same.
   */
  SortedMap<Double, SpectralFilter> curve(List<SpectralFilter> filters, double rate) {
    double[] ends =
        filters.stream()
            .mapToDouble(SpectralFilter::duration)
            .filter(duration -> duration > 0 && Double.isFinite(duration))
            .map(duration -> duration / rate)
            .toArray();
    SortedMap<Double, SpectralFilter> curve = new TreeMap<>();
    if (ends.length < 2) {
      return curve;
    }
    double first = ends[0];
    double last = ends[ends.length - 1];
    int intervals = (int) Math.ceil(PER_DECADE * Math.log10(last / first));
    for (int i = 0; i <= intervals; i++) {
      double time = first * Math.pow(last / first, (double) i / intervals);
      if (isFlow()) {
        curve.put(time, new SpectralFilter.Flow(rate, time));
      } else {
        long steps = Math.round(time);
        curve.put((double) steps, new SpectralFilter.Descent(rate, steps));
      }
    }
    return curve;
  }
}
