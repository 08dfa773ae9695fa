package io.tangentflow.kernel.dual;

import io.tangentflow.model.Activation;
import io.tangentflow.model.LeakyRelu;
import io.tangentflow.model.PlainActivation;
import io.tangentflow.model.PolynomialActivation;
import io.tangentflow.model.StandardActivation;

/**
 * The dual of an activation φ: for a centred Gaussian pair (u, v) with variances a, b and
 * covariance c,
 *
 * <pre>
 *   value(a, b, c) = E[φ(u)φ(v)],     derivative(a, b, c) = E[φ'(u)φ'(v)] = ∂/∂c value(a, b, c).
 * </pre>
 *
 * The second equality is Price's theorem. A covariance beyond √(ab) by no more than 1e-10·√(ab) is
 * taken as rounding and moved to the bound; beyond that, or for a negative variance, methods throw
 * {@link IllegalArgumentException}. If a = 0 then u = 0 and φ'(u) is {@link Activation#derivative}
 * at 0. Where a dual is beyond the numbers of fp64 it is infinite or not a number, never a wrong
 * number. Implementations are immutable and safe for use by many threads.
 */
public interface DualActivation {

  /** How a dual is computed. */
  enum Method {
    /** A formula; errors are a few rounding errors. */
    CLOSED_FORM("closed form"),
    /** A Hermite series with a truncation bound. */
    HERMITE_SERIES("Hermite series"),
    /** A sum of closed forms, exact up to rounding. */
    MIXTURE("mixture of closed forms"),
    /** Gauss–Hermite quadrature with an error estimate. */
    QUADRATURE("Gauss–Hermite quadrature");

    private final String label;

    Method(String label) {
      this.label = label;
    }

    /** As people read it. */
    public String label() {
      return label;
    }
  }

  /**
   * The closed form where there is one, a mixture of such at large variances, else the Hermite
   * series.
   */
  static DualActivation of(Activation phi) {
    if (phi instanceof StandardActivation standard) {
      return of(standard);
    }
    if (phi instanceof PlainActivation plain) {
      return of(plain);
    }
    if (phi instanceof LeakyRelu leaky) {
      return leaky.smooth() ? new PolynomialDual(0, 1) : new PiecewiseLinearDual(1, leaky.slope());
    }
    if (phi instanceof PolynomialActivation polynomial) {
      return new PolynomialDual(
          polynomial.coefficients().stream().mapToDouble(Double::doubleValue).toArray());
    }
    return new HermiteDual(phi);
  }

  private static DualActivation of(StandardActivation phi) {
    return switch (phi) {
      case RELU -> new PiecewiseLinearDual(1, 0);
      case GELU -> new SmoothedKinkDual(Kink.GATE, SmoothingLaw.point(1));
      case ERF -> new SmoothedKinkDual(Kink.SIGN, SmoothingLaw.point(0.5));
      case SINE -> new SineDual();
      case QUADRATIC -> new PolynomialDual(0, 0, 1);
      case IDENTITY -> new PolynomialDual(0, 1);
      case SOFTPLUS -> new LogisticDual(phi, Kink.RAMP, 1);
      case TANH -> new LogisticDual(phi, Kink.SIGN, 2);
      case SILU -> new LogisticDual(phi, Kink.GATE, 1);
    };
  }

  private static DualActivation of(PlainActivation phi) {
    return switch (phi) {
      case ABS -> new PiecewiseLinearDual(1, -1);
      case COSINE -> new CosineDual();
      case GAUSSIAN -> new GaussianDual();
      case EXPONENTIAL -> new ExponentialDual();
      case SIGMOID -> new LogisticDual(phi, Kink.STEP, 1);
    };
  }

  /** How the dual of two variables like this one is computed. */
  Method method(Marginal u);

  /** Whether both duals stay smooth in c up to c = ±√(ab). They do not where φ has a kink. */
  boolean smooth();

  /**
   * Whether it is known that φ(λx) = λφ(x) for λ &gt; 0, so that kernels scale with the norms of
   * their inputs.
   */
  boolean homogeneous();

  /** What is to be known of one variable of this variance, for reuse. */
  Marginal marginal(double variance);

  /** E[φ(u)φ(v)] for covariance c. */
  double value(Marginal u, Marginal v, double c);

  /** E[φ'(u)φ'(v)] for covariance c. */
  double derivative(Marginal u, Marginal v, double c);

  /**
   * A bound on the absolute error of {@link #value}, whatever the covariance; infinite where none
   * is known. It is about the correlation c/√(ab) as rounded: what rounding it moves, ε √(ab)
   * |∂/∂c|, is the caller's.
   */
  double valueError(Marginal u, Marginal v);

  /** The same of {@link #derivative}. */
  double derivativeError(Marginal u, Marginal v);

  /** E[φ(u)φ(v)] for variances a, b and covariance c. */
  default double value(double a, double b, double c) {
    return value(marginal(a), marginal(b), c);
  }

  /** E[φ'(u)φ'(v)] for variances a, b and covariance c. */
  default double derivative(double a, double b, double c) {
    return derivative(marginal(a), marginal(b), c);
  }
}
