package io.tangentflow.kernel.dual;

import io.tangentflow.model.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The dual of any activation by Mehler's expansion: with α_k(τ) the coefficients of z ↦ φ(τz) in
 * the Hermite polynomials he_k, orthonormal under the standard normal density,
 *
 * <pre>
 *   E[φ(u)φ(v)] = Σ_k α_k(√a) α_k(√b) ρ^k,     ρ = c/√(ab),
 *   |Σ_(k>K) …| ≤ √(E[φ(u)²] − Σ_(k≤K) α_k(√a)²) √(E[φ(v)²] − Σ_(k≤K) α_k(√b)²) |ρ|^(K+1),
 * </pre>
 *
 * and likewise for φ'. The bound is Cauchy–Schwarz with Parseval's equality. The coefficients of a
 * φ with poles at ±iw fall like exp(−w√k/τ): Softplus (w = π) needs some 30 terms for variance 1
 * and 300 for variance 10, tanh (w = π/2) four times as many. The series ends at {@value
 * #MOST_TERMS} terms; where that is too few the error bound says so. Errors relative to
 * √(E[φ(u)²]E[φ(v)²]) are about 1e-15 for variances in [0, 10]; the bound is some 1e-14 for
 * variances of one size and wider where they differ, as the rest of the shorter series is known
 * only to √ε: 1e-10 for variances 10 and 0.1 of Softplus, 1e-8 of tanh; {@link #marginals} avoids
 * that. A {@link Marginal} is the table of coefficients of one variance, so a pair costs one sum
 * over k.
 *
 * <p>The coefficients of a φ with a kink at 0 fall like k^(−5/4), those of φ' like k^(−3/4). All
 * {@value #MOST_TERMS} are computed, by quadrature on either side of 0, and exactly but for
 * rounding; the bounds, which hold at |ρ| = 1, are 2e-6 and 1e-2 of √(E[φ²]E[φ²]), and at |ρ| ≤
 * 0.98 the series itself is exact to rounding.
 *
 * <p>Where E[φ²] or a part of it that counts is beyond fp64, as that of eˣ for variances above 60,
 * values are infinite or not a number and bounds are infinite.
 */
public final class HermiteDual implements DualActivation {

  private static final int FEWEST_TERMS = 32;
  private static final int MOST_TERMS = 2048;

  private final Activation phi;
  private final boolean homogeneous;

  /** The dual of φ. */
  public HermiteDual(Activation phi) {
    this.phi = phi;
    homogeneous = Homogeneity.of(phi);
  }

  @Override
  public Method method(Marginal u) {
    return Method.HERMITE_SERIES;
  }

  @Override
  public boolean smooth() {
    return phi.smooth();
  }

  @Override
  public boolean homogeneous() {
    return homogeneous;
  }

  /** The tables of α_k for φ and φ'. */
  @Override
  public Marginal marginal(double variance) {
    int terms = phi.smooth() ? FEWEST_TERMS : MOST_TERMS;
    while (true) {
      Table table = table(variance, terms);
      if (table.complete() || !table.known() || terms == MOST_TERMS) {
        return table;
      }
      terms *= 2;
    }
  }

  /**
   * The marginals of those variances with tables of one length, the longest that any of them needs:
   * a pair of two loses nothing to the end of the shorter one.
   */
  public List<Marginal> marginals(double[] variances) {
    int terms = FEWEST_TERMS;
    for (double variance : variances) {
      terms = Math.max(terms, ((Table) marginal(variance)).value.coefficients().length);
    }
    List<Marginal> tables = new ArrayList<>();
    for (double variance : variances) {
      tables.add(table(variance, terms));
    }
    return tables;
  }

  /** By tables of one length. */
  @Override
  public double value(double a, double b, double c) {
    List<Marginal> tables = marginals(new double[] {a, b});
    return value(tables.get(0), tables.get(1), c);
  }

  /** By tables of one length. */
  @Override
  public double derivative(double a, double b, double c) {
    List<Marginal> tables = marginals(new double[] {a, b});
    return derivative(tables.get(0), tables.get(1), c);
  }

  private Table table(double variance, int terms) {
    double tau = Normal.deviationOf(variance);
    HalfLine line = HalfLine.of(phi);
    return new Table(
        variance,
        tau,
        HermiteSeries.of(phi::value, tau, terms, line),
        HermiteSeries.of(phi::derivative, tau, terms, line));
  }

  @Override
  public double value(Marginal u, Marginal v, double c) {
    return ((Table) u).value.dot(((Table) v).value, Covariance.correlation(u, v, c));
  }

  @Override
  public double derivative(Marginal u, Marginal v, double c) {
    return ((Table) u).derivative.dot(((Table) v).derivative, Covariance.correlation(u, v, c));
  }

  @Override
  public double valueError(Marginal u, Marginal v) {
    return ((Table) u).value.error(((Table) v).value);
  }

  @Override
  public double derivativeError(Marginal u, Marginal v) {
    return ((Table) u).derivative.error(((Table) v).derivative);
  }

  /** How many terms the series of a pair of such variables has; empty if it is no series. */
  public static OptionalInt terms(Marginal u) {
    return u instanceof Table table
        ? OptionalInt.of(table.value.coefficients().length)
        : OptionalInt.empty();
  }

  /** α_k(τ) of φ, lowest degree first, for the deviation τ of a marginal of this dual. */
  public double[] valueCoefficients(Marginal u) {
    return ((Table) u).value.coefficients().clone();
  }

  /** α_k(τ) of φ', lowest degree first, for the deviation τ of a marginal of this dual. */
  public double[] derivativeCoefficients(Marginal u) {
    return ((Table) u).derivative.coefficients().clone();
  }

  /** The coefficients of φ and of φ' for one variance. */
  record Table(double variance, double deviation, HermiteSeries value, HermiteSeries derivative)
      implements Marginal {

    boolean complete() {
      return value.complete() && derivative.complete();
    }

    boolean known() {
      return value.known() && derivative.known();
    }
  }
}
