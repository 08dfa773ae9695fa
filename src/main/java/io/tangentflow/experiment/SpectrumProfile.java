package io.tangentflow.experiment;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.ReferenceLine;
import io.tangentflow.report.Series;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What the eigenvalues of a symmetric matrix say of it.
 *
 * @param values λ, rising
 * @param error with which each is known; of magnitudes no larger it is not known that they are not
 *     0
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record SpectrumProfile(double[] values, double error) {

  private static final int BINS_PER_DECADE = 4;

  /** max|λ| / min|λ|; empty where the latter is not known from 0. */
  public OptionalDouble conditionNumber() {
    double least = Arrays.stream(values).map(Math::abs).min().orElseThrow();
    double greatest = Arrays.stream(values).map(Math::abs).max().orElseThrow();
    return least > error ? OptionalDouble.of(greatest / least) : OptionalDouble.empty();
  }

  /**
   * e^H of the entropy H = −Σ p log p of p = |λ|/Σ|λ|: from 1, of a matrix of rank one, to its
   * order, of a multiple of the identity (Roy and Vetterli, EUSIPCO 2007). 0 for a zero matrix.
   */
  public double effectiveRank() {
    double sum = Arrays.stream(values).map(Math::abs).sum();
    if (sum == 0) {
      return 0;
    }
    double entropy = 0;
    for (double value : values) {
      double p = Math.abs(value) / sum;
      entropy -= p > 0 ? p * Math.log(p) : 0;
    }
    return Math.exp(entropy);
  }

  /** How many eigenvalues are larger in magnitude than the error. */
  public int numericalRank() {
    return (int) Arrays.stream(values).filter(value -> Math.abs(value) > error).count();
  }

  /** |λ| in falling order, against its rank. */
  public Plot decay(String title) {
    double[] falling = Arrays.stream(values).map(value -> -Math.abs(value)).sorted().toArray();
    List<Point> positive = new ArrayList<>();
    for (int i = 0; i < falling.length; i++) {
      positive.add(new Point(i + 1.0, -falling[i]));
    }
    Plot plot =
        Plot.of(title, Axis.log("rank of the eigenvalue"), Axis.log("|λ|"))
            .with(Series.line("|λ|", positive));
    return error > 0 ? plot.with(new ReferenceLine("error bound", error)) : plot;
  }

  /**
   * How many eigenvalues above the error lie in each quarter of a decade.
   *
   * @throws InvalidConfiguration if there is none
   */
  public Plot histogram(String title) {
    List<Double> logs =
        Arrays.stream(values)
            .filter(value -> value > error)
            .mapToObj(value -> Math.floor(BINS_PER_DECADE * Math.log10(value)))
            .toList();
    if (logs.isEmpty()) {
      throw new InvalidConfiguration(
          "--histogram-out", "has nothing to show: no eigenvalue is above its error bound");
    }
    double first = logs.get(0);
    double last = logs.get(logs.size() - 1);
    List<Point> outline = new ArrayList<>();
    outline.add(new Point(edge(first), 0));
    for (double bin = first; bin <= last; bin++) {
      double here = bin;
      long count = logs.stream().filter(log -> log == here).count();
      outline.add(new Point(edge(bin), count));
      outline.add(new Point(edge(bin + 1), count));
    }
    outline.add(new Point(edge(last + 1), 0));
    return Plot.of(title, Axis.log("λ"), Axis.linear("eigenvalues in a quarter of a decade"))
        .with(Series.line("positive eigenvalues above their error", outline));
  }

  private static double edge(double bin) {
    return Math.pow(10, bin / BINS_PER_DECADE);
  }
}
