package io.tangentflow.cli;

import java.util.List;

/** A row of small bars for a terminal. */
final class Sparkline {

  private static final String BARS = "▁▂▃▄▅▆▇█";

  private Sparkline() {}

  /**
   * The values from first to last, the mean of neighbours where there are more than columns; by
   * their logarithms where all are positive and span more than a factor of ten.
   *
   * @param values finite
   */
  static String of(List<Double> values, int columns) {
    if (values.isEmpty()) {
      return "";
    }
    int width = Math.min(columns, values.size());
    double least = values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    double greatest = values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    boolean logarithms = least > 0 && greatest > 10 * least;
    double low = logarithms ? Math.log(least) : least;
    double high = logarithms ? Math.log(greatest) : greatest;
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < width; column++) {
      int from = (int) ((long) column * values.size() / width);
      int to = (int) ((long) (column + 1) * values.size() / width);
      double mean =
          values.subList(from, to).stream()
              .mapToDouble(v -> logarithms ? Math.log(v) : v)
              .average()
              .orElseThrow();
      double share = high > low ? (mean - low) / (high - low) : 0.5;
      line.append(BARS.charAt((int) Math.min(BARS.length() - 1, share * BARS.length())));
    }
    return line.toString();
  }
}
