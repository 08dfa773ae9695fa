package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Point;
import io.tangentflow.report.Series;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.regression.SimpleRegression;

/**
 * y = C x^slope by least squares on logarithms, log y = log C + slope log x, with Student's 95 %
 * confidence interval of the slope.
 */
public final class PowerLaw {

  /** Of every interval. */
  public static final double CONFIDENCE = 0.95;

  private static final int CURVE_POINTS = 60;

  private final SimpleRegression regression;
  private final double meanLogX;
  private final double quantile;

  private PowerLaw(SimpleRegression regression, double meanLogX) {
    this.regression = regression;
    this.meanLogX = meanLogX;
    quantile =
        new TDistribution(regression.getN() - 2.0)
            .inverseCumulativeProbability(0.5 + CONFIDENCE / 2);
  }

  /** The fit through points of positive x and y; empty if they are fewer than 3, or of one x. */
  public static Optional<PowerLaw> through(List<Point> points) {
    SimpleRegression regression = new SimpleRegression();
    double sum = 0;
    for (Point p : points) {
      regression.addData(Math.log(p.x()), Math.log(p.y()));
      sum += Math.log(p.x());
    }
    return points.size() < 3 || regression.getXSumSquares() == 0
        ? Optional.empty()
        : Optional.of(new PowerLaw(regression, sum / points.size()));
  }

  /** The exponent. */
  public double slope() {
    return regression.getSlope();
  }

  /** Half the confidence interval of the slope. */
  double halfWidth() {
    return quantile * regression.getSlopeStdErr();
  }

  /** The lower end of the confidence interval of the slope. */
  public double low() {
    return slope() - halfWidth();
  }

  /** The upper end. */
  public double high() {
    return slope() + halfWidth();
  }

  /** As a clause: it goes like a power of that variable, with the interval. */
  String words(String variable) {
    return String.format(
        "goes like %s^%s (95 %% interval %s … %s)",
        variable,
        Numbers.significant(slope(), 3),
        Numbers.significant(low(), 3),
        Numbers.significant(high(), 3));
  }

  /** For a legend: the power of that variable, with half the interval. */
  public String symbol(String variable) {
    return variable + "^" + Numbers.withError(slope(), halfWidth());
  }

  /** The slope with half its interval; a dash where there is none. */
  public static Cell cell(Optional<PowerLaw> fit) {
    return fit.map(law -> Cell.measured(law.slope(), law.halfWidth())).orElse(Cell.of("–"));
  }

  /** Puts the slope, its interval and the number of points under that key, or null. */
  public static void put(ObjectNode node, String key, String points, Optional<PowerLaw> fit) {
    if (fit.isPresent()) {
      node.putObject(key)
          .put("slope", fit.get().slope())
          .put("low", fit.get().low())
          .put("high", fit.get().high())
          .put(points, fit.get().regression.getN());
    } else {
      node.putNull(key);
    }
  }

  /**
   * Points with their error bars, and the fit over their range with its band, where there is one.
   */
  public static Series fitted(
      String name, String variable, List<Point> points, Optional<PowerLaw> fit) {
    Series series = Series.points(name, points);
    double last = points.get(points.size() - 1).x();
    return fit.map(law -> series.fittedBy(law.symbol(variable), law.curve(points.get(0).x(), last)))
        .orElse(series);
  }

  /** The fitted line between two x, and the confidence band of its mean. */
  List<Point> curve(double from, double to) {
    double first = Math.log(from);
    double last = Math.log(to);
    List<Point> curve = new ArrayList<>();
    for (int i = 0; i <= CURVE_POINTS; i++) {
      double x = first + (last - first) * i / CURVE_POINTS;
      double half =
          quantile
              * Math.sqrt(
                  regression.getMeanSquareError()
                      * (1.0 / regression.getN()
                          + (x - meanLogX) * (x - meanLogX) / regression.getXSumSquares()));
      double y = regression.predict(x);
      curve.add(new Point(Math.exp(x), Math.exp(y), Math.exp(y - half), Math.exp(y + half)));
    }
    return curve;
  }
}
