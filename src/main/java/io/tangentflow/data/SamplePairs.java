package io.tangentflow.data;

import io.tangentflow.model.DenseMatrix;
import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How the samples of a data set lie to each other. Directions are compared by ‖x/‖x‖ ∓ x̄/‖x̄‖‖, in
 * which nearly equal ones cancel nothing. Samples are numbered from 0.
 *
 * @param closest the pair of largest ρ = x·x̄/(‖x‖‖x̄‖); empty with fewer than two samples that are
 *     not zero
 * @param mostOpposite the pair of least ρ
 * @param duplicates samples that equal an earlier one, with the first that they equal
 * @param antipodes samples that equal the negative of an earlier one, with the first such
 * @param zeros samples of norm zero
 * @param leastNorm the least ‖x‖²/d
 * @param greatestNorm the greatest ‖x‖²/d
 */
public record SamplePairs(
    Optional<Pair> closest,
    Optional<Pair> mostOpposite,
    List<Match> duplicates,
    List<Match> antipodes,
    List<Integer> zeros,
    double leastNorm,
    double greatestNorm) {

  /**
   * Two samples.
   *
   * @param first i
   * @param second j &gt; i
   * @param rho their correlation
   * @param angle arccos ρ, accurate near 0 and near π
   * @param distance ‖x_i − x_j‖
   */
  public record Pair(int first, int second, double rho, double angle, double distance) {}

  /** Sample {@code second} is, but for its sign perhaps, sample {@code first}. */
  public record Match(int first, int second) {}

  /** Takes N²d operations on all processors. */
  public static SamplePairs of(DenseMatrix inputs) {
    Columns x = new Columns(inputs);
    List<Integer> zeros =
        IntStream.range(0, inputs.columns()).filter(i -> x.norms[i] == 0).boxed().toList();
    return new SamplePairs(
        x.nearest(1),
        x.nearest(-1),
        x.matches(1),
        x.matches(-1),
        zeros,
        square(Arrays.stream(x.norms).min().orElse(0)) / inputs.rows(),
        square(Arrays.stream(x.norms).max().orElse(0)) / inputs.rows());
  }

  /** The largest |ρ| of two samples; 0 if there are none. */
  public double greatestCorrelation() {
    double positive = closest.map(Pair::rho).orElse(0.0);
    double negative = mostOpposite.map(Pair::rho).orElse(0.0);
    return Math.max(Math.abs(positive), Math.abs(negative));
  }

  private static double square(double x) {
    return x * x;
  }

  /** ‖u ∓ ū‖² of two directions. */
  private record Gap(int first, int second, double squared) {}

  /** The samples with their norms ‖x‖. */
  private static final class Columns {
    private final DenseMatrix inputs;
    private final double[] norms;

    Columns(DenseMatrix inputs) {
      this.inputs = inputs;
      this.norms = IntStream.range(0, inputs.columns()).mapToDouble(this::norm).toArray();
    }

    private double norm(int i) {
      double norm = 0;
      for (int k = 0; k < inputs.rows(); k++) {
        norm = Math.hypot(norm, inputs.get(k, i));
      }
      return norm;
    }

    /** The pair of directions u, ū with the least ‖u − sign·ū‖. */
    Optional<Pair> nearest(int sign) {
      return IntStream.range(0, norms.length)
          .parallel()
          .mapToObj(j -> nearestBefore(j, sign))
          .flatMap(Optional::stream)
          .min(Comparator.comparingDouble(Gap::squared).thenComparingInt(Gap::second))
          .map(gap -> pair(gap.first(), gap.second()));
    }

    private Optional<Gap> nearestBefore(int j, int sign) {
      Gap nearest = null;
      for (int i = 0; i < j; i++) {
        if (norms[i] > 0 && norms[j] > 0) {
          double squared = gapSquared(i, j, sign);
          if (nearest == null || squared < nearest.squared()) {
            nearest = new Gap(i, j, squared);
          }
        }
      }
      return Optional.ofNullable(nearest);
    }

    private Pair pair(int i, int j) {
      double same = gapSquared(i, j, 1);
      double opposite = gapSquared(i, j, -1);
      double distance = 0;
      for (int k = 0; k < inputs.rows(); k++) {
        distance = Math.hypot(distance, inputs.get(k, i) - inputs.get(k, j));
      }
      return new Pair(
          i,
          j,
          same <= opposite ? 1 - same / 2 : opposite / 2 - 1,
          2 * Math.atan2(Math.sqrt(same), Math.sqrt(opposite)),
          distance);
    }

    private double gapSquared(int i, int j, int sign) {
      int d = inputs.rows();
      double[] x = inputs.values();
      double scaleI = 1 / norms[i];
      double scaleJ = sign / norms[j];
      double sum = 0;
      for (int k = 0; k < d; k++) {
        double gap = x[i * d + k] * scaleI - x[j * d + k] * scaleJ;
        sum += gap * gap;
      }
      return sum;
    }

    /** The samples that are sign times an earlier one; of zeros the negative is no other. */
    List<Match> matches(int sign) {
      Map<DoubleBuffer, Integer> seen = new HashMap<>();
      List<Match> matches = new ArrayList<>();
      for (int j = 0; j < norms.length; j++) {
        Integer first = seen.get(column(j, sign));
        if (first != null && (sign > 0 || norms[j] > 0)) {
          matches.add(new Match(first, j));
        }
        seen.putIfAbsent(column(j, 1), j);
      }
      return matches;
    }

    private DoubleBuffer column(int j, int sign) {
      double[] column = new double[inputs.rows()];
      for (int k = 0; k < column.length; k++) {
        column[k] = sign * inputs.get(k, j) + 0.0; // −0 becomes 0: they are equal, their bits not.
      }
      return DoubleBuffer.wrap(column);
    }
  }
}
