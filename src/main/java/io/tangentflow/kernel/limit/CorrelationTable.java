package io.tangentflow.kernel.limit;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;

/**
 * NNGP and NTK of inputs of given norms as functions of their correlation ρ = x·x̄/(‖x‖‖x̄‖), as
 * Chebyshev series
 *
 * <pre>
 *   k(ξ) = Σ_j k_j T_j((2ξ − low − high)/(high − low)),     low ≤ ξ ≤ high,
 * </pre>
 *
 * in ξ = ρ for smooth activations, mostly one panel; in ξ = arccos ρ where φ has a kink, so that
 * the kernel is singular at ρ = ±1, on panels that narrow towards the singularities. Each panel
 * doubles its degree until the series of half the degree predicts the new values; where that fails
 * it is halved. The error stated is the largest miss of that prediction plus that of the values.
 */
public final class CorrelationTable {

  /** What the panels divide. */
  public enum Coordinate {
    /** ξ = ρ, from −1 to 1. */
    CORRELATION,
    /** ξ = arccos ρ, from 0 to π. */
    ANGLE
  }

  /**
   * One series.
   *
   * @param low least ξ
   * @param high greatest ξ
   * @param nngp Chebyshev coefficients, lowest degree first
   * @param ntk Chebyshev coefficients, lowest degree first
   * @param nngpError estimate of the largest absolute error
   * @param ntkError estimate of the largest absolute error
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Panel(
      double low, double high, double[] nngp, double[] ntk, double nngpError, double ntkError) {}

  private static final double TOLERANCE = 2e-14;
  private static final int LEAST_DEGREE = 16;

  private final Coordinate coordinate;
  private final int mostDegree;
  private final double leastWidth;
  private final List<Panel> panels = new ArrayList<>();

  private CorrelationTable(Coordinate coordinate, int mostDegree, double leastWidth) {
    this.coordinate = coordinate;
    this.mostDegree = mostDegree;
    this.leastWidth = leastWidth;
  }

  /** For a kernel that is smooth on [−1, 1]. */
  static CorrelationTable ofSmooth(DoubleFunction<LimitValue> kernel) {
    CorrelationTable table = new CorrelationTable(Coordinate.CORRELATION, 256, 0.01);
    table.cover(-1, 1, kernel);
    return table;
  }

  /** For a kernel that is singular at ρ = ±1. */
  static CorrelationTable ofKinked(DoubleFunction<LimitValue> kernel) {
    CorrelationTable table = new CorrelationTable(Coordinate.ANGLE, 32, 1e-3);
    table.cover(0, Math.PI, theta -> kernel.apply(Math.cos(theta)));
    return table;
  }

  /** The kernels at correlation ρ in [−1, 1]. */
  public LimitValue at(double rho) {
    double xi = coordinate == Coordinate.CORRELATION ? rho : Math.acos(rho);
    int index = 0;
    while (index < panels.size() - 1 && xi > panels.get(index).high()) {
      index++;
    }
    Panel panel = panels.get(index);
    double x = (2 * xi - panel.low() - panel.high()) / (panel.high() - panel.low());
    return new LimitValue(
        clenshaw(panel.nngp(), x), clenshaw(panel.ntk(), x), panel.nngpError(), panel.ntkError());
  }

  public Coordinate coordinate() {
    return coordinate;
  }

  /** The series, by ascending ξ. */
  public List<Panel> panels() {
    return List.copyOf(panels);
  }

  private void cover(double low, double high, DoubleFunction<LimitValue> kernel) {
    LimitValue[] values = {kernel.apply(high), kernel.apply(low)};
    while (true) {
      Panel coarse = fit(low, high, values);
      values = refine(low, high, values, kernel);
      Panel panel = fit(low, high, values);
      int degree = values.length - 1;
      double scaleNngp = 0;
      double scaleNtk = 0;
      double missNngp = 0;
      double missNtk = 0;
      for (int j = 0; j <= degree; j++) {
        double x = node(j, degree);
        scaleNngp = Math.max(scaleNngp, Math.abs(values[j].nngp()));
        scaleNtk = Math.max(scaleNtk, Math.abs(values[j].ntk()));
        missNngp = Math.max(missNngp, Math.abs(clenshaw(coarse.nngp(), x) - values[j].nngp()));
        missNtk = Math.max(missNtk, Math.abs(clenshaw(coarse.ntk(), x) - values[j].ntk()));
      }
      boolean predicted =
          degree >= LEAST_DEGREE
              && missNngp <= TOLERANCE * scaleNngp + panel.nngpError()
              && missNtk <= TOLERANCE * scaleNtk + panel.ntkError();
      if (predicted || (degree >= mostDegree && high - low <= 2 * leastWidth)) {
        panels.add(
            new Panel(
                low,
                high,
                panel.nngp(),
                panel.ntk(),
                panel.nngpError() + missNngp,
                panel.ntkError() + missNtk));
        return;
      }
      if (degree >= mostDegree) {
        double middle = 0.5 * (low + high);
        cover(low, middle, kernel);
        cover(middle, high, kernel);
        return;
      }
    }
  }

  /** The kernel at the nodes of twice the degree, every second of which is known. */
  private static LimitValue[] refine(
      double low, double high, LimitValue[] known, DoubleFunction<LimitValue> kernel) {
    int degree = 2 * (known.length - 1);
    LimitValue[] values = new LimitValue[degree + 1];
    IntStream.rangeClosed(0, degree)
        .parallel()
        .forEach(
            j -> {
              double x = node(j, degree);
              values[j] =
                  j % 2 == 0 ? known[j / 2] : kernel.apply(0.5 * (low * (1 - x) + high * (1 + x)));
            });
    return values;
  }

  private static double node(int j, int degree) {
    return Math.sin(Math.PI * (degree - 2 * j) / (2.0 * degree));
  }

  /** The interpolant, with the largest error of its values. */
  private static Panel fit(double low, double high, LimitValue[] values) {
    int degree = values.length - 1;
    double[] nngp = new double[degree + 1];
    double[] ntk = new double[degree + 1];
    double nngpError = 0;
    double ntkError = 0;
    for (int j = 0; j <= degree; j++) {
      double weight = (j == 0 || j == degree ? 1.0 : 2.0) / degree;
      for (int k = 0; k <= degree; k++) {
        // cos(πjk/degree), by an exact reduction of jk
        double cosine = Math.cos(Math.PI * (j * k % (2 * degree)) / degree);
        double w = weight * (k == 0 || k == degree ? 0.5 : 1.0) * cosine;
        nngp[k] += w * values[j].nngp();
        ntk[k] += w * values[j].ntk();
      }
      nngpError = Math.max(nngpError, values[j].nngpError());
      ntkError = Math.max(ntkError, values[j].ntkError());
    }
    return new Panel(low, high, nngp, ntk, nngpError, ntkError);
  }

  private static double clenshaw(double[] coefficients, double x) {
    double b1 = 0;
    double b2 = 0;
    for (int k = coefficients.length - 1; k > 0; k--) {
      double b = coefficients[k] + 2 * x * b1 - b2;
      b2 = b1;
      b1 = b;
    }
    return coefficients[0] + x * b1 - b2;
  }
}
