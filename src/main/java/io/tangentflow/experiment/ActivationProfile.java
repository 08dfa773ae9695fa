package io.tangentflow.experiment;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tangentflow.kernel.dual.CoefficientDecay;
import io.tangentflow.kernel.dual.DualActivation;
import io.tangentflow.kernel.dual.HermiteDual;
import io.tangentflow.kernel.dual.HermiteExpansion;
import io.tangentflow.kernel.dual.Marginal;
import io.tangentflow.kernel.dual.Parity;
import io.tangentflow.model.Activation;
import io.tangentflow.report.Axis;
import io.tangentflow.report.Cell;
import io.tangentflow.report.Numbers;
import io.tangentflow.report.Plot;
import io.tangentflow.report.Point;
import io.tangentflow.report.Series;
import io.tangentflow.report.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * An activation at one variance τ² of its argument: moments, Lipschitz constants, Hermite
 * coefficients of z ↦ φ(τz) and how they fall, and what the theory of {@link ActivationTheory}
 * makes of it.
 */
public final class ActivationProfile {

  /** Of one parity on a plot; more are thinned out. */
  private static final int MOST_MARKERS = 40;

  private final Activation phi;
  private final double variance;
  private final HermiteExpansion expansion;
  private final double[] alpha;
  private final DualActivation dual;
  private final ActivationTheory theory;

  /**
   * @throws io.tangentflow.TangentFlowException.InvalidConfiguration unless the variance is
   *     positive and E[φ²], E[φ'²] are in fp64
   */
  public ActivationProfile(Activation phi, double variance) {
    this.phi = phi;
    this.variance = variance;
    expansion = HermiteExpansion.of(phi, variance);
    alpha = expansion.coefficients();
    dual = DualActivation.of(phi);
    theory = new ActivationTheory(phi, expansion);
  }

  /** Moments and constants. */
  public Table properties() {
    Marginal u = dual.marginal(variance);
    return Table.of(
            phi.label() + " of a normal variable of variance " + Numbers.shortest(variance) + ":",
            Table.Column.left("quantity"),
            Table.Column.left("value"))
        .row(Cell.of("E[φ]"), moment(expansion.mean(), expansion.error(0)))
        .row(Cell.of("E[φ²]"), moment(expansion.meanSquare(), expansion.meanSquareError()))
        .row(
            Cell.of("E[φ'²]"),
            moment(expansion.derivativeMeanSquare(), expansion.derivativeMeanSquareError()))
        .row(Cell.of("Lipschitz constant of φ"), constant(phi.lipschitz()))
        .row(Cell.of("Lipschitz constant of φ'"), constant(phi.derivativeLipschitz()))
        .row(Cell.of("polynomial"), Cell.of(phi.polynomial() ? "yes" : "no"))
        .row(Cell.of("smooth"), Cell.of(phi.smooth() ? "yes" : "no: a kink at 0"))
        .row(Cell.of("symmetry, by its coefficients"), Cell.of(theory.symmetry().toString()))
        .row(Cell.of("dual computed by"), Cell.of(method(u)))
        .row(Cell.of("  bound on the error of E[φφ]"), Cell.of(dual.valueError(u, u), 2))
        .row(Cell.of("  bound on the error of E[φ'φ']"), Cell.of(dual.derivativeError(u, u), 2))
        .row(Cell.of("decay of its coefficients, fitted"), Cell.of(decayInWords()));
  }

  /** To twelve digits where they are known. */
  private static Cell moment(double value, double error) {
    if (Math.abs(value) <= error) {
      return Cell.of("0 within " + Numbers.significant(error, 2));
    }
    return Cell.of(
        error <= 1e-12 * Math.abs(value)
            ? Numbers.significant(value, 12)
            : Numbers.withError(value, error));
  }

  private static Cell constant(OptionalDouble bound) {
    return Cell.of(bound.isPresent() ? Numbers.significant(bound.getAsDouble(), 12) : "none");
  }

  private String method(Marginal u) {
    String label = dual.method(u).label();
    OptionalInt terms = HermiteDual.terms(u);
    return terms.isPresent() ? label + " of " + terms.getAsInt() + " terms" : label;
  }

  private String decayInWords() {
    if (phi.polynomial()) {
      return "none beyond the degree, " + expansion.last();
    }
    List<String> words = new ArrayList<>();
    for (Parity parity : Parity.values()) {
      decay(parity)
          .ifPresent(
              fit ->
                  words.add(
                      String.format(
                          "%s k: %s, %s = %s, for k = %d … %d",
                          name(parity),
                          fit.law().formula(),
                          fit.law().parameter(),
                          Numbers.significant(fit.rate(), 3),
                          fit.from(),
                          fit.to())));
    }
    return words.isEmpty() ? "too few coefficients above rounding" : String.join("; ", words);
  }

  private static String name(Parity parity) {
    return parity.name().toLowerCase(Locale.ROOT);
  }

  private Optional<CoefficientDecay> decay(Parity parity) {
    return phi.polynomial() ? Optional.empty() : CoefficientDecay.of(expansion, parity);
  }

  /**
   * The first coefficients.
   *
   * @param rows how many; all if there are fewer
   */
  public Table coefficients(int rows) {
    int shown = Math.min(rows, alpha.length);
    Table table =
        Table.of(
            String.format(
                "Hermite coefficients α_k of z ↦ φ(τz), τ² = %s, %d of %d computed; the last above"
                    + " rounding is α_%d, and √Σ α_k² of those not computed is at most %s:",
                Numbers.shortest(variance),
                shown,
                alpha.length,
                expansion.last(),
                Numbers.significant(expansion.remainder(), 2)),
            Table.Column.right("k"),
            Table.Column.right("α_k"),
            Table.Column.right("bound on its error"));
    for (int k = 0; k < shown; k++) {
      Cell value = expansion.significant(k) ? Cell.of(alpha[k], 12) : Cell.of("0 within its error");
      table = table.row(Cell.of(k), value, Cell.of(expansion.error(k), 2));
    }
    return table;
  }

  /** What the theory says, a sentence each. */
  public List<String> findings() {
    return theory.findings();
  }

  /** All of it, all coefficients included. */
  public ObjectNode json() {
    Marginal u = dual.marginal(variance);
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("activation", phi.label())
        .put("variance", variance)
        .put("mean", expansion.mean())
        .put("meanError", expansion.error(0))
        .put("meanSquare", expansion.meanSquare())
        .put("meanSquareError", expansion.meanSquareError())
        .put("derivativeMeanSquare", expansion.derivativeMeanSquare())
        .put("derivativeMeanSquareError", expansion.derivativeMeanSquareError())
        .put("polynomial", phi.polynomial())
        .put("smooth", phi.smooth())
        .put("symmetry", theory.symmetry().toString());
    put(node, "lipschitz", phi.lipschitz());
    put(node, "derivativeLipschitz", phi.derivativeLipschitz());
    ObjectNode dualNode = node.putObject("dual");
    dualNode.put("method", dual.method(u).label());
    HermiteDual.terms(u).ifPresent(terms -> dualNode.put("terms", terms));
    dualNode
        .put("valueError", dual.valueError(u, u))
        .put("derivativeError", dual.derivativeError(u, u));
    ObjectNode hermite = node.putObject("hermite");
    ArrayNode coefficients = hermite.putArray("coefficients");
    ArrayNode errors = hermite.putArray("errors");
    for (int k = 0; k < alpha.length; k++) {
      coefficients.add(alpha[k]);
      errors.add(expansion.error(k));
    }
    hermite.put("last", expansion.last()).put("remainder", expansion.remainder());
    for (Parity parity : Parity.values()) {
      ObjectNode side = hermite.putObject(name(parity));
      side.put("aboveRounding", expansion.significant(parity).length)
          .put("extent", theory.extent(parity).name().toLowerCase(Locale.ROOT));
      decay(parity)
          .ifPresent(
              fit ->
                  side.putObject("decay")
                      .put("law", fit.law().formula())
                      .put(fit.law().parameter(), fit.rate())
                      .put("from", fit.from())
                      .put("to", fit.to())
                      .put("rootMeanSquareOfLogarithm", fit.miss()));
    }
    theory.write(node.putObject("theory"));
    return node;
  }

  private static void put(ObjectNode node, String name, OptionalDouble bound) {
    if (bound.isPresent()) {
      node.put(name, bound.getAsDouble());
    } else {
      node.putNull(name);
    }
  }

  /** |α_k| against k, even and odd, with the fitted laws; logarithmic in k for a power law. */
  public Plot plot() {
    boolean power =
        List.of(Parity.values()).stream()
            .flatMap(parity -> decay(parity).stream())
            .anyMatch(fit -> fit.law() == CoefficientDecay.Law.POWER);
    Plot plot =
        Plot.of(
                "Hermite coefficients of "
                    + phi.label()
                    + ", variance "
                    + Numbers.shortest(variance),
                power ? Axis.log("degree k, from 1 on") : Axis.linear("degree k"),
                Axis.log("|α_k|"))
            .subtitle(
                "those above rounding, "
                    + Numbers.significant(expansion.error(0), 1)
                    + "; thinned out where they are many");
    for (Parity parity : Parity.values()) {
      int[] seen = expansion.significant(parity);
      List<Point> points = power ? evenInLogarithm(seen) : even(seen);
      if (!points.isEmpty()) {
        Series series = Series.points(name(parity) + " k", points);
        plot = plot.with(decay(parity).map(fit -> fitted(series, fit)).orElse(series));
      }
    }
    return plot;
  }

  private List<Point> even(int[] seen) {
    int stride = (seen.length + MOST_MARKERS - 1) / MOST_MARKERS;
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < seen.length; i += stride) {
      points.add(point(seen[i]));
    }
    return points;
  }

  /** Without k = 0, which has no place on the axis. */
  private List<Point> evenInLogarithm(int[] seen) {
    double ratio = Math.pow(expansion.last(), 1.0 / MOST_MARKERS);
    List<Point> points = new ArrayList<>();
    double next = 1;
    for (int k : seen) {
      if (k >= next) {
        points.add(point(k));
        next = k * ratio;
      }
    }
    return points;
  }

  private Point point(int k) {
    return new Point(k, Math.abs(alpha[k]));
  }

  private static Series fitted(Series series, CoefficientDecay fit) {
    List<Point> curve = new ArrayList<>();
    for (int k = fit.from(); k <= fit.to(); k += Math.max(1, (fit.to() - fit.from()) / 50)) {
      curve.add(new Point(k, fit.at(k)));
    }
    return series.fittedBy(
        String.format(
            "%s, %s = %s",
            fit.law().formula(), fit.law().parameter(), Numbers.significant(fit.rate(), 3)),
        curve);
  }
}
