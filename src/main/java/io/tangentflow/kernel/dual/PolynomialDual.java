package io.tangentflow.kernel.dual;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * The dual of a polynomial φ(x) = Σ_j p_j x^j of degree p, exactly, in p + 1 terms:
 *
 * <pre>
 *   E[φ(u)φ(v)] = Σ_k β_k(a) β_k(b) c^k,     β_k(a) = Σ_i p_(k+2i) a^i (k+2i)! / (2^i i! √k!),
 * </pre>
 *
 * where β_k(a)·√a^k are the Hermite coefficients of z ↦ φ(√a z).
 */
public final class PolynomialDual extends ClosedFormDual {

  private final double[] phi;
  private final double[] derivative;

  /** The polynomial with these coefficients p_0 … p_p, lowest power first. Not modified. */
  public PolynomialDual(double... coefficients) {
    phi = coefficients.clone();
    derivative = new double[Math.max(0, phi.length - 1)];
    for (int j = 1; j < phi.length; j++) {
      derivative[j - 1] = j * phi[j];
    }
  }

  /** The greatest power of x in φ; 0 where φ = 0. */
  public int degree() {
    int degree = phi.length - 1;
    while (degree > 0 && phi[degree] == 0) {
      degree--;
    }
    return Math.max(0, degree);
  }

  /** The least power of x in φ; 0 where φ = 0. */
  public int leastPower() {
    int power = 0;
    while (power < degree() && phi[power] == 0) {
      power++;
    }
    return power;
  }

  @Override
  public boolean homogeneous() {
    for (int j = 0; j < phi.length; j++) {
      if (j != 1 && phi[j] != 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public Marginal marginal(double variance) {
    return new Coefficients(
        variance,
        Normal.deviationOf(variance),
        beta(phi, variance),
        beta(derivative, variance),
        beta(absolute(phi), variance),
        beta(absolute(derivative), variance));
  }

  private static double[] absolute(double[] p) {
    return DoubleStream.of(p).map(Math::abs).toArray();
  }

  @Override
  public double value(Marginal u, Marginal v, double c) {
    return series(((Coefficients) u).value, ((Coefficients) v).value, Covariance.clamped(u, v, c));
  }

  @Override
  public double derivative(Marginal u, Marginal v, double c) {
    return series(
        ((Coefficients) u).derivative, ((Coefficients) v).derivative, Covariance.clamped(u, v, c));
  }

  /** Coefficients of both signs cancel, so rounding is relative to the sums of their sizes. */
  @Override
  public double valueError(Marginal u, Marginal v) {
    return error(((Coefficients) u).valueSizes, ((Coefficients) v).valueSizes, u, v);
  }

  @Override
  public double derivativeError(Marginal u, Marginal v) {
    return error(((Coefficients) u).derivativeSizes, ((Coefficients) v).derivativeSizes, u, v);
  }

  /** Each β_k is a sum of some p/2 terms of six rounding errors a step, and so is the series. */
  private double error(double[] sizesU, double[] sizesV, Marginal u, Marginal v) {
    double error = ROUNDING * phi.length * series(sizesU, sizesV, u.deviation() * v.deviation());
    return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error; // ∞·0: beyond fp64
  }

  private static double series(double[] betaU, double[] betaV, double c) {
    double sum = 0;
    for (int k = betaU.length - 1; k >= 0; k--) {
      sum = sum * c + betaU[k] * betaV[k];
    }
    return sum;
  }

  private static double[] beta(double[] p, double a) {
    double[] beta = new double[p.length];
    double rootOfFactorial = 1;
    for (int k = 0; k < p.length; k++) {
      rootOfFactorial *= Math.sqrt(Math.max(1, k));
      // (k+2i)! / (2^i i! √k!), starting from √k!
      double factor = rootOfFactorial;
      for (int i = 0; k + 2 * i < p.length; i++) {
        beta[k] += p[k + 2 * i] * factor;
        factor *= a * (k + 2 * i + 1) * (k + 2 * i + 2) / (2.0 * (i + 1));
      }
    }
    return beta;
  }

  @Override
  public String toString() {
    return "dual of the polynomial " + Arrays.toString(phi);
  }

  @SuppressWarnings("ArrayRecordComponent") // private, never compared
  private record Coefficients(
      double variance,
      double deviation,
      double[] value,
      double[] derivative,
      double[] valueSizes,
      double[] derivativeSizes)
      implements Marginal {}
}
